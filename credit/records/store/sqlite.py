"""How this project opens SQLite: durable, private to its owner, and fair between writers."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

# Our writers queue at the file lock, so this wait is only for foreign programs (a shell, a backup).
_BUSY_TIMEOUT_S = 5.0
# All that opening or using a database file may raise: SQLAlchemy wraps most driver errors, not all.
STORE_ERRORS = (OSError, sqlite3.Error, SQLAlchemyError)
_BEGIN_MODE = "sqlite_begin_mode"
_held = threading.local()


def create_private_file(path: Path) -> None:
    """Create `path`, with mode 600, and its folder; SQLite gives its side files the same mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def sqlite_engine(path: Path, *, read_only: bool = False) -> Engine:
    """Describe how to connect to an existing SQLite file; nothing is opened yet.

    Connections sync every commit, enforce foreign keys, and are never shared with a forked child.
    Errors do not quote parameters: these hold what the store protects.
    """
    mode = "ro" if read_only else "rw"
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}"

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


def use_wal(engine: Engine) -> None:
    """Switch the file to write-ahead logging, in which readers never wait for a writer.

    The switch is kept in the file. It needs the file for itself, hence the lock.
    """
    with file_lock(_database(engine)):
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA journal_mode = WAL").close()
        finally:
            raw.close()


@contextlib.contextmanager
def begin_immediate(engine: Engine) -> Iterator[Connection]:
    """Hold the one write transaction of this file: commits at the end, rolls back on an error.

    Blocks until other writers are done. Not re-entrant: a second one in the same thread raises
    `RuntimeError`, because it would wait for itself.
    """
    with file_lock(_database(engine)), engine.connect() as connection:
        immediate = connection.execution_options(**{_BEGIN_MODE: "IMMEDIATE"})
        with immediate.begin():
            yield immediate


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
