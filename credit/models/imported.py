"""A classifier that somebody else trained, kept as the joblib file it came in."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import msgspec
import numpy as np
import numpy.typing as npt

from credit.errors import BundleCorrupt, DataError
from credit.models.base import Matrix, Model
from credit.models.joblib_contents import Contents, look_inside
from credit.models.pickles import (
    library_versions,
    open_joblib,
    require_allowed,
    require_sha256,
    require_versions,
)
from credit.models.voting import FILE as VOTES_FILE
from credit.models.voting import VotingModel, log_odds

FILE = "model.joblib"
NOTE_FILE = "model.joblib.json"


class ImportNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must be true before the joblib file is opened, and how it is asked.

    Attributes
    ----------
    sha256
        Of the joblib file.
    versions
        Libraries that it was saved and wrapped under; they must be exactly these.
    names, places
        Columns of the estimator, in its order, and the place in the vector of each.
    categories
        Codes of each column that is a category: the estimator is given the code, not its place.
    fill
        What stands for a missing value of each column; null where the estimator takes it as it is.
    bad_class
        Which of the estimator's classes means bad, by its place.
    """

    version: Literal[1]
    sha256: str
    versions: dict[str, str]
    n_features: int
    names: tuple[str, ...]
    places: tuple[int, ...]
    categories: tuple[tuple[str, ...], ...]
    fill: tuple[float | None, ...]
    bad_class: int

    def __post_init__(self) -> None:
        """Refuse lists that do not fit together."""
        lists = (self.names, self.places, self.categories, self.fill)
        fit = len({len(part) for part in lists}) == 1
        if not fit or not all(0 <= place < self.n_features for place in self.places):
            raise BundleCorrupt("columns and places of an imported model do not fit together")


class ImportedModel:
    """Asks the estimator for one row at a time, so that a row has the same bits in any batch.

    The contract's directions are not promised: nobody constrained it.
    """

    family = "imported"

    def __init__(self, raw: bytes, note: ImportNote, contents: Contents) -> None:
        self._raw = raw
        self.note = note
        self.used = tuple(sorted(set(note.places)))
        self._contents = contents
        _single_threaded(contents.estimator)

    def margin(self, vector: Sequence[float]) -> float:
        """Log-odds of bad of one feature vector.

        Raises
        ------
        DataError
            When the estimator does not take the row, such as for a missing value.
        """
        return log_odds(self._shares(np.array([vector], dtype=np.float64))[0])

    def margins(self, vectors: Matrix) -> Matrix:
        """Log-odds of bad of many, one at a time."""
        return np.array([self.margin(vector) for vector in vectors.tolist()], dtype=np.float64)

    def quick_margins(self, vectors: Matrix) -> Matrix:
        """Log-odds of bad of many at once; the last bits may differ from :meth:`margin`."""
        return np.array([log_odds(s) for s in self._shares(vectors)], dtype=np.float64)

    def _shares(self, vectors: Matrix) -> list[float]:
        try:
            table = self._table(vectors)
            shares = self._contents.estimator.predict_proba(table)[:, self.note.bad_class]
        except ValueError as error:
            raise DataError(
                f"the imported {type(self._contents.estimator).__name__} refuses this row; when a value is "
                "missing, import the model again and say what stands for it (`fill`)"
            ) from error
        return [float(share) for share in shares]

    def _table(self, vectors: Matrix) -> Any:
        note, contents = self.note, self._contents
        columns: dict[str, npt.NDArray[Any]] = {
            name: _column(vectors[:, place], codes, fill)
            for name, place, codes, fill in zip(
                note.names, note.places, note.categories, note.fill, strict=True
            )
        }
        if contents.scaler is not None:
            columns |= _scaled(contents.scaler, contents.scaled, columns, len(vectors))
        return _as_fitted(contents.estimator, {name: columns[name] for name in note.names})

    def to_files(self) -> dict[str, bytes]:
        """Return the joblib file as it came, and the note."""
        return {FILE: self._raw, NOTE_FILE: msgspec.json.encode(self.note, order="sorted")}

    @classmethod
    def from_files(cls, files: Mapping[str, bytes]) -> Self:
        """Open the joblib file, after its hash, its versions and this process's permission were checked.

        Raises
        ------
        BundleCorrupt
            When a file is missing or the note cannot be read.
        BundleIncompatible
            When the hash or a version differs.
        SettingsInvalid
            When this process may not open pickles.
        """
        try:
            raw = files[FILE]
            note = msgspec.json.decode(files[NOTE_FILE], type=ImportNote)
        except KeyError as error:
            raise BundleCorrupt(
                f"an imported model needs {FILE} and {NOTE_FILE}: no {error}"
            ) from error
        except (msgspec.DecodeError, UnicodeDecodeError, BundleCorrupt) as error:
            raise BundleCorrupt(f"{NOTE_FILE} is not a note of an import: {error}") from error
        require_sha256(raw, note.sha256)
        require_versions(note.versions)
        require_allowed()
        return cls(raw, note, look_inside(open_joblib(raw)))


def load_imported(files: Mapping[str, bytes]) -> Model:
    """Rebuild an imported model: from tables of our own when it was converted, else from its joblib file."""
    return (VotingModel if VOTES_FILE in files else ImportedModel).from_files(files)


def note_of(
    raw: bytes,
    *,
    n_features: int,
    names: Sequence[str],
    places: Sequence[int],
    categories: Sequence[tuple[str, ...]],
    fill: Sequence[float | None],
    bad_class: int,
) -> ImportNote:
    """Write down a joblib file as it was found here and now."""
    return ImportNote(
        version=1,
        sha256=hashlib.sha256(raw).hexdigest(),
        versions=library_versions(),
        n_features=n_features,
        names=tuple(names),
        places=tuple(places),
        categories=tuple(categories),
        fill=tuple(fill),
        bad_class=bad_class,
    )


def _column(values: Matrix, codes: tuple[str, ...], fill: float | None) -> npt.NDArray[Any]:
    known = values if fill is None else np.where(np.isnan(values), fill, values)
    if not codes:
        return known
    return np.array([math.nan if math.isnan(v) else codes[int(v)] for v in known], dtype=object)


def _scaled(
    scaler: Any, names: Sequence[str], columns: Mapping[str, Matrix], n_rows: int
) -> dict[str, Matrix]:
    # A scaler works column by column, so a column that the estimator does not use may hold anything.
    given = {name: columns.get(name, np.zeros(n_rows)) for name in names}
    found = np.asarray(scaler.transform(_as_fitted(scaler, given)), dtype=np.float64)
    return {name: found[:, k] for k, name in enumerate(names)}


def _as_fitted(fitted: Any, columns: Mapping[str, npt.NDArray[Any]]) -> Any:
    """Give columns in the form that something was fitted on: a table with names, or plain numbers."""
    if hasattr(fitted, "feature_names_in_"):
        import pandas as pd

        return pd.DataFrame(dict(columns))
    return np.column_stack([np.asarray(c, dtype=np.float64) for c in columns.values()])


def _single_threaded(estimator: Any) -> None:
    # Threads of a forest add their shares in whatever order they finish.
    if hasattr(estimator, "get_params"):
        jobs = [key for key in estimator.get_params() if key.split("__")[-1] == "n_jobs"]
        estimator.set_params(**dict.fromkeys(jobs, 1))
