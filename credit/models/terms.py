"""Terms of an additive model: what one feature, or two, add to the log-odds of bad."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from credit.errors import BundleCorrupt
from credit.models.base import Matrix


class Axis(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the value of one feature finds its bin. Bin 0 is for what is missing.

    Attributes
    ----------
    place
        Place in the vector.
    edges
        Of a number, increasing: bin ``k`` holds the values from edge ``k - 2`` up to, and without,
        edge ``k - 1``.
    n_categories
        Of a category: its place ``i`` is bin ``i + 1``. 0 for a number.
    codes
        Special codes of a number; they count as missing.
    """

    place: int
    edges: tuple[float, ...] = ()
    n_categories: int = 0
    codes: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse edges that do not rise."""
        if list(self.edges) != sorted(set(self.edges)) or not all(map(math.isfinite, self.edges)):
            raise BundleCorrupt("the edges of an axis must be finite and increasing")

    @property
    def n_bins(self) -> int:
        """Number of bins, the one for what is missing included."""
        return 1 + (self.n_categories or len(self.edges) + 1)

    def index(self, value: float) -> int:
        """Bin of one value."""
        if math.isnan(value) or value in self.codes:
            return 0
        return 1 + (int(value) if self.n_categories else bisect_right(self.edges, value))

    def indices(self, values: Matrix) -> npt.NDArray[np.intp]:
        """Bins of many values."""
        missing = np.isnan(values) | np.isin(values, self.codes)
        known = np.where(missing, 0.0, values)
        if self.n_categories:
            bins = known.astype(np.intp)
        else:
            bins = np.searchsorted(np.asarray(self.edges), known, side="right")
        return np.where(missing, 0, 1 + bins)


class Line(msgspec.Struct, frozen=True, tag="line", forbid_unknown_fields=True):
    """``coefficient * (x - mean) / scale``, with ``x`` held between ``low`` and ``high``."""

    place: int
    low: float
    high: float
    mean: float
    scale: float
    coefficient: float
    missing: float
    codes: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what would not be a line."""
        numbers = (self.low, self.high, self.mean, self.scale, self.coefficient, self.missing)
        if not all(map(math.isfinite, numbers)) or self.scale <= 0 or self.low > self.high:
            raise BundleCorrupt(
                "a line must have finite numbers, a positive scale and ordered bounds"
            )

    @property
    def places(self) -> tuple[int, ...]:
        """Places of the vector that it reads."""
        return (self.place,)

    def of(self, vector: Sequence[float]) -> float:
        """What the term adds for one vector."""
        value = vector[self.place]
        if math.isnan(value) or value in self.codes:
            return self.missing
        value = self.low if value < self.low else self.high if value > self.high else value
        return self.coefficient * ((value - self.mean) / self.scale)

    def of_all(self, vectors: Matrix) -> Matrix:
        """What the term adds for many, the same operations one by one."""
        values = vectors[:, self.place]
        missing = np.isnan(values) | np.isin(values, self.codes)
        held = np.where(
            values < self.low, self.low, np.where(values > self.high, self.high, values)
        )
        along: Matrix = self.coefficient * ((held - self.mean) / self.scale)
        added: Matrix = np.where(missing, self.missing, along)
        return added


class Steps(msgspec.Struct, frozen=True, tag="steps", forbid_unknown_fields=True):
    """One number per bin of a feature."""

    axis: Axis
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse a table that does not fit its axis."""
        _require_table(self.values, self.axis.n_bins)

    @property
    def places(self) -> tuple[int, ...]:
        """Places of the vector that it reads."""
        return (self.axis.place,)

    def of(self, vector: Sequence[float]) -> float:
        """What the term adds for one vector."""
        return self.values[self.axis.index(vector[self.axis.place])]

    def of_all(self, vectors: Matrix) -> Matrix:
        """What the term adds for many."""
        return np.asarray(self.values)[self.axis.indices(vectors[:, self.axis.place])]


class Pair(msgspec.Struct, frozen=True, tag="pair", forbid_unknown_fields=True):
    """One number per pair of bins; ``values`` runs over ``second`` first."""

    first: Axis
    second: Axis
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse a table that does not fit its axes."""
        _require_table(self.values, self.first.n_bins * self.second.n_bins)
        if self.first.place == self.second.place:
            raise BundleCorrupt("a pair must be of two features")

    @property
    def places(self) -> tuple[int, ...]:
        """Places of the vector that it reads."""
        return (self.first.place, self.second.place)

    def of(self, vector: Sequence[float]) -> float:
        """What the term adds for one vector."""
        return self.at(vector[self.first.place], vector[self.second.place])

    def at(self, first: float, second: float) -> float:
        """What it adds for two values."""
        row = self.first.index(first)
        return self.values[row * self.second.n_bins + self.second.index(second)]

    def of_all(self, vectors: Matrix) -> Matrix:
        """What the term adds for many."""
        row = self.first.indices(vectors[:, self.first.place])
        column = self.second.indices(vectors[:, self.second.place])
        added: Matrix = np.asarray(self.values)[row * self.second.n_bins + column]
        return added


Term = Line | Steps | Pair
"""Told apart by their tag in the file."""


def _require_table(values: Sequence[float], n_cells: int) -> None:
    if len(values) != n_cells or not all(map(math.isfinite, values)):
        raise BundleCorrupt(f"a table of {len(values)} numbers: expected {n_cells} finite ones")
