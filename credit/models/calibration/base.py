"""What every calibrator is: a strictly rising map from raw margin to PD, bounded away from 0 and 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

FLOOR = 1e-4
"""PD lies in [FLOOR, 1 - FLOOR]: nobody is certain, and every score and every log loss stays finite."""

Values = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]


class Calibrator(Protocol):
    """From the log-odds of bad of a model to a probability that means what it says."""

    def probability(self, margin: float) -> float:
        """PD of one margin, by scalar libm: numpy's exp differs between CPUs."""
        ...

    def probabilities(self, margins: Sequence[float] | Values) -> Values:
        """PD of many margins, one at a time, with the bits of :meth:`probability`."""
        ...

    def shifted(self, shift: float) -> Calibrator:
        """Add to the log-odds, as for another prior rate of bads."""
        ...


def bounded(log_odds: float) -> float:
    """PD of calibrated log-odds, between the bounds."""
    if log_odds >= 0:
        sigmoid = 1.0 / (1.0 + math.exp(-log_odds))
    else:
        odds = math.exp(log_odds)
        sigmoid = odds / (1.0 + odds)
    return FLOOR + (1.0 - 2.0 * FLOOR) * sigmoid


def unbounded(prob: float) -> float:
    """Log-odds that :func:`bounded` takes to this PD.

    PDs at the bounds have none; those a rounding error away from them get the farthest.
    """
    share = (prob - FLOOR) / (1.0 - 2.0 * FLOOR)
    share = min(max(share, 1e-12), 1.0 - 1e-12)
    return math.log(share) - math.log1p(-share)


def one_by_one(calibrator: Calibrator, margins: Sequence[float] | Values) -> Values:
    """PDs of many margins through the scalar function."""
    return np.array([calibrator.probability(float(m)) for m in margins], dtype=np.float64)


def softplus_loss(log_odds: Values, labels: Values, weights: Values) -> float:
    """Mean negative log-likelihood of the bounded PD."""
    z = np.clip(log_odds, -700, 700)
    p = FLOOR + (1 - 2 * FLOOR) / (1 + np.exp(-z))
    terms = labels * np.log(p) + (1 - labels) * np.log1p(-p)
    return float(-np.average(terms, weights=weights))
