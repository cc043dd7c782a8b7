"""A model of a disk: what of a folder would be left after a power cut, and what the disk refuses."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

# Result codes of SQLite, https://sqlite.org/rescode.html
OK = 0
FULL = 13
IOERR_WRITE = 778
IOERR_FSYNC = 1034

_SECTOR = 512
_SURVIVE, _TORN = 0.5, 0.3
_FAIL_IN_A_ROW = 3


class Change(NamedTuple):
    """A write, or a truncation when there are no bytes, that no sync has covered yet."""

    at: int
    data: bytes | None


class Event(NamedTuple):
    """One operation; every opening of a file is a handle of its own."""

    operation: str
    name: str
    handle: int
    code: int


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the power goes.

    Attributes
    ----------
    after
        The writes, truncations and syncs that are still done.
    survivors
        None: nothing unsynced is left. A seed: each unsynced write is left or not by chance, whole
        or torn at a sector.
    sync_fails
        Until then some of every so many syncs fail; see `Disk.fail_syncs`.
    """

    after: int
    survivors: int | None = None
    sync_fails: int | None = None


@dataclass(slots=True)
class _File:
    durable: bytearray
    named: bool  # whether a power cut leaves its name in the folder
    pending: list[Change] = field(default_factory=list)


class Disk:
    """The disk beneath one folder, as `tests.faults.lossy_vfs` reports what happens there.

    Parameters
    ----------
    folder
        Must exist; the files in it are taken to be on the disk as they are.
    in_doubt
        Names of files that nobody is known to have synced.
    """

    def __init__(self, folder: Path, *, in_doubt: Collection[str] = ()) -> None:
        self.folder = folder.resolve()
        self.operations = 0
        self.events: deque[Event] = deque(maxlen=2_000)
        self.write_protected = False
        self._named = set(os.listdir(self.folder))
        self._in_doubt = frozenset(in_doubt)
        self._files: dict[str, _File] = {}
        self._lock = threading.RLock()
        self._cut: Cut | None = None
        self._write_code = OK
        self._syncs = 0
        self._sync_fails: int | None = None
        self._sync_takes_s = 0.0

    # What a test asks for

    def cut_power(self, cut: Cut) -> None:
        """Lose power, and this process with it, at a later operation."""
        with self._lock:
            self._cut = Cut(self.operations + cut.after, cut.survivors)
            self.fail_syncs(cut.sync_fails)

    def fill(self) -> None:
        """Have no space left."""
        self._write_code = FULL

    def protect(self) -> None:
        """Be mounted read-only from now on, as a kernel does after errors."""
        self._write_code, self.write_protected = IOERR_WRITE, True

    def mend(self) -> None:
        """Be a good disk again."""
        self._write_code, self.write_protected = OK, False
        self._sync_fails, self._sync_takes_s = None, 0.0

    def fail_syncs(self, every: int | None = 1) -> None:
        """Fail the first three syncs of every so many: all of them unless told otherwise.

        What such a sync was to write is never on disk, unless it is written again: Linux takes it for
        clean, and the next sync succeeds. See https://wiki.postgresql.org/wiki/Fsync_Errors.
        """
        self._syncs, self._sync_fails = 0, every

    def is_synced(self, name: str) -> bool:
        """Tell whether all that was written to a file is on disk."""
        with self._lock:
            return name not in self._files or not self._files[name].pending

    def slow_down(self, sync_takes_s: float) -> None:
        """Take so long for every sync."""
        self._sync_takes_s = sync_takes_s

    # What the file system reports

    def opened(self, name: str, content: Callable[[], bytes]) -> None:
        """Begin to watch a file; what it holds the first time is on disk, unless that is in doubt."""
        with self._lock:
            if name in self._files:
                return
            found = self._files[name] = _File(bytearray(content()), named=name in self._named)
            if name in self._in_doubt:
                found.pending.append(Change(0, bytes(found.durable)))
                found.durable.clear()

    def deleted(self, name: str) -> None:
        """Forget a file."""
        with self._lock:
            self._files.pop(name, None)

    def changes(self, name: str, handle: int, change: Change) -> int:
        """Be told of a write or truncation before it is done; anything but `OK` refuses it."""
        with self._lock:
            self._files[name].pending.append(change)
            self._count()
            if self._write_code != OK:
                self._files[name].pending.pop()
            operation = "truncate" if change.data is None else "write"
            self.events.append(Event(operation, name, handle, self._write_code))
            return self._write_code

    def syncs(self, name: str, handle: int) -> int:
        """Be told of a sync before it is done; anything but `OK` refuses it."""
        time.sleep(self._sync_takes_s)
        with self._lock:
            self._count()
            found = self._files[name]
            fails = self._sync_fails is not None and self._syncs % self._sync_fails < _FAIL_IN_A_ROW
            self._syncs += 1
            code = IOERR_FSYNC if fails else OK
            self.events.append(Event("sync", name, handle, code))
            if code == OK:
                for change in found.pending:
                    _apply(found.durable, change)
                if name.endswith("-wal"):  # its first sync is also one of the folder
                    self.folder_synced()
            found.pending.clear()
            return code

    def folder_synced(self) -> None:
        """Be told that the names in the folder were synced."""
        with self._lock:
            self._named |= set(os.listdir(self.folder))
            for name, file in self._files.items():
                file.named |= name in self._named

    def _count(self) -> None:
        self.operations += 1
        if self._cut is not None and self.operations > self._cut.after:
            self._lose_power(self._cut.survivors)

    def _lose_power(self, survivors: int | None) -> None:
        for name, file in self._files.items():
            if not file.named:
                (self.folder / name).unlink(missing_ok=True)
                continue
            for change in _survivors(file.pending, survivors):
                _apply(file.durable, change)
            (self.folder / name).write_bytes(file.durable)
        for shared in self.folder.glob("*-shm"):  # never synced: anything may be left of it
            shared.write_bytes(b"\xa5" * shared.stat().st_size)
        os.kill(os.getpid(), signal.SIGKILL)


def _survivors(pending: Sequence[Change], seed: int | None) -> Iterator[Change]:
    """Choose which unsynced changes reached the disk, some of them torn."""
    if seed is None:
        return
    chance = random.Random(f"{seed}-{len(pending)}")  # noqa: S311
    for change in pending:
        if chance.random() < _SURVIVE:
            yield _torn(change, chance) if chance.random() < _TORN else change


def _apply(image: bytearray, change: Change) -> None:
    if change.data is None:
        del image[change.at :]
        return
    if len(image) < change.at:
        image.extend(bytes(change.at - len(image)))
    image[change.at : change.at + len(change.data)] = change.data


def _torn(change: Change, chance: random.Random) -> Change:
    if change.data is None:
        return change
    n_sectors = chance.randrange(1 + len(change.data) // _SECTOR)
    return Change(change.at, change.data[: n_sectors * _SECTOR])
