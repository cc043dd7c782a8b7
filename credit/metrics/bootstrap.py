"""Bootstrap intervals of AUC and KS."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from credit.metrics.interval import Interval
from credit.metrics.resampling import percentile_interval, reflected_interval
from credit.metrics.sample import IntArray, checked_pair


def bootstrap_auc(
    y: ArrayLike,
    risk: ArrayLike,
    level: float = 0.95,
    *,
    n_resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """AUC with the percentile interval of a stratified bootstrap.

    Goods and bads are drawn with replacement apart, each class to its own size, and the interval
    holds the middle ``level`` of the resampled AUCs. It agrees with
    :func:`~credit.metrics.discrimination.auc_interval` on all but small samples, where that one is
    the better: a perfect ranking stays perfect in every resample, and the interval here has no
    width. The same seed gives the same interval.

    A resample costs O(n) without sorting: 1,000 of them on 30,000 rows take well under a second.

    References
    ----------
    Davison, A. C., Hinkley, D. V. (1997). Bootstrap Methods and their Application, sections 3.2
    and 5.3. Cambridge University Press. doi:10.1017/CBO9780511802843
    """
    bad, values = checked_pair(y, risk, "risk")
    return percentile_interval(
        bad, values, auc_of_counts, level, n_resamples=n_resamples, seed=seed
    )


def ks_interval(
    y: ArrayLike,
    risk: ArrayLike,
    level: float = 0.95,
    *,
    n_resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """KS with the basic interval of a stratified bootstrap.

    KS is the largest of many gaps, so a resample fits its own chance on top of that of the sample
    and lies too high; :func:`~credit.metrics.resampling.basic_interval` takes that bias off once.
    Of normal classes 1.2 apart, with 200 resamples, the 95 % interval held the truth in 94 of 100
    samples of 5,000 with 500 bads, and in 88 of 100 samples of 600 with 60. A perfect
    ranking has no width here. The same seed gives the same interval.
    """
    bad, values = checked_pair(y, risk, "risk")
    return reflected_interval(bad, values, ks_of_counts, level, n_resamples=n_resamples, seed=seed)


def auc_of_counts(goods: IntArray, bads: IntArray) -> float:
    """AUC from the goods and bads at each distinct risk, safest first.

    Every bad outranks the goods below it and half of those at its own risk.
    """
    # Twice the number of goods outranked, in whole numbers, so that nothing is rounded.
    twice_outranked = 2 * np.cumsum(goods) - goods
    return float((bads * twice_outranked).sum() / (2 * bads.sum() * goods.sum()))


def ks_of_counts(goods: IntArray, bads: IntArray) -> float:
    """KS from the goods and bads at each distinct risk."""
    gap = np.cumsum(bads) / bads.sum() - np.cumsum(goods) / goods.sum()
    return float(np.abs(gap).max())
