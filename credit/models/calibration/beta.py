"""Beta calibration: a line in the log-odds whose two ends may have different slopes."""

from __future__ import annotations

import math
from typing import Self

import numpy as np

from credit.errors import BundleCorrupt
from credit.metrics.sample import FloatArray
from credit.models.base import Labels
from credit.models.calibration.base import STEEPEST, Calibrator
from credit.models.calibration.likelihood import most_likely
from credit.models.calibration.platt import Platt
from credit.models.calibration.sample import calibration_sample

FLATTEST = 0.01
"""Least slope at either end: the published bound of 0 would let PDs of a whole tail tie."""


class Beta(Calibrator, frozen=True, tag="beta", tag_field="method"):
    r"""Beta calibration between bounds: :math:`z(m) = a \ln s - b \ln(1 - s) + c`.

    Here :math:`s = 1 / (1 + e^{-m})`; so z has slope a where the margin is far below 0 (safe
    applicants) and b where it is far above, and a = b is Platt scaling. It expects margins in units
    of log-odds. Both slopes are at least ``FLATTEST``, so it rises everywhere.

    References
    ----------
    Kull, M., Silva Filho, T., Flach, P. (2017). Beta calibration: a well-founded and easily
    implemented improvement on logistic calibration for binary classifiers. AISTATS 20, PMLR 54,
    623-631.
    """

    a: float
    b: float
    c: float

    def __post_init__(self) -> None:
        """Refuse slopes that would not rise."""
        if not (self.a > 0 and self.b > 0 and all(map(math.isfinite, (self.a, self.b, self.c)))):
            raise BundleCorrupt("the calibrator's a and b must be positive and a, b, c finite")

    @classmethod
    def fit(cls, margins: FloatArray, labels: Labels, *, weights: FloatArray | None = None) -> Self:
        """Maximise the likelihood, from Platt's answer on; see :meth:`Calibrator.fit`."""
        sample = calibration_sample(margins, labels, weights)
        start = Platt.fit(margins, labels, weights=weights)
        m = sample.margins
        a, b, c = most_likely(
            sample,
            (-np.logaddexp(0, -m), np.logaddexp(0, m), np.ones_like(m)),
            start=(max(start.slope, FLATTEST), max(start.slope, FLATTEST), start.intercept),
            bounds=((FLATTEST, None), (FLATTEST, None), (None, None)),
        )
        return cls(a=a, b=b, c=c)

    def log_odds(self, margin: float) -> float:
        """Log-odds of bad before the bounds."""
        return self.a * -_softplus(-margin) + self.b * _softplus(margin) + self.c

    def shifted(self, by: float) -> Self:
        """Add to c."""
        return type(self)(a=self.a, b=self.b, c=self.c + by)


def _softplus(x: float) -> float:
    """Natural logarithm of 1 + e^x; each step keeps the order of its inputs also after rounding."""
    return x if x > STEEPEST else math.log1p(math.exp(x))
