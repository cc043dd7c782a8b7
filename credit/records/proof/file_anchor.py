"""An anchor in a file: one line for each checkpoint."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from credit.errors import AnchorUnavailable, RecordsNotProven
from credit.records.proof.anchored import decode_anchored, encode_anchored, forked
from credit.records.proof.signed import SignedEntry

_TAIL = 1 << 16


class FileAnchor:
    """One line of JSON for each checkpoint.

    Parameters
    ----------
    path
        Made on first use. Beside the database it shows how anchors work and protects against nothing
        but accidents.
    """

    def __init__(self, path: Path) -> None:
        self._path = Path(path)

    @property
    def name(self) -> str:
        """Path of the file."""
        return str(self._path)

    def publish(self, checkpoint: SignedEntry) -> None:
        """Append one line and sync it."""
        line = encode_anchored(checkpoint) + b"\n"
        with self._explained():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            descriptor = os.open(self._path, flags, 0o644)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                whole, torn = _last_lines(descriptor)
                last = decode_anchored(whole, self.name) if whole else None
                if last is not None and last.number >= checkpoint.number:
                    self._compare(last, checkpoint)
                    return
                if not line.startswith(torn):
                    raise RecordsNotProven(
                        f"The last line of {self._path} breaks off and is no beginning of checkpoint "
                        f"{checkpoint.number}; keep the file as evidence, and run: credit records verify"
                    )
                # A crash in the middle of a line: what is missing of it is added.
                _write(descriptor, line[len(torn) :])
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def last(self) -> SignedEntry | None:
        """Read the last whole line."""
        with self._explained():
            if not self._path.exists():
                return None
            descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                whole, _ = _last_lines(descriptor)
            finally:
                os.close(descriptor)
        return decode_anchored(whole, self.name) if whole else None

    def read_all(self) -> Iterator[SignedEntry]:
        """Read every whole line; a last one that breaks off was never published."""
        with self._explained():
            if not self._path.exists():
                return
            with self._path.open("rb") as file:
                for line in file:
                    if line.endswith(b"\n"):
                        yield decode_anchored(line, self.name)

    def _compare(self, last: SignedEntry, checkpoint: SignedEntry) -> None:
        if last.number == checkpoint.number and last != checkpoint:
            raise forked(self.name, checkpoint.number)

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise AnchorUnavailable(
                f"The anchor {self._path} cannot be used: {error.strerror}; check CREDIT_ANCHOR, and that "
                "this user may append to the file."
            ) from error


def _last_lines(descriptor: int) -> tuple[bytes, bytes]:
    """Read the last whole line of a file, and what a crash left of the one behind it."""
    size, reach = os.fstat(descriptor).st_size, _TAIL
    while True:
        start = max(0, size - reach)
        lines = os.pread(descriptor, size - start, start).split(b"\n")
        # The first piece is whole only at the beginning of the file.
        if start == 0 or len(lines) > 2:  # noqa: PLR2004 - a piece, a whole line, what is behind it
            return (lines[-2] if len(lines) > 1 else b""), lines[-1]
        reach *= 2


def _write(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
