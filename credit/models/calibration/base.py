"""What every calibrator is: a strictly rising, bounded map from raw margin to probability of default."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Self

import msgspec
import numpy as np

from credit.metrics.sample import FloatArray
from credit.models.base import Labels

FLOOR = 1e-4
"""PD lies in [FLOOR, 1 - FLOOR]: nobody is certain, and every score and every log loss stays finite."""

STEEPEST = 700.0
"""Log-odds are taken as this where they lie further from 0: ``exp`` overflows at 710."""


class Calibrator(msgspec.Struct, frozen=True):
    r"""From margin to PD: log-odds that rise with the margin, then a sigmoid between bounds.

    .. math:: PD(m) = \epsilon + (1 - 2\epsilon) / (1 + e^{-z(m)})

    with margin :math:`m` (log-odds of bad, higher = riskier), :math:`\epsilon` = ``FLOOR`` and the
    rising :math:`z` that a subclass brings. Every z can be moved by a constant, so a calibrator has
    a level that can be set without touching its shape.

    Strictly increasing means: PDs of two margins differ, in the same direction, wherever float64
    can tell them apart. Further out than 36 units of log-odds it cannot, and they tie.

    The scoring path uses scalar ``math`` only: numpy's ``exp`` differs between CPUs.
    """

    @classmethod
    def fit(
        cls, margins: FloatArray, labels: Labels, *, weights: FloatArray | None = None
    ) -> Calibrator:
        """Learn from margins of rows that the model has not learned from.

        Called on this class it chooses the method as :func:`choose_calibrator` does; called on a
        method, it fits that one.

        Parameters
        ----------
        margins, labels
            One margin and one outcome (1 = bad) per row, shape ``(n_rows,)``.
        weights
            Positive weight of each row; only their ratios matter. None: all rows count alike.

        Raises
        ------
        DataError
            When risk does not rise with the margin (such a model ranks the wrong way round), or as
            :func:`~credit.models.calibration.sample.calibration_sample`.
        """
        # The choice imports every method, and every method this class.
        from credit.models.calibration.choose import choose_calibrator

        return choose_calibrator(margins, labels, weights=weights)

    def log_odds(self, margin: float) -> float:
        """Log-odds of bad before the bounds, z of one margin; never falls with the margin."""
        raise NotImplementedError

    def shifted(self, by: float) -> Self:
        """Return this calibrator with ``by`` added to its log-odds: the same shape at another level."""
        raise NotImplementedError

    def probability(self, margin: float) -> float:
        """PD of one margin."""
        return bounded(self.log_odds(margin))

    def probabilities(self, margins: Sequence[float] | FloatArray) -> FloatArray:
        """PD of many margins, one at a time, with the bits of :meth:`probability`."""
        return np.array([self.probability(float(m)) for m in margins], dtype=np.float64)


def bounded(z: float) -> float:
    """PD of log-odds before the bounds.

    Written so that each step keeps the order of its inputs also after rounding; the customary
    second form for negative z, ``e^z / (1 + e^z)``, does not.
    """
    return FLOOR + (1.0 - 2.0 * FLOOR) * (1.0 / (1.0 + math.exp(min(-z, STEEPEST))))


def unbounded(prob_default: float) -> float:
    """Inverse of :func:`bounded`, for a PD within (FLOOR, 1 - FLOOR)."""
    share = (prob_default - FLOOR) / (1.0 - 2.0 * FLOOR)
    return math.log(share / (1.0 - share))
