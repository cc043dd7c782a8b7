"""A file system for SQLite that tells a `Disk` what it does, and may be refused.

It is laid around the one of the platform, in the very library that Python's `sqlite3` uses: opening is
the platform's, after which the methods that write, truncate and sync are replaced by ours. All the rest,
locks and shared memory included, stays as it is. See https://sqlite.org/c3ref/io_methods.html.
"""

from __future__ import annotations

import _sqlite3
import contextlib
import ctypes
import itertools
import sqlite3
import threading
from collections.abc import Collection, Iterator
from ctypes import CFUNCTYPE, POINTER, c_char_p, c_int, c_int64, c_void_p
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.faults.disk import OK, Change, Disk
from tests.faults.python_files import files_of_python

_READ_WRITE_CREATE = 0x2 | 0x4
_READ_ONLY = 0x1
_FAILED = 10  # SQLITE_IOERR, for errors of our own

_Open = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, POINTER(c_int))
_Delete = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)
_Read = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_Write = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_Truncate = CFUNCTYPE(c_int, c_void_p, c_int64)
_Sync = CFUNCTYPE(c_int, c_void_p, c_int)
_FileSize = CFUNCTYPE(c_int, c_void_p, POINTER(c_int64))


class _Vfs(ctypes.Structure):
    _fields_ = (
        *(("version", c_int), ("file_size", c_int), ("max_path", c_int), ("next", c_void_p)),
        *(("name", c_char_p), ("app_data", c_void_p), ("open", c_void_p), ("delete", c_void_p)),
        *((f"other_{i}", c_void_p) for i in range(14)),
    )


class _Methods(ctypes.Structure):
    _fields_ = (
        *(("version", c_int), ("close", c_void_p), ("read", c_void_p), ("write", c_void_p)),
        *(("truncate", c_void_p), ("sync", c_void_p), ("size", c_void_p)),
        *((f"other_{i}", c_void_p) for i in range(12)),
    )


class _Opened(NamedTuple):
    disk: Disk
    name: str
    handle: int
    methods: _Methods  # of the platform


