"""Isotonic calibration: the bad rates of pooled blocks, joined by lines."""

from __future__ import annotations

import math
from bisect import bisect_right
from itertools import pairwise
from typing import Self

import numpy as np

from credit.errors import BundleCorrupt
from credit.metrics.sample import FloatArray, IntArray
from credit.models.base import Labels
from credit.models.calibration.base import FLOOR, Calibrator, unbounded
from credit.models.calibration.level import shifted_to
from credit.models.calibration.platt import Platt
from credit.models.calibration.sample import CalibrationSample, calibration_sample

PLATT_SHARE = 0.02
"""Share of Platt's PD in the level of each block. It keeps levels off 0 and 1 and makes them rise
strictly; between 0.02 and 0.1 the log loss on Give Me Some Credit changes by less than 1e-5."""

LEAST_OF_CLASS = 10.0
"""A block holds at least this weight of bads and of goods: a rate of fewer is off by a third and more.

On Give Me Some Credit it takes 1e-4 off the log loss."""


class Isotonic(Calibrator, frozen=True, tag="isotonic", tag_field="method"):
    """Centred isotonic regression between bounds: z runs in straight lines through knots.

    Rows are pooled into blocks whose bad rates rise (pool adjacent violators); each block becomes
    one knot at its mean margin, so that z rises within a block, too, where the customary staircase
    stands still. Beyond the outermost knots z goes on with Platt's slope. It bends as the data do
    and needs many bads for it.

    Attributes
    ----------
    margins
        Margins of the knots, strictly rising.
    levels
        Log-odds of bad before the bounds at each knot, strictly rising.
    slope
        Slope of z outside the knots, positive.

    References
    ----------
    Ayer, M., Brunk, H. D., Ewing, G. M., Reid, W. T., Silverman, E. (1955). An empirical
    distribution function for sampling with incomplete information. Annals of Mathematical
    Statistics 26, 641-647. doi:10.1214/aoms/1177728423

    Oron, A. P., Flournoy, N. (2017). Centered isotonic regression: point and interval estimation
    for dose-response studies. Statistics in Biopharmaceutical Research 9, 258-267.
    doi:10.1080/19466315.2017.1286256
    """

    margins: tuple[float, ...]
    levels: tuple[float, ...]
    slope: float

    def __post_init__(self) -> None:
        """Refuse knots that would not rise."""
        finite = all(map(math.isfinite, (*self.margins, *self.levels, self.slope)))
        rising = all(low < high for k in (self.margins, self.levels) for low, high in pairwise(k))
        paired = len(self.margins) == len(self.levels) > 0
        if not (finite and rising and paired and self.slope > 0):
            raise BundleCorrupt(
                "the calibrator's knots must be finite and rise strictly, and its slope be positive"
            )

    @classmethod
    def fit(cls, margins: FloatArray, labels: Labels, *, weights: FloatArray | None = None) -> Self:
        """Pool, centre, and set the mean PD to the share of bads; see :meth:`Calibrator.fit`.

        Lines between centres do not keep the mean as the blocks do, so the level is set at the end.
        """
        sample = calibration_sample(margins, labels, weights)
        platt = Platt.fit(margins, labels, weights=weights)
        centres, rates = _blocks(sample)
        inside = np.clip(rates, FLOOR, 1 - FLOOR)
        blended = (1 - PLATT_SHARE) * inside + PLATT_SHARE * platt.probabilities(centres)
        knots: list[tuple[float, float]] = []
        for centre, prob_default in zip(centres.tolist(), blended.tolist(), strict=True):
            level = unbounded(prob_default)
            # Two blocks beyond the bounds tie once Platt's PDs do; one of them says it all.
            if not knots or level > knots[-1][1]:
                knots.append((centre, level))
        curve = cls(
            margins=tuple(margin for margin, _ in knots),
            levels=tuple(level for _, level in knots),
            slope=platt.slope,
        )
        share_of_bads = float(np.mean(sample.weights * sample.bad))
        return shifted_to(curve, sample.margins, share_of_bads, weights=sample.weights)

    def log_odds(self, margin: float) -> float:
        """Log-odds of bad before the bounds."""
        right = bisect_right(self.margins, margin)
        if right == 0:
            return self.levels[0] + self.slope * (margin - self.margins[0])
        if right == len(self.margins):
            return self.levels[-1] + self.slope * (margin - self.margins[-1])
        start, low, high = self.margins[right - 1], self.levels[right - 1], self.levels[right]
        share = (margin - start) / (self.margins[right] - start)
        # Rounding may carry the end of a line past its knot.
        return min(low + share * (high - low), high)

    def shifted(self, by: float) -> Self:
        """Add to every level."""
        return type(self)(
            margins=self.margins,
            levels=tuple(level + by for level in self.levels),
            slope=self.slope,
        )


def _blocks(sample: CalibrationSample) -> tuple[FloatArray, FloatArray]:
    """Mean margin and bad rate of each block, both rising; equal margins are never split."""
    # A process that only scores does not pay for loading an optimiser.
    from scipy.optimize import isotonic_regression

    margins, place = np.unique(sample.margins, return_inverse=True)
    weight: FloatArray = np.bincount(place, weights=sample.weights).astype(np.float64)
    bads: FloatArray = np.bincount(place, weights=sample.weights * sample.bad).astype(np.float64)
    starts = isotonic_regression(bads / weight, weights=weight).blocks[:-1]
    starts = _large_enough(starts, bads, weight - bads)
    ends = np.append(starts[1:], margins.size) - 1
    size = np.add.reduceat(weight, starts)
    # A mean lies between its numbers but for rounding, and blocks must not meet.
    centres = np.clip(
        np.add.reduceat(weight * margins, starts) / size, margins[starts], margins[ends]
    )
    return centres, np.add.reduceat(bads, starts) / size


def _large_enough(starts: IntArray, bads: FloatArray, goods: FloatArray) -> IntArray:
    """Join neighbours, from the safest on, until each holds enough of both classes."""
    kept: list[int] = []
    begin, held_bads, held_goods = int(starts[0]), 0.0, 0.0
    per_block = (np.add.reduceat(bads, starts), np.add.reduceat(goods, starts))
    for block, (more_bads, more_goods) in enumerate(zip(*per_block, strict=True)):
        held_bads += more_bads
        held_goods += more_goods
        if min(held_bads, held_goods) >= LEAST_OF_CLASS:
            kept.append(begin)
            begin, held_bads, held_goods = int(starts[(block + 1) % len(starts)]), 0.0, 0.0
    # What is left over at the risky end belongs to the last block that was large enough.
    return np.array(kept or [int(starts[0])], dtype=np.int64)
