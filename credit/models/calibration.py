"""From raw margin to probability of default: strictly increasing, bounded away from 0 and 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

import msgspec
import numpy as np
import numpy.typing as npt

from credit.errors import BundleCorrupt, DataError

FLOOR = 1e-4
"""PD lies in [FLOOR, 1 - FLOOR]: nobody is certain, and every score and every log loss stays finite."""


class Calibrator(msgspec.Struct, frozen=True):
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
    def fit(cls, margins: npt.NDArray[np.float64], labels: npt.NDArray[np.int8]) -> Self:
        """Maximise the likelihood on margins of rows that the model has not learned from.

        Raises
        ------
        DataError
            When risk does not rise with the margin: such a model ranks the wrong way round.
        """
        # A process that only scores does not pay for loading an optimiser.
        from scipy.optimize import minimize

        y = labels.astype(np.float64)

        def loss(parameters: npt.NDArray[np.float64]) -> float:
            slope, intercept = parameters
            z = np.clip(slope * margins + intercept, -700, 700)
            p = FLOOR + (1 - 2 * FLOOR) / (1 + np.exp(-z))
            return float(-np.mean(y * np.log(p) + (1 - y) * np.log1p(-p)))

        found = minimize(
            loss,
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
        """PD of one margin, by scalar libm: numpy's exp differs between CPUs."""
        z = self.slope * margin + self.intercept
        if z >= 0:
            sigmoid = 1.0 / (1.0 + math.exp(-z))
        else:
            odds = math.exp(z)
            sigmoid = odds / (1.0 + odds)
        return FLOOR + (1.0 - 2.0 * FLOOR) * sigmoid

    def probabilities(
        self, margins: Sequence[float] | npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float64]:
        """PD of many margins, one at a time, with the bits of :meth:`probability`."""
        return np.array([self.probability(float(m)) for m in margins], dtype=np.float64)
