"""An observed share, such as a bad rate, and the difference of two, with their intervals."""

from __future__ import annotations

import math

from credit.errors import DataError
from credit.metrics.interval import Interval, normal_quantile


def wilson_interval(n_bads: int, n: int, level: float = 0.95) -> Interval:
    """Wilson score interval of a bad rate.

    With p = n_bads / n and z the normal quantile, the bounds are
    ``(p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n)``. Unlike p ± z·SE it stays within [0, 1]
    and keeps its coverage at the few bads per bin that credit data give.

    Raises
    ------
    DataError
        No rows, or a number of bads outside ``0..n``.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference.
    Journal of the American Statistical Association 22, 209-212. doi:10.1080/01621459.1927.10502953

    Examples
    --------
    >>> print(wilson_interval(1, 10))
    0.1000 [0.0179, 0.4042]
    """
    if not 0 <= n_bads <= n or n == 0:
        raise DataError(f"bad rate: expected 0 <= n_bads <= n and n > 0, came {n_bads} of {n}")
    z = normal_quantile(level)
    rate = n_bads / n
    shrink = 1 + z * z / n
    centre = (rate + z * z / (2 * n)) / shrink
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / shrink
    # At 0 and at n bads a bound equals the rate, but for rounding.
    low = 0.0 if n_bads == 0 else centre - half
    high = 1.0 if n_bads == n else centre + half
    return Interval(estimate=rate, low=low, high=high, n=n, n_bads=n_bads, level=level)


def newcombe_interval(
    first: tuple[int, int], second: tuple[int, int], level: float = 0.95
) -> Interval:
    """Newcombe's interval of the difference of two independent shares, first less second.

    With shares p and q and their Wilson bounds, from ``d - √((p - p_low)² + (q_high - q)²)`` to
    ``d + √((p_high - p)² + (q - q_low)²)`` with ``d = p - q``. It stays within [-1, 1].

    Parameters
    ----------
    first, second
        Rows that count, and rows, of each share, as for :func:`wilson_interval`; ``n_bads`` and
        ``n`` of the result are their sums.

    References
    ----------
    Newcombe, R. G. (1998). Interval estimation for the difference between independent proportions:
    comparison of eleven methods. Statistics in Medicine 17, 873-890.
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I

    Examples
    --------
    >>> print(newcombe_interval((56, 70), (48, 80)))
    0.2000 [0.0524, 0.3339]
    """
    p, q = wilson_interval(*first, level), wilson_interval(*second, level)
    difference = p.estimate - q.estimate
    return Interval(
        estimate=difference,
        low=difference - math.hypot(p.estimate - p.low, q.high - q.estimate),
        high=difference + math.hypot(p.high - p.estimate, q.estimate - q.low),
        n=p.n + q.n,
        n_bads=p.n_bads + q.n_bads,
        level=level,
    )
