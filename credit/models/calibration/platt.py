"""Platt scaling: one slope, one intercept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

import msgspec
import numpy as np

from credit.errors import BundleCorrupt, DataError
from credit.models.calibration.base import Labels, Values, bounded, one_by_one, softplus_loss


class Platt(msgspec.Struct, frozen=True, tag="platt", tag_field="method"):
    r"""Platt scaling between bounds.

    .. math:: PD(m) = \epsilon + (1 - 2\epsilon) / (1 + e^{-(a m + b)})

    with margin :math:`m` (log-odds of bad), slope :math:`a > 0`, intercept :math:`b` and
    :math:`\epsilon` = ``FLOOR``. Source: Platt (1999), Probabilistic outputs for support vector machines;
    the bounds are ours and are part of the likelihood, so they add no bias.
    """

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        """Refuse a slope that would not rise."""
        if not (self.slope > 0 and math.isfinite(self.slope) and math.isfinite(self.intercept)):
            raise BundleCorrupt("the calibrator's slope must be positive and both numbers finite")

    @classmethod
    def fit(cls, margins: Values, labels: Labels, weights: Values | None = None) -> Self:
        """Maximise the likelihood on margins of rows that the model has not learned from.

        Raises
        ------
        DataError
            When risk does not rise with the margin: such a model ranks the wrong way round.
        """
        # A process that only scores does not pay for loading an optimiser.
        from scipy.optimize import minimize

        y = labels.astype(np.float64)
        weight = np.ones(len(y)) if weights is None else weights
        found = minimize(
            lambda x: softplus_loss(x[0] * margins + x[1], y, weight),
            np.array([1.0, 0.0]),
            method="Nelder-Mead",
            options={"xatol": 1e-8, "fatol": 1e-12},
        )
        slope, intercept = map(float, found.x)
        if slope <= 0:
            raise DataError(
                f"risk does not rise with the model's margin (slope {slope:.3g}); nothing was learned"
            )
        return cls(slope=slope, intercept=intercept)

    def probability(self, margin: float) -> float:
        """PD of one margin."""
        return bounded(self.slope * margin + self.intercept)

    def probabilities(self, margins: Sequence[float] | Values) -> Values:
        """PD of many margins, with the same bits."""
        return one_by_one(self, margins)

    def shifted(self, shift: float) -> Platt:
        """Add to the log-odds."""
        return Platt(slope=self.slope, intercept=self.intercept + shift)
