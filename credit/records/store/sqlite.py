"""How this project opens SQLite: durable, private to its owner, and fair between writers."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from credit.errors import RecordStoreUnavailable
from credit.records.sealing.private_file import sync_folder

# Our writers queue at the file lock, so this wait is only for foreign programs (a shell, a backup).
_BUSY_TIMEOUT_S = 5.0
_NETWORK_FILE_SYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "glusterfs", "lustre", "beegfs"}
    | {"fuse.sshfs", "fuse.s3fs", "fuse.glusterfs", "fuse.mount-s3", "fuse.gcsfuse"}
)
_MOUNTS = Path("/proc/self/mounts")
# All that opening or using a database file may raise: SQLAlchemy wraps most driver errors, not all.
STORE_ERRORS = (OSError, sqlite3.Error, SQLAlchemyError)
_BEGIN_MODE = "sqlite_begin_mode"
_CHUNK = 1024 * 1024
_held = threading.local()


def create_private_file(path: Path) -> None:
    """Create `path`, with mode 600, and its folder; SQLite gives its side files the same mode.

    A power cut leaves all their names.
    """
    made = [name for name in (path, *path.parents) if not name.exists()]
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    for name in made:
        sync_folder(name.parent)


def sqlite_engine(path: Path, *, read_only: bool = False) -> Engine:
    """Describe how to connect to an existing SQLite file; nothing is opened yet.

    Connections sync every commit, enforce foreign keys, and are never shared with a forked child.
    Errors do not quote parameters: these hold what the store protects.
    """
    uri = uri_of(path, "ro" if read_only else "rw")

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri,
            uri=True,
            timeout=_BUSY_TIMEOUT_S,
            isolation_level=None,  # the driver must not begin on its own: `_begin` says how
            check_same_thread=False,  # the pool hands a connection to one thread at a time
        )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        # In pages. At SQLite's default of 1000, every twentieth commit of a busy service carried the whole
        # log over to the file, most of its pages for the tenth time.
        connection.execute("PRAGMA wal_autocheckpoint = 4000")
        # Every writer: pages that split would leave copies of keys where no erasure reaches them.
        connection.execute("PRAGMA secure_delete = ON")
        return connection

    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        creator=connect,
        poolclass=QueuePool,
        hide_parameters=True,
    )
    event.listen(engine, "begin", _begin)
    event.listen(engine, "connect", _remember_process)
    event.listen(engine, "checkout", _refuse_inherited)
    return engine


def make_durable(engine: Engine) -> None:
    """Create the file if it is missing and switch it to write-ahead logging.

    In that mode readers never wait for a writer. The switch is kept in the file; it needs the file
    for itself, hence the lock.

    Raises
    ------
    RecordStoreUnavailable
        The file lies on a network, where locks and the shared memory of the log do not hold.
    """
    path = _database(engine)
    create_private_file(path)
    if (kind := file_system(path)) in _NETWORK_FILE_SYSTEMS:
        raise RecordStoreUnavailable(
            f"{path} lies on a network file system ({kind}), where SQLite cannot keep its promises; "
            "put CREDIT_HOME on a local disk, or use PostgreSQL (CREDIT_RECORDS_URL)."
        )
    with file_lock(path):
        raw = engine.raw_connection()
        try:
            (mode,) = raw.cursor().execute("PRAGMA journal_mode = WAL").fetchone()
        finally:
            raw.close()
    if mode != "wal":
        raise RecordStoreUnavailable(
            f"{path} cannot use a write-ahead log (SQLite says {mode}); put CREDIT_HOME on a local disk."
        )


def rewrite_log(path: Path) -> None:
    """Put the write-ahead log of `path` on disk, also what a failed sync has dropped.

    A writer that was killed, or whose syncs failed, leaves commits in the log that only the memory of
    the kernel holds; recovery takes them for lasting, and later commits depend on them. To sync is
    not enough: after a failed sync Linux takes the pages for written. So they are written once more.
    """
    log = Path(f"{path.absolute()}-wal")
    if not log.exists():
        return
    with file_lock(path):
        try:
            descriptor = os.open(log, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:  # the last connection was closed meanwhile
            return
        try:
            at = 0
            while content := os.pread(descriptor, _CHUNK, at):
                at += os.pwrite(descriptor, content, at)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def file_system(path: Path) -> str:
    """Name the type of the file system that holds `path`, as the kernel does; empty when unknown."""
    real = path.resolve()  # a link may lead to another file system
    deepest, found = -1, ""
    for line in _mounts():
        point, kind = line.split(" ")[1:3]
        folder = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), point))
        # Of two at one place the later one covers the earlier.
        if real.is_relative_to(folder) and len(folder.parts) >= deepest:
            deepest, found = len(folder.parts), kind
    return found


def _mounts() -> list[str]:
    if not _MOUNTS.exists():  # only Linux tells
        return []
    return _MOUNTS.read_text(errors="surrogateescape").splitlines()


@contextlib.contextmanager
def begin_immediate(engine: Engine) -> Iterator[Connection]:
    """Hold the one write transaction of this file: commits at the end, rolls back on an error.

    Blocks until other writers are done. Not re-entrant: a second one in the same thread raises
    `RuntimeError`, because it would wait for itself.
    """
    with engine.connect() as connection, write_on(connection):
        yield connection


@contextlib.contextmanager
def write_on(connection: Connection) -> Iterator[None]:
    """Hold the write transaction on an open connection, as `begin_immediate`."""
    connection.execution_options(**{_BEGIN_MODE: "IMMEDIATE"})
    with lock_of(connection), connection.begin():
        yield


def lock_of(connection: Connection) -> contextlib.AbstractContextManager[None]:
    """Hold the lock that every write transaction of this file holds, for a statement that is one itself."""
    return file_lock(_database(connection.engine))


def raw_cursor(connection: Connection) -> contextlib.closing[Any]:
    """Give a cursor of the driver that is closed when the block ends, also by an error.

    One that lives on, in the traceback of an error that somebody keeps, keeps its connection open beyond
    `close`; and that one's own last sync, when it fails later, takes with it what was written anew meanwhile.
    """
    return contextlib.closing(connection.connection.cursor())


@contextlib.contextmanager
def next_in_line(path: Path) -> Iterator[None]:
    """Be the one writer of this file that gets the lock of its transaction next.

    Whoever takes its batch only then takes all that gathered while it waited, and seals it while the one
    before still writes.
    """
    with file_lock(Path(f"{path}.next")):
        yield


def log_lock(path: Path) -> contextlib.AbstractContextManager[None]:
    """Hold what keeps others from carrying the log of `path` over; if both are held, behind its writers' lock.

    SQLite does not wait for somebody else who does it, whatever its busy timeout.
    """
    return file_lock(Path(f"{path}.carry"))


def uri_of(path: Path, mode: Literal["ro", "rw"]) -> str:
    """Name an existing file to SQLite; it is not made."""
    return f"file:{quote(str(path.absolute()))}?mode={mode}"


@contextlib.contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold ``<path>.lock`` alone among all threads and processes of this machine.

    SQLite's own wait polls with growing pauses (2.3 s between busy writers were seen); the kernel
    wakes the next waiter at once. `flock` rather than `lockf`: it also excludes threads of one
    process, and another descriptor that is closed does not release it.
    """
    lock_path = f"{path.absolute()}.lock"
    held: set[str] = _held.__dict__.setdefault("paths", set())
    if lock_path in held:
        raise RuntimeError(f"{lock_path} is already held by this thread")
    descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        held.add(lock_path)
        yield
    finally:
        held.discard(lock_path)
        os.close(descriptor)  # releases the lock, as the death of the process would


def _database(engine: Engine) -> Path:
    return Path(str(engine.url.database))


def _begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get(_BEGIN_MODE, "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


def _remember_process(_: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
    entry.info["process"] = os.getpid()


def _refuse_inherited(
    _: DBAPIConnection, entry: ConnectionPoolEntry, _proxy: PoolProxiedConnection
) -> None:
    # SQLite connections must not cross a fork; the pool opens a new one for the child instead.
    if entry.info["process"] != os.getpid():
        raise DisconnectionError("the connection belongs to the parent process")
