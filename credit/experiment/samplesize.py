"""How many applicants a comparison needs before it can see a difference that matters."""

from __future__ import annotations

import math
from statistics import NormalDist

from credit.errors import SettingsInvalid

ALPHA, POWER = 0.05, 0.8
"""Two-sided error, and the chance to see a difference that is there: the customary pair."""


def for_two_shares(
    first: float, second: float, *, ratio: float = 1.0, alpha: float = ALPHA, power: float = POWER
) -> float:
    """Applicants of the first arm that a test of two shares needs; the second needs `ratio` times as many.

    With ``q = 1 - p``, ``p̄ = (p₁ + r p₂) / (1 + r)`` and the normal quantiles of ``1 - alpha/2`` and
    ``power``: ``n₁ = (z_a √((r + 1) p̄ q̄) + z_b √(r p₁ q₁ + p₂ q₂))² / (r (p₂ - p₁)²)``.

    Raises
    ------
    SettingsInvalid
        A share outside (0, 1), equal shares, or a level out of range.

    References
    ----------
    Fleiss, J. L., Levin, B., Paik, M. C. (2003). Statistical Methods for Rates and Proportions, 3rd
    ed., chapter 4, unequal sample sizes, without the continuity correction. Wiley.
    doi:10.1002/0471445428

    Examples
    --------
    >>> round(for_two_shares(0.50, 0.75, power=0.90), 1)
    76.7
    """
    if not (0 < first < 1 and 0 < second < 1) or first == second:
        raise SettingsInvalid(
            f"expected two different shares within (0, 1), came {first:g} and {second:g}"
        )
    z_alpha, z_beta = _quantiles(alpha, power, ratio)
    pooled = (first + ratio * second) / (1 + ratio)
    spread = z_alpha * math.sqrt((ratio + 1) * pooled * (1 - pooled))
    spread += z_beta * math.sqrt(ratio * first * (1 - first) + second * (1 - second))
    return spread**2 / (ratio * (second - first) ** 2)


def for_two_means(
    spread: float,
    difference: float,
    *,
    ratio: float = 1.0,
    alpha: float = ALPHA,
    power: float = POWER,
) -> float:
    """Applicants of the first arm that a test of two means needs; the second needs `ratio` times as many.

    ``n₁ = (1 + 1/r) (z_a + z_b)² s² / d²`` for one standard deviation s of both arms.

    Raises
    ------
    SettingsInvalid
        A spread or difference that is not positive, or a level out of range.

    References
    ----------
    Chow, S.-C., Shao, J., Wang, H. (2008). Sample Size Calculations in Clinical Research, 2nd ed.,
    chapter 3, two samples in parallel. Chapman & Hall/CRC.
    """
    if not (spread > 0 and difference > 0):
        raise SettingsInvalid(
            f"expected a positive spread and difference, came {spread:g} and {difference:g}"
        )
    z_alpha, z_beta = _quantiles(alpha, power, ratio)
    return (1 + 1 / ratio) * ((z_alpha + z_beta) * spread / difference) ** 2


def _quantiles(alpha: float, power: float, ratio: float) -> tuple[float, float]:
    if not (0 < alpha < 1 and 0 < power < 1 and 0 < ratio < math.inf):
        raise SettingsInvalid(
            f"expected alpha and power within (0, 1) and a positive ratio, came {alpha:g}, {power:g}, {ratio:g}"
        )
    normal = NormalDist()
    return normal.inv_cdf(1 - alpha / 2), normal.inv_cdf(power)
