"""The rows that a window is compared with, in one file named by its own hash.

They describe people, so they lie outside the bundle: erasing them must not change its hash.
"""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

import numpy as np
import numpy.typing as npt

from credit.errors import BundleCorrupt, DataError

Rows = npt.NDArray[np.float64]

_NAMES, _ROWS = "feature_names", "rows"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip archive can hold


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Rows of a population without drift; make one with `make_reference`.

    Attributes
    ----------
    sha256
        Hash of the file that holds it, and its name.
    rows
        Shape ``(n, n_features)``, read-only; NaN means missing.
    """

    sha256: str
    feature_names: tuple[str, ...]
    rows: Rows = field(repr=False)


def make_reference(feature_names: Sequence[str], rows: npt.ArrayLike) -> Reference:
    """Check rows and name them by their content.

    Raises
    ------
    DataError
        There are no rows, a row has another length than `feature_names`, or a value is infinite.
    """
    names = tuple(feature_names)
    table = _canonical(rows)
    if table.ndim != 2 or len(table) == 0 or table.shape[1] != len(names):  # noqa: PLR2004 (a table)
        raise DataError(
            f"drift reference: expected at least one row of {len(names)} features, "
            f"came an array of shape {table.shape}"
        )
    infinite = [name for name, bad in zip(names, np.isinf(table).any(axis=0), strict=True) if bad]
    if infinite:
        raise DataError(
            "drift reference: expected finite numbers or NaN for missing, infinite values in "
            + ", ".join(infinite)
        )
    return Reference(_digest(_encode(names, table)), names, table)


def save_reference(reference: Reference, folder: Path) -> Path:
    """Write a reference into `folder`, readable by its owner only, whole or not at all."""
    content = _encode(reference.feature_names, reference.rows)
    path = folder / f"{_digest(content)}.npz"
    folder.mkdir(parents=True, exist_ok=True)
    # A named temporary file is born with mode 600.
    with NamedTemporaryFile(dir=folder, prefix=".", delete=False) as draft:
        try:
            draft.write(content)
            draft.flush()
            os.fsync(draft.fileno())
            Path(draft.name).replace(path)
        finally:
            # Nothing is left to remove once it has its name; a half-written one holds people.
            Path(draft.name).unlink(missing_ok=True)
    return path


def load_reference(path: Path) -> Reference:
    """Read a reference; nothing in the file is executed.

    Raises
    ------
    DataError
        There is no such file.
    BundleCorrupt
        The content does not have the hash that the name promises, or is not a reference.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise DataError(
            f"The drift reference {path} is not there; if it was erased, make one from newer rows."
        ) from error
    found = _digest(content)
    if found != path.stem:
        raise BundleCorrupt(
            f"The drift reference {path} was changed: its name promises SHA-256 {path.stem}, its "
            f"content has {found}; restore it from a backup or make it again."
        )
    names, rows = _decode(content, path)
    # Named by the file: another numpy may lay out equal rows in other bytes.
    return Reference(found, names, rows)


def _canonical(rows: npt.ArrayLike) -> Rows:
    """Copy with one spelling for each value: equal numbers must give equal bytes."""
    table = np.array(rows, dtype=np.float64, order="C") + 0.0  # -0.0 becomes 0.0
    table[np.isnan(table)] = np.nan  # a NaN has 2**53 spellings
    table.setflags(write=False)
    return table


def _encode(names: tuple[str, ...], rows: Rows) -> bytes:
    """Write an ``.npz`` with the same bytes for the same content.

    `numpy.savez` leaves dates and attributes to version and platform; here they are fixed.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in ((_NAMES, np.array(names)), (_ROWS, rows)):
            member = zipfile.ZipInfo(f"{name}.npy", _EPOCH)
            member.create_system = 3  # Unix, wherever it is written
            archive.writestr(member, _npy(array))
    return buffer.getvalue()


def _npy(array: npt.NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def _decode(content: bytes, path: Path) -> tuple[tuple[str, ...], Rows]:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as members:
            made = make_reference(members[_NAMES].tolist(), members[_ROWS])
    except (AttributeError, EOFError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise BundleCorrupt(f"{path} is not a drift reference; make it again.") from error
    return made.feature_names, made.rows


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
