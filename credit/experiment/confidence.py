"""Bounds of a mean, and of a difference of two means, that hold at every look.

An ordinary interval is for one look at a size that was fixed beforehand. Whoever looks after every
decision and stops when it excludes zero is wrong far more often than it says. The bounds here hold
at all sizes at once: with probability ``1 - alpha`` the truth is never outside of them, so people and
programs may look whenever they like, and stop because of what they see.

They are asymptotic confidence sequences: the normal mixture of Robbins, with the variance estimated.
After n values of mean m and standard deviation s they are

    ``m ± s √( 2 (n r² + 1) / (n² r²) · log( √(n r² + 1) / alpha ) )``

where r² chooses the size at which they are tightest (:func:`tuning`). For a difference of the means of
two independent arms, s²/n is replaced by ``s₁²/n₁ + s₀²/n₀`` and n by ``n₁n₀ / (n₁ + n₀)``, to which
the information on the difference is proportional.

"Asymptotic" means that the promise is exact for normal values of known variance, and otherwise reached as
the first look comes later; so nothing is concluded below :data:`LEAST` values of either arm. For shares it
is not reached by then: of events with a rate of 1 in 20, bounds for 5% were wrong in 7 of 100 runs.
`credit.experiment.rates` is exact.

References
----------
Waudby-Smith, I., Arbour, D., Sinha, R., Kennedy, E. H., Ramdas, A. (2021). Time-uniform central
limit theory and asymptotic confidence sequences. arXiv:2103.06476, theorem 2.2 and appendix B.2.

Robbins, H. (1970). Statistical methods related to the law of the iterated logarithm. Annals of
Mathematical Statistics 41, 1397-1409. doi:10.1214/aoms/1177696786

Howard, S. R., Ramdas, A., McAuliffe, J., Sekhon, J. (2021). Time-uniform, nonparametric,
nonasymptotic confidence sequences. Annals of Statistics 49, 1055-1080. doi:10.1214/20-AOS1991
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import lambertw

from credit.errors import SettingsInvalid
from credit.experiment.sums import FloatArray, Sums

TIGHTEST_AT = 1_000
"""Values at which a bound is tightest: 1,250 decisions of a challenger that has a fifth of them.

It matters little: at a tenth and at ten times as many, bounds are 26% and 7% wider than they could be at
alpha 0.05, and 16% and 4% at alpha 0.00125.
"""

LEAST = 200
"""Values of each arm below which nothing is concluded, because the central limit theorem has to hold."""


class Bounds(NamedTuple):
    """What lies between is not excluded; infinite where nothing can be said yet."""

    low: float
    high: float

    def meet(self, other: Bounds) -> Bounds:
        """What neither excludes. Bounds of one sequence all hold at once, so those of all looks may be met."""
        return Bounds(max(self.low, other.low), min(self.high, other.high))


UNKNOWN = Bounds(-math.inf, math.inf)


def mean_bounds(
    sums: Sums, alpha: float, *, tightest_at: float = TIGHTEST_AT, least: int = LEAST
) -> Bounds:
    """Bound a mean at every look.

    Parameters
    ----------
    sums
        All values until now.
    alpha
        Probability that the mean is ever outside, within (0, 1).
    tightest_at
        Number of values at which the bounds are to be tightest.
    least
        Number of values, at least 2, below which nothing is concluded.

    Raises
    ------
    SettingsInvalid
        When `alpha`, `tightest_at` or `least` is out of range.

    Examples
    --------
    >>> low, high = mean_bounds(Sums(1_000, 0.0, 1_000.0), 0.05)
    >>> round(low, 4), round(high, 4)
    (-0.096, 0.096)
    """
    _check(least)
    low, high = bounds_of_means(
        np.float64(sums.n), sums.mean, _variance_of_mean(sums), alpha, tightest_at
    )
    return Bounds(float(low), float(high)) if sums.n >= least else UNKNOWN


def difference_bounds(
    first: Sums,
    second: Sums,
    alpha: float,
    *,
    tightest_at: float = TIGHTEST_AT,
    least: int = LEAST,
) -> Bounds:
    """Bound the difference of two means, first less second, at every look.

    Parameters
    ----------
    first, second
        Two independent arms over the same time; their sizes need not be equal.
    alpha, tightest_at, least
        As for :func:`mean_bounds`; `tightest_at` counts ``n₁n₀ / (n₁ + n₀)``, `least` each arm.

    Raises
    ------
    SettingsInvalid
        When `alpha`, `tightest_at` or `least` is out of range.
    """
    _check(least)
    n = np.float64(first.n * second.n / max(1, first.n + second.n))
    variance = _variance_of_mean(first) + _variance_of_mean(second)
    low, high = bounds_of_means(n, first.mean - second.mean, variance, alpha, tightest_at)
    return Bounds(float(low), float(high)) if min(first.n, second.n) >= least else UNKNOWN


def bounds_of_means(
    n: ArrayLike, mean: ArrayLike, variance: ArrayLike, alpha: float, tightest_at: float
) -> tuple[FloatArray, FloatArray]:
    """Bound many means at once; what the other functions do, without a least size.

    Parameters
    ----------
    n
        Sizes, any shape.
    mean, variance
        Estimates and the variances of these estimates (s²/n), same shape.
    """
    half = np.sqrt(np.asarray(variance, dtype=np.float64)) * multiplier(n, alpha, tightest_at)
    centre = np.asarray(mean, dtype=np.float64)
    return centre - half, centre + half


def multiplier(n: ArrayLike, alpha: float, tightest_at: float = TIGHTEST_AT) -> FloatArray:
    """Standard errors on either side of an estimate, where a single look would take 1.96; infinite at 0.

    >>> round(float(multiplier(1_000, 0.05)), 3)
    3.035
    """
    scaled = np.asarray(n, dtype=np.float64) * tuning(alpha, tightest_at)
    with np.errstate(divide="ignore"):
        squared = 2 * (1 + 1 / scaled) * (np.log1p(scaled) / 2 - math.log(alpha))
    return np.asarray(np.sqrt(squared), dtype=np.float64)


def tuning(alpha: float, tightest_at: float) -> float:
    """Return r² for bounds that are tightest at a size.

    The square of the half width is proportional to ``(1 + 1/x) (log(1 + x) - 2 log alpha)`` with
    ``x = n r²``; its derivative is zero at ``x = -W(-alpha²/e) - 1``, W the lower branch of Lambert's
    function.

    Raises
    ------
    SettingsInvalid
        When `alpha` is not within (0, 1), or `tightest_at` is not positive.
    """
    if not 0 < alpha < 1:
        raise SettingsInvalid(f"alpha: expected within (0, 1), came {alpha:g}")
    if not 0 < tightest_at < math.inf:
        raise SettingsInvalid(f"tightest_at: expected a positive size, came {tightest_at:g}")
    at_its_best = -float(np.real(lambertw(-(alpha**2) / math.e, k=-1))) - 1
    return at_its_best / tightest_at


def _variance_of_mean(sums: Sums) -> float:
    if sums.n < 2:  # noqa: PLR2004 - one value has no spread
        return math.inf
    # Rounding may take a variance of nothing below zero.
    spread = max(0.0, sums.squares - sums.total * sums.mean) / (sums.n - 1)
    return spread / sums.n


def _check(least: int) -> None:
    if least < 2:  # noqa: PLR2004 - one value has no spread
        raise SettingsInvalid(f"least: expected at least 2 values, came {least}")
