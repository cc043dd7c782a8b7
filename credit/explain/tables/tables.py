"""The finished tables of an explainer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from credit.errors import DataError
from credit.explain.tables.lookup import explain_row, explain_rows
from credit.forest.forest import Floats
from credit.models.base import Matrix


@dataclass(frozen=True)
class Tables:
    """Everything that compiled code reads to explain a row.

    Attributes
    ----------
    base
        Mean margin of the reference.
    n_features
        Length of a row.
    features, first, thresholds
        The cells, see :class:`credit.explain.tables.cells.Cells`.
    steps
        Per cell and group: what this cell adds to the row's number in the group's table; shape
        (n_cells, n_groups). A row's number is the sum over its cells.
    starts
        Per group: where its table begins in ``values``.
    first_column
        Per group: where its features begin in ``columns``; one more at the end.
    columns
        Places of the row that a group's table speaks of.
    values
        All tables, row after row.
    """

    base: float
    n_features: int
    features: npt.NDArray[np.int32]
    first: npt.NDArray[np.int32]
    thresholds: Floats
    steps: npt.NDArray[np.uint16]
    starts: npt.NDArray[np.int64]
    first_column: npt.NDArray[np.int32]
    columns: npt.NDArray[np.int32]
    values: Floats

    def __post_init__(self) -> None:
        """Read-only, whether built here or mapped: compiled code is made for one kind of array."""
        for array in self._arrays:
            array.flags.writeable = False

    @property
    def n_bytes(self) -> int:
        """Bytes of the tables and of the way into them."""
        return self.values.nbytes + self.steps.nbytes

    def explain(self, row: Floats) -> Floats:
        """Contributions of one row, shape (n_features,).

        Raises
        ------
        DataError
            When the row has another length: compiled code would read beyond it.
        """
        self._require_width(row)
        out = np.zeros(self.n_features)
        explain_row(row, out, *self._arrays)
        return out

    def explain_many(self, rows: Matrix) -> Matrix:
        """Contributions of many rows, shape (n_rows, n_features), with the bits of :meth:`explain`."""
        self._require_width(rows)
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        out = np.zeros((len(rows), self.n_features))
        explain_rows(rows, out, *self._arrays)
        return out

    def _require_width(self, rows: Matrix) -> None:
        if rows.shape[-1] != self.n_features:
            raise DataError(
                f"a feature vector has {self.n_features} values, this one has {rows.shape[-1]}"
            )

    @property
    def _arrays(self) -> tuple[Any, ...]:
        return (
            self.features,
            self.first,
            self.thresholds,
            self.steps,
            self.starts,
            self.first_column,
            self.columns,
            self.values,
        )
