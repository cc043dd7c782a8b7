"""Bins of one numeric feature, as the model uses them."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from credit.errors import DataError


@dataclass(frozen=True, slots=True)
class NumericBins:
    """Right-closed bins between increasing edges, and last a bin for missing (NaN).

    Bin ``i`` holds ``edges[i - 1] < value <= edges[i]``; the first is open below, the last of the
    values open above, so that every number, infinities included, has a bin.

    Attributes
    ----------
    edges
        Inner edges, finite and strictly increasing; none for a single bin of all values.

    Raises
    ------
    DataError
        The edges do not increase, or one is not finite.

    Examples
    --------
    >>> bins = NumericBins(edges=(2.0, 5.0))
    >>> [bins.index_of(value) for value in (2.0, 2.1, 5.1, float("nan"))]
    [0, 1, 2, 3]
    >>> bins.labels
    ('(-inf, 2]', '(2, 5]', '(5, inf)', 'missing')
    """

    edges: tuple[float, ...]

    def __post_init__(self) -> None:
        if not all(math.isfinite(edge) for edge in self.edges):
            raise DataError("bin edges: expected finite numbers")
        if any(low >= high for low, high in pairwise(self.edges)):
            raise DataError("bin edges: expected strictly increasing numbers")

    @property
    def count(self) -> int:
        """Number of bins, the one for missing included."""
        return len(self.edges) + 2

    @property
    def missing(self) -> int:
        """Index of the bin for missing, the last."""
        return len(self.edges) + 1

    @property
    def labels(self) -> tuple[str, ...]:
        """One interval per bin, ready for a table."""
        marks = ["-inf", *(repr(edge).removesuffix(".0") for edge in self.edges)]
        closed = [f"({low}, {high}]" for low, high in pairwise(marks)]
        return (*closed, f"({marks[-1]}, inf)", "missing")

    def index_of(self, value: float) -> int:
        """Return the bin of one value."""
        if math.isnan(value):
            return self.missing
        return bisect_left(self.edges, value)

    def indices(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the bin of every value, as :meth:`index_of` would."""
        found = np.searchsorted(np.asarray(self.edges, dtype=np.float64), values, side="left")
        return np.where(np.isnan(values), self.missing, found)
