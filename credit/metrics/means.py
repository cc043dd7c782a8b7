"""Means over applicants, such as a cost or a profit, with their intervals."""

from __future__ import annotations

import math

import numpy as np

from credit.metrics.interval import Interval, normal_quantile
from credit.metrics.sample import BoolArray, FloatArray


def mean_interval(
    terms: FloatArray,
    bad: BoolArray,
    level: float,
    *,
    lowest: float = -math.inf,
    highest: float = math.inf,
) -> Interval:
    """Mean of one term per applicant, ``mean ± z s / √n``, cut to what the mean can be.

    Parameters
    ----------
    terms, bad
        Shape ``(n_applicants,)``, at least two rows. A term may be +inf; the mean and both bounds
        are then infinite.
    lowest, highest
        Range of the mean, which a normal interval does not know.
    """
    z = normal_quantile(level)
    estimate = float(terms.mean())
    # The spread of infinite terms is NaN; their mean needs none.
    spread = float(terms.std(ddof=1)) if math.isfinite(estimate) else 0.0
    half = z * spread / math.sqrt(terms.size)
    return Interval(
        estimate=estimate,
        low=max(lowest, estimate - half),
        high=min(highest, estimate + half),
        n=int(bad.size),
        n_bads=int(np.count_nonzero(bad)),
        level=level,
    )


def pointwise_bounds(
    total: FloatArray, total_of_squares: FloatArray, n: int, level: float
) -> tuple[FloatArray, FloatArray]:
    """Bounds of many means of ``n`` terms at once, as :func:`mean_interval` gives for each.

    Parameters
    ----------
    total, total_of_squares
        Sums of the terms and of their squares, any shape.

    Returns
    -------
    Lower and upper bounds of ``total / n``, same shape. Each is for one mean stated beforehand: the
    band as a whole covers less often than ``level``.
    """
    mean = total / n
    # Rounding may take a variance of nothing below zero.
    variance = np.maximum(total_of_squares / n - mean**2, 0) * n / (n - 1)
    half = normal_quantile(level) * np.sqrt(variance / n)
    return mean - half, mean + half