class _LossyVfs:
    """One for each process, never freed: connections that were opened through it may outlive a test."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.disk: Disk | None = None
        self._library = library
        library.sqlite3_vfs_find.restype = POINTER(_Vfs)
        library.sqlite3_vfs_find.argtypes = [c_char_p]
        library.sqlite3_vfs_register.argtypes = [c_void_p, c_int]
        library.sqlite3_vfs_unregister.argtypes = [c_void_p]
        self._platform = library.sqlite3_vfs_find(None)
        self._vfs = _Vfs.from_buffer_copy(self._platform.contents)
        self._vfs.name, self._vfs.next = b"lossy", None
        self._handles = itertools.count()
        self._files: dict[int, _Opened] = {}
        self._patched: dict[int, tuple[_Methods, _Methods]] = {}
        self._patching = threading.Lock()
        # ctypes keeps no reference to callbacks
        self._callbacks = (_Open(self._open), _Delete(self._delete))
        self._methods = (_Write(self._write), _Truncate(self._truncate), _Sync(self._sync))
        self._vfs.open, self._vfs.delete = (_address(call) for call in self._callbacks)

    def register(self) -> None:
        """Open every further database through this."""
        self._library.sqlite3_vfs_register(ctypes.byref(self._vfs), 1)

    def unregister(self) -> None:
        """Open further databases as the platform does."""
        self._library.sqlite3_vfs_unregister(ctypes.byref(self._vfs))

    def _open(self, _: int, name: int | None, file: int, flags: int, given: Any) -> int:
        with _no_exception() as failed:
            return self._open_file(name, file, flags, given)
        return failed

    def _open_file(self, name: int | None, file: int, flags: int, given: Any) -> int:
        disk = self.disk
        path = None if name is None else Path(ctypes.string_at(name).decode())
        watched = disk is not None and path is not None and path.parent.resolve() == disk.folder
        if disk is not None and watched and disk.write_protected:
            flags = flags & ~_READ_WRITE_CREATE | _READ_ONLY
        call = _Open(self._platform.contents.open)
        code = int(call(ctypes.addressof(self._platform.contents), name, file, flags, given))
        if code != OK or disk is None or path is None or not watched:
            return code
        methods_of = ctypes.cast(file, POINTER(c_void_p))
        methods, ours = self._patch(methods_of[0] or 0)
        self._files[file] = opened = _Opened(disk, path.name, next(self._handles), methods)
        disk.opened(path.name, lambda: _content(file, opened.methods))
        methods_of[0] = ctypes.addressof(ours)
        return code

    def _patch(self, address: int) -> tuple[_Methods, _Methods]:
        with self._patching:
            if address not in self._patched:
                methods = _Methods.from_address(address)
                # Old versions of the structure are shorter.
                assert methods.version >= 3, "SQLite is older than 3.7.17"
                ours = _Methods.from_buffer_copy(methods)
                ours.write, ours.truncate, ours.sync = (_address(call) for call in self._methods)
                self._patched[address] = (methods, ours)
            return self._patched[address]

    def _delete(self, _: int, name: bytes, sync_folder: int) -> int:
        path = Path(name.decode())
        if self.disk is not None and path.parent.resolve() == self.disk.folder:
            self.disk.deleted(path.name)
        call = _Delete(self._platform.contents.delete)
        return int(call(ctypes.addressof(self._platform.contents), name, sync_folder))

    def _write(self, file: int, data: int, amount: int, offset: int) -> int:
        with _no_exception() as failed:
            opened = self._files[file]
            change = Change(offset, ctypes.string_at(data, amount))
            code = opened.disk.changes(opened.name, opened.handle, change)
            return code or int(_Write(opened.methods.write)(file, data, amount, offset))
        return failed

    def _truncate(self, file: int, size: int) -> int:
        with _no_exception() as failed:
            opened = self._files[file]
            code = opened.disk.changes(opened.name, opened.handle, Change(size, None))
            return code or _Truncate(opened.methods.truncate)(file, size)
        return failed

    def _sync(self, file: int, flags: int) -> int:
        with _no_exception() as failed:
            opened = self._files[file]
            code = opened.disk.syncs(opened.name, opened.handle)
            return code or _Sync(opened.methods.sync)(file, flags)
        return failed


def _content(file: int, methods: _Methods) -> bytes:
    """Read a file through its handle: to open it once more would give up the locks on it."""
    size = c_int64()
    _FileSize(methods.size)(file, ctypes.byref(size))
    content = ctypes.create_string_buffer(size.value)
    if size.value:
        _Read(methods.read)(file, content, size.value, 0)
    return content.raw


@contextlib.contextmanager
def _no_exception() -> Iterator[int]:
    """Tell SQLite of an error of ours; an exception could not pass through it."""
    with contextlib.suppress(Exception):
        yield _FAILED


def _address(call: Any) -> int | None:
    return ctypes.cast(call, c_void_p).value


def _libraries() -> Iterator[str | None]:
    """Where the library of `sqlite3` may be: mapped, in its extension, in the interpreter."""
    maps = Path("/proc/self/maps")
    if maps.exists():
        for line in maps.read_text().splitlines():
            if "libsqlite3" in line:
                yield line.split(maxsplit=5)[5]
                break
    yield getattr(_sqlite3, "__file__", None)
    yield None


def _load() -> _LossyVfs | None:
    for name in _libraries():
        try:
            library = ctypes.CDLL(name)
            vfs = _LossyVfs(library)
        except (OSError, AttributeError):
            continue
        if library.sqlite3_libversion_number() // 1000 % 1000 == sqlite3.sqlite_version_info[1]:
            return vfs
    return None


_vfs = _load()


@contextlib.contextmanager
def lossy(folder: Path, *, in_doubt: Collection[str] = ()) -> Iterator[Disk]:
    """Lay a `Disk` beneath the databases of `folder` that this process opens from now on.

    Skips the test where the library of `sqlite3` cannot be reached.
    """
    if _vfs is None:
        pytest.skip(
            "the SQLite library of this Python shows no symbols to lay a file system around"
        )
    _vfs.disk = Disk(folder, in_doubt=in_doubt)
    _vfs.register()
    try:
        _prove_that_it_is_used(_vfs.disk)
        with files_of_python(_vfs.disk):
            yield _vfs.disk
    finally:
        _vfs.unregister()
        _vfs.disk = None


def _prove_that_it_is_used(disk: Disk) -> None:
    """Skip when there are two copies of the library, and this is the other one."""
    probe = disk.folder / "probe.db"
    connection = sqlite3.connect(probe)
    connection.execute("CREATE TABLE probe (id)")
    connection.close()
    probe.unlink()
    disk.deleted(probe.name)
    if disk.operations == 0:
        pytest.skip("the SQLite library that was found is not the one of this Python")
