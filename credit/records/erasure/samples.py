"""Samples of people beside model bundles: find the rows of erased subjects and remove them.

The drift reference lies outside a bundle's hash, so it is written anew under its own new hash. The
background of reasons lies inside: a row there can only be reported, and is gone with the next training.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from credit.errors import RecordError
from credit.records.erasure.outcome import CleanedSample
from credit.records.sealing.private_file import sync_folder
from credit.records.store.sqlite import file_lock

# As `credit.decision.bundle_files` has them, which imports every model family.
_REFERENCE_FOLDER = "reference"
_BACKGROUND = "background.npy"
_DOOMED = ".erasing"


def clean_samples(
    roots: Iterable[Path], vectors: Sequence[Sequence[float]]
) -> tuple[CleanedSample, ...]:
    """Remove every row that equals one of the vectors, bit for bit, from all drift references.

    Blocking. A reader finds the old reference or the new one. After a crash at any point, running it
    again finishes.

    Parameters
    ----------
    roots
        Folders that hold bundles, at any depth.
    vectors
        Feature vectors as they were scored.

    Raises
    ------
    BundleCorrupt
        A reference is not what its name promises, so it cannot be searched.
    RecordError
        A file cannot be read or replaced.
    """
    wanted = _spellings(vectors)
    cleaned: list[CleanedSample] = []
    for root in roots:
        if not root.is_dir():
            continue
        with _explained(root), file_lock(root / ".references"):
            for doomed in root.rglob(f"{_REFERENCE_FOLDER}/*{_DOOMED}"):
                _shred(doomed)  # of a run that was cut off
            paths = sorted(root.rglob(f"{_REFERENCE_FOLDER}/*.npz")) if wanted else []
            cleaned += [done for path in paths if (done := _clean(path, wanted)) is not None]
    return tuple(cleaned)


def bundles_to_retrain(
    roots: Iterable[Path], vectors: Sequence[Sequence[float]]
) -> tuple[str, ...]:
    """Name the bundles whose background holds one of the vectors.

    Raises
    ------
    RecordError
        A file cannot be read.
    """
    wanted = _spellings(vectors)
    found = set()
    for root in roots:
        with _explained(root):
            for path in root.rglob(_BACKGROUND) if wanted else ():
                if not wanted.isdisjoint(_spellings(np.load(path, allow_pickle=False))):
                    found.add(path.parent.name)
    return tuple(sorted(found))


def _clean(path: Path, wanted: Collection[bytes]) -> CleanedSample | None:
    from credit.data.reference import load_reference, make_reference, save_reference

    reference = load_reference(path)
    kept = [row for row in reference.rows if _spelling(row) not in wanted]
    n_removed = len(reference.rows) - len(kept)
    if n_removed == 0:
        return None
    sha256 = None
    if kept:
        rest = make_reference(reference.feature_names, kept)
        sha256 = save_reference(rest, path.parent).stem
    # Out of the readers' sight before it is overwritten.
    doomed = path.with_name(f".{path.stem}{_DOOMED}")
    path.rename(doomed)
    _shred(doomed)
    return CleanedSample(path.parent.parent.name, sha256, n_removed, len(kept))


def _shred(path: Path) -> None:
    """Overwrite a file and delete it; the device may still keep older blocks."""
    with path.open("r+b") as file:
        file.write(bytes(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    sync_folder(path.parent)


def _spellings(rows: Iterable[Sequence[float] | npt.NDArray[np.float64]]) -> set[bytes]:
    return {_spelling(row) for row in rows}


def _spelling(row: Sequence[float] | npt.NDArray[np.float64]) -> bytes:
    """One spelling for equal rows, as references have it: 0.0 for -0.0, one NaN."""
    values = np.array(row, dtype=np.float64) + 0.0
    values[np.isnan(values)] = np.nan
    return values.tobytes()


@contextlib.contextmanager
def _explained(root: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        cause = getattr(error, "strerror", None) or "a file is not what its name says"
        raise RecordError(
            f"The samples below {root} could not be searched and cleaned: {cause}. No key was destroyed; make "
            "the folder readable and writable for this user and run the command again."
        ) from error
