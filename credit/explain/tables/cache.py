"""Finished tables on disk: built once on a machine, mapped into every process that explains.

The folder is a cache: it may be deleted at any time. A file is trusted for its hash alone.
"""

from __future__ import annotations

import dataclasses
import hashlib
import logging
import mmap
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from credit.explain.tables.tables import Tables
from credit.forest import Forest
from credit.models.base import Matrix

logger = logging.getLogger(__name__)

ALIGNED = 64
"""Arrays begin at multiples of a cache line."""

HASH_BYTES = 32


class _Array(msgspec.Struct, frozen=True):
    name: str
    dtype: str
    shape: tuple[int, ...]
    begin: int


class _Head(msgspec.Struct, frozen=True):
    base: float
    n_features: int
    arrays: tuple[_Array, ...]


class TableCache:
    """Tables by what they were made from.

    Parameters
    ----------
    folder
        Made when it is first written to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(
        self, engine: str, forest: Forest, background: Matrix, build: Callable[[], Tables]
    ) -> Tables:
        """Return the tables of this forest and background; build and keep them when they are not there.

        A file that is damaged is built again. Where nothing can be written, the tables are used all the
        same, and a warning says why they are not kept.
        """
        path = self._folder / f"{_key(engine, forest, background)}.tables"
        found = _read(path)
        if found is not None:
            return found
        tables = build()
        try:
            _write(tables, path)
        except OSError as error:
            logger.warning("the tables of the explainer are not kept in %s: %s", path.parent, error)
            return tables
        return _read(path) or tables


def _key(engine: str, forest: Forest, background: Matrix) -> str:
    digest = hashlib.sha256(f"{engine} {forest.n_features} {forest.base!r}".encode())
    for array in (forest.roots, forest.nodes, forest.values, forest.words, background):
        digest.update(f"{array.dtype} {array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def _arrays(tables: Tables) -> dict[str, Any]:
    fields = {f.name: getattr(tables, f.name) for f in dataclasses.fields(tables)}
    return {name: value for name, value in fields.items() if isinstance(value, np.ndarray)}


def _write(tables: Tables, path: Path) -> None:
    """Write all, then rename: another process sees the whole file or none."""
    arrays, described, begin = _arrays(tables), [], 0
    for name, array in arrays.items():
        described.append(_Array(name, array.dtype.str, array.shape, begin))
        begin += -(-array.nbytes // ALIGNED) * ALIGNED
    head = msgspec.json.encode(_Head(tables.base, tables.n_features, tuple(described)))
    room = -(-(HASH_BYTES + 8 + len(head)) // ALIGNED) * ALIGNED
    content = bytearray(room - HASH_BYTES + begin)
    content[:8] = len(head).to_bytes(8, "little")
    content[8 : 8 + len(head)] = head
    for array, entry in zip(arrays.values(), described, strict=True):
        at = room - HASH_BYTES + entry.begin
        content[at : at + array.nbytes] = array.tobytes()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, suffix=".new")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(content).digest())
            file.write(content)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _read(path: Path) -> Tables | None:
    """Map the tables of a file; None where there is none, or it is not what was written."""
    try:
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # not there, or empty
        return None
    view = memoryview(content)
    if hashlib.sha256(view[HASH_BYTES:]).digest() != view[:HASH_BYTES]:
        logger.warning("%s is damaged; the tables are built again", path)
        return None
    n_head = int.from_bytes(view[HASH_BYTES : HASH_BYTES + 8], "little")
    head = msgspec.json.decode(view[HASH_BYTES + 8 : HASH_BYTES + 8 + n_head], type=_Head)
    room = -(-(HASH_BYTES + 8 + n_head) // ALIGNED) * ALIGNED
    arrays: dict[str, Any] = {
        a.name: np.frombuffer(
            view, dtype=a.dtype, count=int(np.prod(a.shape)), offset=room + a.begin
        ).reshape(a.shape)
        for a in head.arrays
    }
    return Tables(base=head.base, n_features=head.n_features, **arrays)
