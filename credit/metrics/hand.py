"""Hand's H: discrimination weighed by one distribution of costs, the same for every model."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from credit.metrics.interval import Interval
from credit.metrics.resampling import reflected_interval
from credit.metrics.sample import FloatArray, IntArray, checked_pair
from credit.metrics.ties import tie_runs


def h_measure(y: ArrayLike, risk: ArrayLike) -> float:
    """H measure: the share of the avoidable expected loss that the ranking avoids, in [0, 1].

    Declining a good costs c, approving a bad 1 - c, and c is drawn from w, the Beta distribution
    with parameters ``π1 + 1`` and ``π0 + 1``, where π1 is the bad rate and π0 = 1 - π1; its mode is
    π1, at which declining all and approving all cost the same. For each c the cheapest cut-off is
    taken::

        L     = ∫ min over t of [c π0 (1 - F0(t)) + (1 - c) π1 F1(t)] w(c) dc
        L_max = ∫ min(c π0, (1 - c) π1) w(c) dc
        H     = 1 - L / L_max

    F0 and F1 are the distributions of the risk of goods and of bads. AUC averages costs too, but
    with weights that depend on the model (Hand 2009). A ranking that is worse than chance has H near
    0, not below.

    The cheapest cut-offs are the corners of the convex hull of the ROC curve. Pooling adjacent
    violators finds them: it gives each stretch of the hull its bad rate q, and the stretch is
    declined for all c < q. Both integrals are then incomplete beta functions at these q.

    References
    ----------
    Hand, D. J. (2009). Measuring classifier performance: a coherent alternative to the area under
    the ROC curve. Machine Learning 77, 103-123. doi:10.1007/s10994-009-5119-5

    Hand, D. J., Anagnostopoulos, C. (2014). A better Beta for the H measure of classification
    performance. Pattern Recognition Letters 40, 41-46. doi:10.1016/j.patrec.2013.12.011

    Fawcett, T., Niculescu-Mizil, A. (2007). PAV and the ROC convex hull. Machine Learning 68,
    97-106. doi:10.1007/s10994-007-5011-0

    Examples
    --------
    >>> round(h_measure([0, 1, 0, 1], [1, 2, 3, 4]), 12)
    0.5
    """
    runs = tie_runs(*checked_pair(y, risk, "risk"))
    return _h_of_counts(runs.goods, runs.bads)


def h_measure_interval(
    y: ArrayLike,
    risk: ArrayLike,
    level: float = 0.95,
    *,
    n_resamples: int = 500,
    seed: int = 0,
) -> Interval:
    """H with the basic interval of a stratified bootstrap.

    The hull fits the chance of a sample, so H lies somewhat high in a small one and higher still in
    its resamples; :func:`~credit.metrics.resampling.basic_interval` takes one of the two off. Of
    normal classes 1.2 apart, with 200 resamples, the 95 % interval held the truth in 91 of 100
    samples, of 600 with 60 bads as of 5,000 with 500; plain percentiles held it in 69 and 84. The
    same seed gives the same interval; a perfect ranking has no width.
    """
    bad, values = checked_pair(y, risk, "risk")
    return reflected_interval(bad, values, _h_of_counts, level, n_resamples=n_resamples, seed=seed)


def _h_of_counts(goods: IntArray, bads: IntArray) -> float:
    pooled_goods, pooled_bads = _pooled(goods, bads)
    n_goods, n_bads = float(goods.sum()), float(bads.sum())
    loss = _expected_loss(pooled_goods, pooled_bads, n_goods, n_bads)
    nothing_known = np.array([n_goods]), np.array([n_bads])
    return 1 - loss / _expected_loss(*nothing_known, n_goods, n_bads)


def _pooled(goods: IntArray, bads: IntArray) -> tuple[FloatArray, FloatArray]:
    """Goods and bads of each stretch of the hull: neighbours merged until bad rates increase."""
    from sklearn.isotonic import isotonic_regression

    held = np.flatnonzero(goods + bads)
    n = (goods + bads)[held]
    rate = isotonic_regression(bads[held] / n, sample_weight=n)
    starts = np.flatnonzero(np.append(True, rate[1:] != rate[:-1]))
    pooled_goods: FloatArray = np.add.reduceat(goods[held], starts).astype(np.float64)
    pooled_bads: FloatArray = np.add.reduceat(bads[held], starts).astype(np.float64)
    return pooled_goods, pooled_bads


def _expected_loss(goods: FloatArray, bads: FloatArray, n_goods: float, n_bads: float) -> float:
    """Loss per applicant over all c when a stretch is declined for every c below its bad rate."""
    from scipy.special import betainc

    alpha, beta = 1 + n_bads / (n_goods + n_bads), 1 + n_goods / (n_goods + n_bads)
    rate = bads / (goods + bads)
    # c w(c) is a Beta density with alpha + 1, times the mean of w; likewise (1 - c) w(c).
    goods_declined = goods * alpha * betainc(alpha + 1, beta, rate)
    bads_approved = bads * beta * (1 - betainc(alpha, beta + 1, rate))
    total = (goods_declined + bads_approved).sum()
    return float(total / ((alpha + beta) * (n_goods + n_bads)))
