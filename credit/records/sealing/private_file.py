"""Files that hold secrets: written whole or not at all, and readable by their owner only."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

PRIVATE = 0o600
_OTHERS_MAY = 0o077


def publish(path: Path, content: bytes) -> None:
    """Write `content` to `path` unless it exists; readers see the whole file or none.

    A hard link is what makes one of several first processes win: it fails when the name is taken,
    and the file behind it is complete and synced before it gets its name.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _draft(path, content, PRIVATE) as draft, contextlib.suppress(FileExistsError):
        os.link(draft, path)
    sync_folder(path.parent)


def replace(path: Path, content: bytes, *, mode: int = PRIVATE) -> None:
    """Put `content` in the place of `path`; readers see the old file or the new one, never a mixture.

    Parameters
    ----------
    mode
        Permissions of the new file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _draft(path, content, mode) as draft:
        draft.replace(path)
    sync_folder(path.parent)


def mode_of_others(descriptor: int) -> int | None:
    """Give the mode of an open file when users other than its owner may use it; else None."""
    mode = os.fstat(descriptor).st_mode
    return mode & 0o777 if mode & _OTHERS_MAY else None


def sync_folder(folder: Path) -> None:
    """Sync the names in a folder; a new name could otherwise be lost in a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _draft(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    """Write and sync a file beside `path`; what is left of it at the end is removed."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        yield draft
    finally:
        draft.unlink(missing_ok=True)
