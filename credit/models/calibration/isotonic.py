"""Isotonic calibration: any rising shape, interpolated so that it rises strictly."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise
from typing import Self

import msgspec
import numpy as np

from credit.errors import BundleCorrupt, DataError
from credit.models.calibration.base import (
    Labels,
    Values,
    bounded,
    one_by_one,
    unbounded,
)

SMALLEST_BLOCK_BADS = 20.0
"""Bads, and goods, that a block needs: with fewer its rate is mostly chance."""

SLOPE = 1e-3
"""Least rise of the log-odds per unit of margin, between blocks and beyond the last: ranks survive."""


class Isotonic(msgspec.Struct, frozen=True, tag="isotonic", tag_field="method"):
    """Pooled bad rates, joined by straight lines on the log-odds.

    Between two knots the calibrated log-odds run straight from one to the other, beyond the outer
    knots with the slope of the nearest segment, so no two margins share a PD.

    Attributes
    ----------
    margins
        Knots, strictly increasing: mean margin of each block.
    log_odds
        Calibrated log-odds at the knots, strictly increasing.

    References
    ----------
    Zadrozny, B., Elkan, C. (2002). Transforming classifier scores into accurate multiclass
    probability estimates. KDD 8, 694-699. doi:10.1145/775047.775151
    """

    margins: tuple[float, ...]
    log_odds: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse knots that do not rise."""
        rising = all(
            low < high for knots in (self.margins, self.log_odds) for low, high in pairwise(knots)
        )
        finite = all(map(math.isfinite, (*self.margins, *self.log_odds)))
        if (
            len(self.margins) != len(self.log_odds)
            or len(self.margins) < 2
            or not (rising and finite)
        ):  # noqa: PLR2004
            raise BundleCorrupt("the calibrator's knots must be two or more, finite and rising")

    @classmethod
    def fit(cls, margins: Values, labels: Labels, weights: Values | None = None) -> Self:
        """Pool adjacent violators on margins of rows that the model has not learned from.

        Raises
        ------
        DataError
            When risk does not rise with the margin: everything was pooled into one block.
        """
        weight = np.ones(len(labels)) if weights is None else weights
        blocks = _pooled(margins, labels.astype(np.float64), weight)
        if len(blocks) < 2:  # noqa: PLR2004 - a line needs two points
            raise DataError(
                "risk does not rise with the model's margin, or there are too few bads to see it; use platt"
            )
        knots = [block.mean_margin for block in blocks]
        levels = [unbounded(block.rate) for block in blocks]
        for i in range(1, len(levels)):
            levels[i] = max(levels[i], levels[i - 1] + SLOPE * (knots[i] - knots[i - 1]))
        return cls(margins=tuple(knots), log_odds=tuple(levels))

    def probability(self, margin: float) -> float:
        """PD of one margin."""
        right = min(max(bisect_right(self.margins, margin), 1), len(self.margins) - 1)
        low, high = self.margins[right - 1], self.margins[right]
        below, above = self.log_odds[right - 1], self.log_odds[right]
        slope = (above - below) / (high - low)
        # From the nearer knot, so that both segments give a knot the same value.
        if margin >= high:
            return bounded(above + slope * (margin - high))
        return bounded(below + slope * (margin - low))

    def probabilities(self, margins: Sequence[float] | Values) -> Values:
        """PD of many margins, with the same bits."""
        return one_by_one(self, margins)

    def shifted(self, shift: float) -> Isotonic:
        """Add to the log-odds."""
        return Isotonic(self.margins, tuple(level + shift for level in self.log_odds))


class _Block(msgspec.Struct):
    """A run of margins with one bad rate."""

    weight: float
    bads: float
    margin_sum: float

    @property
    def rate(self) -> float:
        return self.bads / self.weight

    @property
    def mean_margin(self) -> float:
        return self.margin_sum / self.weight

    @property
    def is_thin(self) -> bool:
        return min(self.bads, self.weight - self.bads) < SMALLEST_BLOCK_BADS

    def absorb(self, other: _Block) -> None:
        self.weight += other.weight
        self.bads += other.bads
        self.margin_sum += other.margin_sum


def _pooled(margins: Values, y: Values, weight: Values) -> list[_Block]:
    """Blocks of rising bad rate, each with enough goods and bads."""
    distinct, place = np.unique(margins, return_inverse=True)
    n = np.bincount(place, weights=weight)
    bads = np.bincount(place, weights=weight * y)
    blocks: list[_Block] = []
    for m, w, b in zip(distinct.tolist(), n.tolist(), bads.tolist(), strict=True):
        blocks.append(_Block(w, b, m * w))
        while len(blocks) > 1 and (blocks[-2].rate >= blocks[-1].rate or blocks[-2].is_thin):
            last = blocks.pop()
            blocks[-1].absorb(last)
    while len(blocks) > 1 and blocks[-1].is_thin:
        last = blocks.pop()
        blocks[-1].absorb(last)
    return blocks
