"""How well a risk ranks bads above goods: AUC, Gini and KS.

Every function takes the target (1 = bad) and a *risk*: any number that is higher for a worse
applicant, such as PD or the log-odds of bad. For a score, which is higher for a safer applicant,
pass its negative.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from credit.metrics.interval import Interval, normal_quantile
from credit.metrics.ranks import midranks
from credit.metrics.sample import BoolArray, FloatArray, checked_pair


def auc(y: ArrayLike, risk: ArrayLike) -> float:
    """Area under the ROC curve: P(risk of a bad > risk of a good), a tie counting one half.

    From the Mann-Whitney statistic: ``AUC = (R - m(m+1)/2) / (m n)``, where R sums the mid-ranks of
    the m bads among all rows and n counts the goods.

    References
    ----------
    Mann, H. B., Whitney, D. R. (1947). On a test of whether one of two random variables is
    stochastically larger than the other. Annals of Mathematical Statistics 18, 50-60.
    doi:10.1214/aoms/1177730491

    Examples
    --------
    >>> auc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8])
    0.75
    """
    bad, values = checked_pair(y, risk, "risk")
    return _auc_from_ranks(bad, midranks(values))


def gini(y: ArrayLike, risk: ArrayLike) -> float:
    """Gini coefficient (accuracy ratio), ``2 AUC - 1``: 0 for no ranking, 1 for a perfect one."""
    return 2 * auc(y, risk) - 1


def gini_interval(y: ArrayLike, risk: ArrayLike, level: float = 0.95) -> Interval:
    """Gini with DeLong's interval: that of :func:`auc_interval`, carried by ``2 A - 1``."""
    area = auc_interval(y, risk, level)
    return replace(
        area,
        estimate=2 * area.estimate - 1,
        low=2 * area.low - 1,
        high=2 * area.high - 1,
    )


def ks(y: ArrayLike, risk: ArrayLike) -> float:
    """Kolmogorov-Smirnov distance: the largest gap between the risks of bads and of goods.

    ``KS = max over t of |F_bad(t) - F_good(t)|``. The gap is taken at the end of a run of ties,
    never within it, so rows of equal risk cannot be split and an all-tied risk has KS 0.
    """
    bad, values = checked_pair(y, risk, "risk")
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    bads_so_far = np.cumsum(bad[order])
    goods_so_far = np.arange(1, bad.size + 1) - bads_so_far
    ends_a_tie = np.append(ordered[1:] != ordered[:-1], True)
    gap = np.abs(bads_so_far / bads_so_far[-1] - goods_so_far / goods_so_far[-1])
    return float(gap[ends_a_tie].max())


def auc_interval(y: ArrayLike, risk: ArrayLike, level: float = 0.95) -> Interval:
    """AUC with DeLong's interval, on the logit scale.

    For each bad, V10 is the share of goods that it outranks; for each good, V01 the share of bads
    that outrank it (ties one half). ``Var(AUC) = s²(V10)/m + s²(V01)/n``, computed from mid-ranks
    in O(N log N) instead of over all m·n pairs. The interval is ``logit(A) ± z √Var / (A (1 - A))``
    with A the AUC, carried back, so that it stays within (0, 1) and is not too short near 1.

    Where that variance says nothing:

    * Perfect ranking (AUC 1; 0 likewise): s² is zero, yet a small sample proves little. The sample
      holds k = min(m, n) disjoint pairs of one bad and one good, all ranked rightly, which has
      probability AUC^k. The bound is the exact one of Clopper and Pearson for k successes of k:
      ``((1 - level) / 2)^(1/k)``.
    * One bad or one good: no variance can be estimated, and the interval is [0, 1].

    An all-tied risk has AUC 1/2 exactly, in every sample, and its interval has no width.

    References
    ----------
    DeLong, E. R., DeLong, D. M., Clarke-Pearson, D. L. (1988). Comparing the areas under two or
    more correlated receiver operating characteristic curves. Biometrics 44, 837-845.
    doi:10.2307/2531595

    Sun, X., Xu, W. (2014). Fast implementation of DeLong's algorithm. IEEE Signal Processing
    Letters 21, 1389-1393. doi:10.1109/LSP.2014.2337313

    Clopper, C. J., Pearson, E. S. (1934). The use of confidence or fiducial limits illustrated in
    the case of the binomial. Biometrika 26, 404-413. doi:10.1093/biomet/26.4.404
    """
    bad, values = checked_pair(y, risk, "risk")
    z = normal_quantile(level)
    ranks = midranks(values)
    estimate = _auc_from_ranks(bad, ranks)
    n_bads = int(np.count_nonzero(bad))
    n_pairs = min(n_bads, bad.size - n_bads)

    if n_pairs == 1:
        low, high = 0.0, 1.0
    elif estimate in (0.0, 1.0):
        bound = ((1 - level) / 2) ** (1 / n_pairs)
        low, high = (bound, 1.0) if estimate == 1.0 else (0.0, 1 - bound)
    else:
        centre = math.log(estimate / (1 - estimate))
        half = z * math.sqrt(_delong_variance(bad, values, ranks)) / (estimate * (1 - estimate))
        low, high = _logistic(centre - half), _logistic(centre + half)
    return Interval(
        estimate=estimate, low=low, high=high, n=int(bad.size), n_bads=n_bads, level=level
    )


def _auc_from_ranks(bad: BoolArray, ranks: FloatArray) -> float:
    m = int(np.count_nonzero(bad))
    n = bad.size - m
    return float((ranks[bad].sum() - m * (m + 1) / 2) / (m * n))


def _delong_variance(bad: BoolArray, values: FloatArray, ranks: FloatArray) -> float:
    m = int(np.count_nonzero(bad))
    n = bad.size - m
    # A rank among all rows, less the rank within the own class, counts the rows of the other class
    # below.
    goods_below = (ranks[bad] - midranks(values[bad])) / n
    bads_above = 1 - (ranks[~bad] - midranks(values[~bad])) / m
    return float(goods_below.var(ddof=1) / m + bads_above.var(ddof=1) / n)


def _logistic(x: float) -> float:
    # The half-logistic of tanh never overflows, whichever the sign.
    return 0.5 * (1 + math.tanh(x / 2))
