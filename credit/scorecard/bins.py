"""Bins of one numeric feature, as the model uses them, and what bins of any kind can do."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from credit.errors import DataError


class Bins(Protocol):
    """What a card asks of the bins of a feature: every number finds one, missing the last."""

    @property
    def count(self) -> int:
        """Number of bins, the one for missing included."""
        ...

    @property
    def labels(self) -> tuple[str, ...]:
        """One name per bin, ready for a table."""
        ...

    def index_of(self, value: float) -> int:
        """Return the bin of one value."""
        ...

    def indices(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the bin of every value, as :meth:`index_of` would."""
        ...


@dataclass(frozen=True, slots=True)
class NumericBins:
    """Right-closed bins between increasing edges, one per meaning of a code, and last missing (NaN).

    Bin ``i`` holds ``edges[i - 1] < value <= edges[i]``; the first is open below, the last of the
    values open above, so that every number, infinities included, has a bin. A code is a value that
    is no measurement ("98: refused to say"); it lies in the bin of its meaning, not between edges.

    Attributes
    ----------
    edges
        Inner edges, finite and strictly increasing; none for a single bin of all values.
    codes
        Meanings, each with the values that stand for it.

    Raises
    ------
    DataError
        The edges do not increase, a number is not finite, a code or meaning comes twice, or a
        meaning has no code.

    Examples
    --------
    >>> bins = NumericBins(edges=(2.0, 5.0), codes=(("refused", (98.0,)),))
    >>> [bins.index_of(value) for value in (2.0, 2.1, 5.1, 98.0, float("nan"))]
    [0, 1, 2, 3, 4]
    >>> bins.labels
    ('(-inf, 2]', '(2, 5]', '(5, inf)', 'refused', 'missing')
    """

    edges: tuple[float, ...]
    codes: tuple[tuple[str, tuple[float, ...]], ...] = ()
    _bin_of_code: dict[float, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not all(math.isfinite(edge) for edge in self.edges):
            raise DataError("bin edges: expected finite numbers")
        if any(low >= high for low, high in pairwise(self.edges)):
            raise DataError("bin edges: expected strictly increasing numbers")
        pairs = [
            (value, len(self.edges) + 1 + place)
            for place, (_, values) in enumerate(self.codes)
            for value in values
        ]
        if not all(values and all(map(math.isfinite, values)) for _, values in self.codes):
            raise DataError("bin codes: expected finite numbers, at least one per meaning")
        meanings = {meaning for meaning, _ in self.codes}
        if len(dict(pairs)) < len(pairs) or len(meanings) < len(self.codes):
            raise DataError("bin codes: expected each value and each meaning once")
        object.__setattr__(self, "_bin_of_code", dict(pairs))

    @property
    def count(self) -> int:
        """Number of bins, the one for missing included."""
        return len(self.edges) + len(self.codes) + 2

    @property
    def missing(self) -> int:
        """Index of the bin for missing, the last."""
        return len(self.edges) + len(self.codes) + 1

    @property
    def labels(self) -> tuple[str, ...]:
        """One interval or meaning per bin, ready for a table."""
        marks = ["-inf", *(repr(edge).removesuffix(".0") for edge in self.edges)]
        closed = [f"({low}, {high}]" for low, high in pairwise(marks)]
        meanings = [meaning for meaning, _ in self.codes]
        return (*closed, f"({marks[-1]}, inf)", *meanings, "missing")

    def index_of(self, value: float) -> int:
        """Return the bin of one value."""
        if math.isnan(value):
            return self.missing
        coded = self._bin_of_code.get(value)
        return bisect_left(self.edges, value) if coded is None else coded

    def indices(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the bin of every value, as :meth:`index_of` would."""
        found = np.searchsorted(np.asarray(self.edges, dtype=np.float64), values, side="left")
        for code, place in self._bin_of_code.items():
            found[values == code] = place
        found[np.isnan(values)] = self.missing
        return found
