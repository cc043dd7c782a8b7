"""DeLong's test: whether one of two finished models ranks the same applicants better."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from credit.errors import DataError
from credit.metrics.discrimination import auc_interval
from credit.metrics.interval import Interval, normal_quantile
from credit.metrics.ranks import midranks
from credit.metrics.sample import BoolArray, FloatArray, checked_pair


@dataclass(frozen=True, slots=True)
class AucDifference:
    """Two AUCs on the same applicants.

    Attributes
    ----------
    auc_a, auc_b
        The AUC of each model with its own interval. That the two overlap says nothing about the
        difference.
    difference
        AUC of a less AUC of b with its interval; positive when a ranks better.
    p_value
        Two-sided, of no difference.
    """

    auc_a: Interval
    auc_b: Interval
    difference: Interval
    p_value: float


def delong_test(
    y: ArrayLike, risk_a: ArrayLike, risk_b: ArrayLike, level: float = 0.95
) -> AucDifference:
    """Compare the AUCs of two fixed models on one untouched set of applicants.

    **Only for that.** Both models must have been fixed before, without these rows: it knows the
    chance of the set and not that of the training. For folds of a cross-validation use
    :func:`~credit.metrics.resampled.corrected_resampled_t`. Where a holds b and one more input,
    fitted and compared on the same rows, the difference is not normal and the p value is too large.

    For each bad, V10 is the share of goods that it outranks under a less that under b; for each
    good, V01 the share of bads that outrank it, likewise. ``Var(difference) = s²(V10)/m +
    s²(V01)/n`` for m bads and n goods, and ``z = difference / √Var``. The interval is cut to
    [-1, 1].

    Where the variance is zero:

    * No difference at all: no width, and p is 1.
    * Every row differs by the same amount d, as between a perfect and an empty ranking. The k =
      min(m, n) disjoint pairs all show d; with b = ``((1 - level) / 2)^(1/k)``, the bound of
      Clopper and Pearson on how often such pairs do, the interval is ``d b ± (1 - b)``. The p value
      is that of the sign test, ``2^(1-k)``.

    Raises
    ------
    DataError
        As :func:`~credit.metrics.sample.checked_pair`; or fewer than two of either class, of which
        no variance can be estimated.

    References
    ----------
    DeLong, E. R., DeLong, D. M., Clarke-Pearson, D. L. (1988). Comparing the areas under two or
    more correlated receiver operating characteristic curves. Biometrics 44, 837-845.
    doi:10.2307/2531595

    Sun, X., Xu, W. (2014). Fast implementation of DeLong's algorithm. IEEE Signal Processing
    Letters 21, 1389-1393. doi:10.1109/LSP.2014.2337313

    Demler, O. V., Pencina, M. J., D'Agostino, R. B. (2012). Misuse of DeLong test to compare AUCs
    for nested models. Statistics in Medicine 31, 2577-2587. doi:10.1002/sim.5328
    """
    z = normal_quantile(level)
    bad, first = checked_pair(y, risk_a, "risk_a")
    _, second = checked_pair(y, risk_b, "risk_b")
    n_bads = int(np.count_nonzero(bad))
    n_pairs = min(n_bads, bad.size - n_bads)
    if n_pairs < 2:  # noqa: PLR2004 (a variance needs two values)
        raise DataError(
            "target: expected at least two bads and two goods to compare AUCs,"
            f" came {n_bads} bads and {bad.size - n_bads} goods"
        )
    outranked_by_a, outranked_by_b = _outranked(bad, first), _outranked(bad, second)
    of_bads = (outranked_by_a[bad] - outranked_by_b[bad]) / (bad.size - n_bads)
    of_goods = (outranked_by_b[~bad] - outranked_by_a[~bad]) / n_bads
    gap = float(of_bads.mean())

    if np.ptp(of_bads) == 0 and np.ptp(of_goods) == 0:
        p_value = 1.0 if gap == 0 else 2.0 ** (1 - n_pairs)
        bound = 1.0 if gap == 0 else ((1 - level) / 2) ** (1 / n_pairs)
        low, high = gap * bound - (1 - bound), gap * bound + (1 - bound)
    else:
        variance = of_bads.var(ddof=1) / n_bads + of_goods.var(ddof=1) / (bad.size - n_bads)
        error = math.sqrt(float(variance))
        p_value = math.erfc(abs(gap) / error / math.sqrt(2))
        low, high = gap - z * error, gap + z * error
    difference = Interval(
        estimate=gap,
        low=max(-1.0, low),
        high=min(1.0, high),
        n=int(bad.size),
        n_bads=n_bads,
        level=level,
    )
    return AucDifference(
        auc_a=auc_interval(bad, first, level),
        auc_b=auc_interval(bad, second, level),
        difference=difference,
        p_value=p_value,
    )


def _outranked(bad: BoolArray, values: FloatArray) -> FloatArray:
    """Rows of the other class below each row, ties one half: a multiple of ½, hence exact."""
    within = np.empty(values.size)
    within[bad], within[~bad] = midranks(values[bad]), midranks(values[~bad])
    outranked: FloatArray = midranks(values) - within
    return outranked
