"""A folder that appears whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from credit.errors import SettingsInvalid

_CHUNK = 1 << 20


@contextlib.contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """Give a folder aside, which becomes `target` when the block ends well, and is removed otherwise.

    Raises
    ------
    SettingsInvalid
        There is something at `target` already, or nothing can be made there.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise SettingsInvalid(
            f"{target} is there already and not empty; evidence is never overwritten: name another folder"
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}-"))
    except OSError as error:
        raise SettingsInvalid(
            f"{target} cannot be made: {error.strerror}; name another folder"
        ) from error
    try:
        yield aside
        os.replace(aside, target)  # an empty folder gives way
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def hashes_of(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of a folder, by name."""
    return {path.name: _sha256(path) for path in sorted(folder.iterdir())}


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
