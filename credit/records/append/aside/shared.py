"""One child for all processes of this machine that write to the same file.

SQLite lets one writer in at a time, and throws away the pages it holds in memory whenever another one has
written. Two gateways with a child each therefore write less together than one does alone. So they share one:
whoever comes first starts it, it ends with the last of them. What it is asked for, the file and the keys, is in
the name of its socket, which only this user can reach; so is its code, for it outlives an update of the service.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import socket
import stat
import struct
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import credit.records
from credit.errors import RecordStoreUnavailable
from credit.records.append.aside.child_process import (
    ChildEnded,
    ChildProcess,
    ended,
    open_on,
    spawn,
)

_PAUSE_S = 0.01
# Of one that ends while another is about to start the next; each of the two takes milliseconds.
_PATIENCE_S = 30.0
# Of a process: its number, its user, its group (unix(7), SO_PEERCRED).
_CREDENTIALS = struct.Struct("3i")


def join(store: Path, key_path: Path) -> ChildProcess:
    """Connect to the child that writes to `store`, started if there is none, and wait until it can.

    Raises
    ------
    RecordStoreUnavailable, KeyUnavailable
        As the child says, or when none can be reached.
    """
    store, key_path = store.resolve(), key_path.resolve()
    try:
        return _join(_folder() / _name(store, key_path), store, key_path)
    except OSError as error:
        raise RecordStoreUnavailable(
            f"Nobody can listen in {tempfile.gettempdir()} ({error.strerror or error}), where the process that "
            "writes records is to be reached: set TMPDIR to another folder, with a short name."
        ) from error


def _join(address: Path, store: Path, key_path: Path) -> ChildProcess:
    until = time.monotonic() + _PATIENCE_S
    starts = 0
    while time.monotonic() < until:
        connection = _connected(address)
        if connection is None:
            if _started(address):
                starts += 1
            else:
                time.sleep(_PAUSE_S)  # somebody else starts it, or it is just ending
            continue
        try:
            return ChildProcess(connection, open_on(connection, store, key_path))
        except ChildEnded:
            connection.close()
            if starts > 1:  # the first may have ended with somebody who was heard before
                raise ended(store) from None
        except BaseException:
            connection.close()
            raise
    raise RecordStoreUnavailable(
        f"Nobody answers at {address}, though a process that writes records to {store} lives: its socket was "
        "removed, or it hangs. End that process, or the services that use this store; then start again."
    )


def _folder() -> Path:
    """Give the folder of the sockets, which belongs to this user alone.

    Raises
    ------
    RecordStoreUnavailable
        Somebody else has it.
    """
    folder = Path(tempfile.gettempdir()) / f"credit-writers-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    is_ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()
    if not is_ours or found.st_mode & 0o077:
        raise RecordStoreUnavailable(
            f"{folder} must be a folder that only this user can enter: remove it, or set TMPDIR to a folder of "
            "your own."
        )
    return folder


def _name(store: Path, key_path: Path) -> str:
    """Name a child by all that it is started for: who wants another one must not meet it."""
    wanted = (str(store), str(key_path), sys.executable, _code())
    return hashlib.sha256("\0".join(wanted).encode()).hexdigest()[:32]


@cache
def _code() -> str:
    """Digest of the code that a child runs: after an update old and new gateways do not share one."""
    digest = hashlib.sha256()
    for path in sorted(Path(credit.records.__file__).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _connected(address: Path) -> socket.socket | None:
    """Connect to a child of this user; None where nobody listens."""
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(str(address))
        _require_ours(connection, address)
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    except BaseException:
        connection.close()
        raise
    return connection


def _require_ours(connection: socket.socket, address: Path) -> None:
    _, user, _ = _CREDENTIALS.unpack(
        connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    )
    if user != os.geteuid():
        raise RecordStoreUnavailable(f"Another user listens at {address}: remove it.")


def _started(address: Path) -> bool:
    """Start a child that listens, unless one lives or somebody is about to start it."""
    with _lock(address) as lock:
        if lock is None:
            return False
        address.unlink(missing_ok=True)  # of one that was killed
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(address))
            listening.listen()
            # From here on whoever connects is heard, as soon as the child is there; it keeps the lock.
            process = spawn("shared", [listening.fileno(), lock])
    return process.wait() == 0  # it goes on in a process of its own


@contextmanager
def _lock(address: Path) -> Iterator[int | None]:
    """Hold the lock of a child's life for a moment; None where it is held.

    It belongs to the open file, which the child inherits, and is given back when the last who has it ends.
    """
    path = address.with_suffix(".lock")
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        is_held = False
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_held = True
        yield descriptor if is_held else None
    finally:
        os.close(descriptor)
