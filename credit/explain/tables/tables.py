"""The finished tables of an explainer, and the few additions that explain a row from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from numba import njit

from credit.explain.tables.cells import cells_of
from credit.explain.tables.prefetch import prefetch
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

    @property
    def n_bytes(self) -> int:
        """Bytes of the tables and of the way into them."""
        return self.values.nbytes + self.steps.nbytes

    def explain(self, row: Floats) -> Floats:
        """Contributions of one row, shape (n_features,)."""
        out = np.zeros(self.n_features)
        explain_row(row, *self._arrays, out)
        return out

    def explain_many(self, rows: Matrix) -> Matrix:
        """Contributions of many rows, shape (n_rows, n_features), with the bits of :meth:`explain`."""
        rows = np.ascontiguousarray(rows, dtype=np.float64)
        out = np.zeros((len(rows), self.n_features))
        explain_rows(rows, *self._arrays, out)
        return out

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


@njit(cache=True, nogil=True)  # type: ignore[misc]
def explain_row(
    row: Any,
    features: Any,
    first: Any,
    thresholds: Any,
    steps: Any,
    starts: Any,
    first_column: Any,
    columns: Any,
    values: Any,
    out: Any,
) -> None:
    """Find the row of every table, then add them up in the order of the groups."""
    n_groups = len(starts)
    cells = np.empty(len(features), dtype=np.int32)
    cells_of(row, features, first, thresholds, cells)
    numbers = np.zeros(n_groups, dtype=np.uint16)
    for cell in cells:
        step = steps[cell]
        for g in range(n_groups):
            numbers[g] += step[g]
    places = np.empty(n_groups, dtype=np.int64)
    for g in range(n_groups):
        width = first_column[g + 1] - first_column[g]
        places[g] = starts[g] + np.int64(numbers[g]) * width
        # A row of a table may reach into a second line.
        prefetch(values, places[g])
        prefetch(values, places[g] + width - 1)
    for g in range(n_groups):
        begin = first_column[g]
        for c in range(begin, first_column[g + 1]):
            out[columns[c]] += values[places[g] + c - begin]


@njit(cache=True, nogil=True)  # type: ignore[misc]
def explain_rows(
    rows: Any,
    features: Any,
    first: Any,
    thresholds: Any,
    steps: Any,
    starts: Any,
    first_column: Any,
    columns: Any,
    values: Any,
    out: Any,
) -> None:
    """Explain row after row."""
    for i in range(len(rows)):
        explain_row(
            rows[i],
            features,
            first,
            thresholds,
            steps,
            starts,
            first_column,
            columns,
            values,
            out[i],
        )
