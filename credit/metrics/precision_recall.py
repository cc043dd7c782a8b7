"""Area under the precision-recall curve: ranking as seen from the few who are bad."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from credit.metrics.interval import Interval
from credit.metrics.resampling import percentile_interval
from credit.metrics.sample import IntArray, checked_pair
from credit.metrics.ties import tie_runs


def pr_auc(y: ArrayLike, risk: ArrayLike) -> float:
    """Average precision: the precision at each cut-off, weighted by the recall that it adds.

    ``AP = Σ_k (R_k - R_k-1) P_k`` over the distinct risks, riskiest first, where R_k is the share
    of bads at or above the k-th risk and P_k the bad rate there. Ties are never split. Unlike AUC it
    depends on the bad rate: an uninformative risk has the bad rate itself, so compare it only
    between models on one sample. No interpolation, which would be too hopeful.

    References
    ----------
    Davis, J., Goadrich, M. (2006). The relationship between precision-recall and ROC curves. ICML
    23, 233-240. doi:10.1145/1143844.1143874

    Examples
    --------
    >>> pr_auc([0, 1, 1, 0], [0.1, 0.2, 0.8, 0.1])
    1.0
    """
    runs = tie_runs(*checked_pair(y, risk, "risk"))
    return _average_precision(runs.goods, runs.bads)


def pr_auc_interval(
    y: ArrayLike,
    risk: ArrayLike,
    level: float = 0.95,
    *,
    n_resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """Average precision with the percentile interval of a stratified bootstrap.

    It holds for the bad rate of the sample, which every resample keeps. The same seed gives the
    same interval.
    """
    bad, values = checked_pair(y, risk, "risk")
    return percentile_interval(
        bad, values, _average_precision, level, n_resamples=n_resamples, seed=seed
    )


def _average_precision(goods: IntArray, bads: IntArray) -> float:
    bads_above = np.cumsum(bads[::-1])
    rows_above = bads_above + np.cumsum(goods[::-1])
    # Above the riskiest row of a resample there is nobody, and no bad that would be weighted.
    precision = bads_above / np.maximum(rows_above, 1)
    return float((bads[::-1] * precision).sum() / bads_above[-1])
