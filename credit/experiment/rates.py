"""Exact bounds of a rate, and of a difference of two, that hold at every look.

Of 3 failures in 4,000 requests no central limit theorem holds, and of 10 slow answers in 200 hardly. But
against a rate p, after s events in n trials, the likelihood ratio averaged over all rates with a Beta(a, b)
distribution,

    ``M(p) = B(a + s, b + n - s) / B(a, b) / ( pˢ (1 - p)ⁿ⁻ˢ )``,

is a martingale that begins at 1 when p is the truth. It then ever reaches ``1/alpha`` with a probability
of at most alpha (Ville's inequality), at any n, with no approximation. So the rates at which it has
not reached it are bounds at every look. log M is convex in p with its least value at s/n, hence they are
an interval, and its ends are found by halving.

A = b = 1/2, Jeffreys' distribution, is sharp at rates near 0 and loses little elsewhere.

References
----------
Ville, J. (1939). Étude critique de la notion de collectif. Gauthier-Villars, Paris.

Robbins, H. (1970). Statistical methods related to the law of the iterated logarithm. Annals of
Mathematical Statistics 41, 1397-1409. doi:10.1214/aoms/1177696786

Howard, S. R., Ramdas, A., McAuliffe, J., Sekhon, J. (2021). Time-uniform, nonparametric,
nonasymptotic confidence sequences. Annals of Statistics 49, 1055-1080. doi:10.1214/20-AOS1991
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import betaln, xlog1py, xlogy

from credit.errors import DataError, SettingsInvalid
from credit.experiment.confidence import Bounds
from credit.experiment.sums import FloatArray

JEFFREYS = 0.5

_HALVINGS = 45
"""Steps that find an end of the interval to within 3e-14; what is returned lies outside of it."""


def rate_bounds(n_events: int, n: int, alpha: float) -> Bounds:
    """Bound a rate at every look.

    Parameters
    ----------
    n_events, n
        Events and trials until now; no trials leave everything open.
    alpha
        Probability that the rate is ever outside, within (0, 1).

    Raises
    ------
    DataError
        More events than trials, or fewer than none.
    SettingsInvalid
        When `alpha` is out of range.

    Examples
    --------
    >>> low, high = rate_bounds(3, 4_000, 0.05)
    >>> round(low, 6), round(high, 6)
    (2.4e-05, 0.00381)
    """
    low, high = bounds_of_rates(n_events, n, alpha)
    return Bounds(float(low), float(high))


def rate_difference_bounds(first: tuple[int, int], second: tuple[int, int], alpha: float) -> Bounds:
    """Bound the difference of two rates, first less second, at every look.

    Each rate is bounded with half of alpha; then the difference is between what the bounds leave.

    Parameters
    ----------
    first, second
        Events and trials of each.

    Raises
    ------
    DataError, SettingsInvalid
        As :func:`rate_bounds`.
    """
    a, b = rate_bounds(*first, alpha / 2), rate_bounds(*second, alpha / 2)
    return Bounds(a.low - b.high, a.high - b.low)


def bounds_of_rates(
    n_events: ArrayLike, n: ArrayLike, alpha: float
) -> tuple[FloatArray, FloatArray]:
    """Bound many rates at once, as :func:`rate_bounds` does for each; any shape."""
    if not 0 < alpha < 1:
        raise SettingsInvalid(f"alpha: expected within (0, 1), came {alpha:g}")
    events, trials = np.broadcast_arrays(
        np.asarray(n_events, dtype=np.float64), np.asarray(n, dtype=np.float64)
    )
    if np.any(events < 0) or np.any(events > trials):
        raise DataError(
            "rate: expected 0 <= events <= trials, came more events, or fewer than none"
        )
    mixed = _log_mixture(events, trials)
    # Against the observed rate no evidence can be; against the ends of the range, the most.
    inside = np.where(trials > 0, events / np.maximum(trials, 1), 0.5) + np.zeros(
        (2, *trials.shape)
    )
    outside = np.stack([np.zeros_like(trials), np.ones_like(trials)])
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        is_open = mixed - _log_likelihood(events, trials, middle) < -math.log(alpha)
        inside, outside = np.where(is_open, middle, inside), np.where(is_open, outside, middle)
    # With no event, or nothing but events, the likelihood has its peak at the end of the range itself.
    return np.where(events == 0, 0.0, outside[0]), np.where(events == trials, 1.0, outside[1])


def log_evidence(n_events: ArrayLike, n: ArrayLike, rate: ArrayLike) -> FloatArray:
    """Log of the martingale M against a rate; infinite against one that what happened excludes."""
    events, trials = np.asarray(n_events, np.float64), np.asarray(n, np.float64)
    against = _log_likelihood(events, trials, np.asarray(rate, np.float64))
    return np.asarray(_log_mixture(events, trials) - against)


def _log_mixture(events: FloatArray, trials: FloatArray) -> FloatArray:
    mixed: FloatArray = betaln(JEFFREYS + events, JEFFREYS + trials - events)
    return mixed - float(betaln(JEFFREYS, JEFFREYS))


def _log_likelihood(events: FloatArray, trials: FloatArray, rate: FloatArray) -> FloatArray:
    found: FloatArray = xlogy(events, rate) + xlog1py(trials - events, -rate)
    return found
