"""Beta calibration: the two tails may bend apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

import msgspec
import numpy as np

from credit.errors import BundleCorrupt, DataError
from credit.models.calibration.base import Labels, Values, bounded, one_by_one, softplus_loss


class Beta(msgspec.Struct, frozen=True, tag="beta", tag_field="method"):
    r"""Beta calibration between bounds.

    .. math:: \operatorname{logit} p = a \ln s - b \ln(1 - s) + c, \quad s = 1 / (1 + e^{-m})

    with margin :math:`m` and :math:`a, b \ge 0`, not both 0, so that it rises. With :math:`a = b` it is
    Platt scaling; otherwise the safe tail has slope :math:`a` and the risky one :math:`b`.

    References
    ----------
    Kull, M., Silva Filho, T., Flach, P. (2017). Beta calibration: a well-founded and easily implemented
    improvement on logistic calibration for binary classifiers. AISTATS 20, PMLR 54, 623-631.
    """

    a: float
    b: float
    c: float

    def __post_init__(self) -> None:
        """Refuse slopes that would not rise: each tail needs one above 0."""
        finite = all(map(math.isfinite, (self.a, self.b, self.c)))
        if not (finite and self.a > 0 and self.b > 0):
            raise BundleCorrupt("the calibrator's slopes must be positive and all numbers finite")

    @classmethod
    def fit(cls, margins: Values, labels: Labels, weights: Values | None = None) -> Self:
        """Maximise the likelihood on margins of rows that the model has not learned from.

        Raises
        ------
        DataError
            When risk does not rise with the margin.
        """
        from scipy.optimize import minimize

        y = labels.astype(np.float64)
        weight = np.ones(len(y)) if weights is None else weights
        # ln s and ln(1 - s) of the sigmoid, without overflow on either side.
        safe, risky = -np.logaddexp(0.0, -margins), np.logaddexp(0.0, margins)
        found = minimize(
            lambda x: softplus_loss(x[0] * safe + x[1] * risky + x[2], y, weight),
            np.array([1.0, 1.0, 0.0]),
            method="L-BFGS-B",
            bounds=[(SMALLEST_SLOPE, None), (SMALLEST_SLOPE, None), (None, None)],
            options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 500},
        )
        a, b, c = map(float, found.x)
        if a <= SMALLEST_SLOPE and b <= SMALLEST_SLOPE:
            raise DataError(
                "risk does not rise with the model's margin (both slopes 0); nothing was learned"
            )
        return cls(a=a, b=b, c=c)

    def probability(self, margin: float) -> float:
        """PD of one margin."""
        return bounded(self.a * _log_sigmoid(margin) - self.b * _log_sigmoid(-margin) + self.c)

    def probabilities(self, margins: Sequence[float] | Values) -> Values:
        """PD of many margins, with the same bits."""
        return one_by_one(self, margins)

    def shifted(self, shift: float) -> Beta:
        """Add to the log-odds."""
        return Beta(a=self.a, b=self.b, c=self.c + shift)


SMALLEST_SLOPE = 1e-3
"""A flat tail would give different applicants one PD."""


def _log_sigmoid(margin: float) -> float:
    if margin >= 0:
        return -math.log1p(math.exp(-margin))
    return margin - math.log1p(math.exp(margin))
