"""Bins of one nominal feature: groups of categories, as the model uses them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from credit.errors import DataError
from credit.scorecard.bins import NumericBins


@dataclass(frozen=True, slots=True)
class CategoryBins:
    """Groups of categories, then a bin for what was unseen at fit, and last one for missing (NaN).

    In memory a category is its place in the contract's order: 0.0 is the first code, 1.0 the next.
    A category that is in no group was not seen when the groups were made; it lies in the bin
    ``unseen``, and so does any other number: there is no evidence about it.

    Attributes
    ----------
    categories
        The codes, in the contract's order.
    groups
        Codes that share a bin, from the safest group to the riskiest.
    rare
        Codes too rare for a bin of their own; labels name them as *other*.

    Raises
    ------
    DataError
        A code comes twice, a group is empty, or it holds a code that is none of the categories.

    Examples
    --------
    >>> bins = CategoryBins(("own", "rent", "free", "boat"), (("own",), ("rent", "free")), ("free",))
    >>> [bins.index_of(value) for value in (0.0, 1.0, 2.0, 3.0, float("nan"))]
    [0, 1, 1, 2, 3]
    >>> bins.labels
    ('own', 'rent, other (free)', 'unseen', 'missing')
    """

    categories: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    rare: tuple[str, ...] = ()
    _bin_of_place: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        grouped = [code for group in self.groups for code in group]
        for name, codes in (
            ("categories", self.categories),
            ("groups", grouped),
            ("rare", self.rare),
        ):
            if len(set(codes)) < len(codes):
                raise DataError(f"{name}: expected every code once")
        if not set(grouped) <= set(self.categories) or not set(self.rare) <= set(grouped):
            raise DataError(
                "groups: expected codes of the categories, and rare ones among the groups"
            )
        if not all(self.groups):
            raise DataError("groups: expected at least one code in each")
        bin_of = {code: place for place, group in enumerate(self.groups) for code in group}
        found = tuple(bin_of.get(code, self.unseen) for code in self.categories)
        object.__setattr__(self, "_bin_of_place", found)

    @property
    def count(self) -> int:
        """Number of bins, those for unseen and missing included."""
        return len(self.groups) + 2

    @property
    def unseen(self) -> int:
        """Index of the bin for categories that were not seen at fit."""
        return len(self.groups)

    @property
    def missing(self) -> int:
        """Index of the bin for missing, the last."""
        return len(self.groups) + 1

    @property
    def labels(self) -> tuple[str, ...]:
        """The codes of each bin, ready for a table."""
        return (*map(self._label, self.groups), "unseen", "missing")

    def index_of(self, value: float) -> int:
        """Return the bin of one place among the categories."""
        if math.isnan(value):
            return self.missing
        # 1.5 and -1.0 are no places, and int() would make one of them.
        if 0 <= value < len(self.categories) and value == int(value):
            return self._bin_of_place[int(value)]
        return self.unseen

    def indices(self, values: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the bin of every value, as :meth:`index_of` would."""
        known = (values >= 0) & (values < len(self.categories)) & (values == np.floor(values))
        found = np.full(values.shape, self.unseen, dtype=np.intp)
        found[known] = np.asarray(self._bin_of_place, dtype=np.intp)[values[known].astype(np.intp)]
        found[np.isnan(values)] = self.missing
        return found

    def _label(self, group: tuple[str, ...]) -> str:
        parts = [code for code in group if code not in self.rare]
        others = [code for code in group if code in self.rare]
        if others:
            parts.append(f"other ({', '.join(others)})")
        return ", ".join(parts)


FeatureBins: TypeAlias = NumericBins | CategoryBins
"""Every kind of bins that a card can hold."""
