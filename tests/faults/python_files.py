"""What this process writes and syncs by itself, beside SQLite, told to the same `Disk`."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from unittest import mock

from tests.faults.disk import FULL, OK, Change, Disk

_HANDLE = -1


@contextlib.contextmanager
def files_of_python(disk: Disk) -> Iterator[None]:
    """Let ``os.pwrite`` and ``os.fsync`` on files of the folder go through `disk`."""
    pwrite, fsync = os.pwrite, os.fsync

    def told_pwrite(descriptor: int, content: bytes, at: int) -> int:
        if (name := _watched(disk, descriptor)) is not None:
            _refuse(disk.changes(name, _HANDLE, Change(at, content)))
        return pwrite(descriptor, content, at)

    def told_fsync(descriptor: int) -> None:
        if os.path.samestat(os.fstat(descriptor), disk.folder.stat()):
            disk.folder_synced()
        elif (name := _watched(disk, descriptor)) is not None:
            _refuse(disk.syncs(name, _HANDLE))
        fsync(descriptor)

    with mock.patch.object(os, "pwrite", told_pwrite), mock.patch.object(os, "fsync", told_fsync):
        yield


def _watched(disk: Disk, descriptor: int) -> str | None:
    found = os.fstat(descriptor)
    for path in disk.folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            if path.suffix.startswith(".db") and os.path.samestat(found, path.stat()):
                disk.opened(path.name, lambda: _content(descriptor))
                return path.name
    return None


def _content(descriptor: int) -> bytes:
    return os.pread(descriptor, os.fstat(descriptor).st_size, 0)


def _refuse(code: int) -> None:
    if code != OK:
        number = errno.ENOSPC if code == FULL else errno.EIO
        raise OSError(number, os.strerror(number))
