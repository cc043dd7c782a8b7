"""Platt scaling: a straight line in the log-odds."""

from __future__ import annotations

import math
from typing import Self

import numpy as np

from credit.errors import BundleCorrupt, DataError
from credit.metrics.sample import FloatArray
from credit.models.base import Labels
from credit.models.calibration.base import FLOOR, Calibrator
from credit.models.calibration.likelihood import most_likely
from credit.models.calibration.sample import calibration_sample


class Platt(Calibrator, frozen=True, tag="platt", tag_field="method"):
    r"""Platt scaling between bounds: :math:`z(m) = a m + b` with slope :math:`a > 0`.

    Two numbers, so a few dozen bads suffice; it cannot bend. The bounds are ours and are part of
    the likelihood, so they add no bias.

    References
    ----------
    Platt, J. (1999). Probabilistic outputs for support vector machines and comparisons to
    regularized likelihood methods. Advances in Large Margin Classifiers, 61-74. MIT Press.
    """

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        """Refuse a slope that would not rise."""
        if not (self.slope > 0 and math.isfinite(self.slope) and math.isfinite(self.intercept)):
            raise BundleCorrupt("the calibrator's slope must be positive and both numbers finite")

    @classmethod
    def fit(cls, margins: FloatArray, labels: Labels, *, weights: FloatArray | None = None) -> Self:
        """Maximise the likelihood; see :meth:`Calibrator.fit`."""
        sample = calibration_sample(margins, labels, weights)
        centre, unit = float(sample.margins.mean()), float(sample.margins.std())
        if unit == 0:
            raise DataError("the model gives every row one margin; nothing was learned")
        # In units of their spread, so that the search does not depend on the margin's own unit.
        standard = (sample.margins - centre) / unit
        steepness, level = most_likely(
            sample,
            (standard, np.ones_like(standard)),
            start=(1.0, 0.0),
            bounds=((None, None), (None, None)),
        )
        slope = steepness / unit
        if slope <= 0:
            raise DataError(
                f"risk does not rise with the model's margin (slope {slope:.3g}); nothing was learned"
            )
        return cls(slope=slope, intercept=level - slope * centre)

    def log_odds(self, margin: float) -> float:
        """Log-odds of bad before the bounds."""
        return self.slope * margin + self.intercept

    def shifted(self, by: float) -> Self:
        """Add to the intercept."""
        return type(self)(slope=self.slope, intercept=self.intercept + by)

    def probability(self, margin: float) -> float:
        """PD of one margin.

        Bundles of before there was another method hold golden rows in the bits of this form, which
        can swap the last bit of two PDs whose margins are one rounding apart.
        """
        z = self.log_odds(margin)
        if z >= 0:
            sigmoid = 1.0 / (1.0 + math.exp(-z))
        else:
            odds = math.exp(z)
            sigmoid = odds / (1.0 + odds)
        return FLOOR + (1.0 - 2.0 * FLOOR) * sigmoid
