"""Area under the part of the ROC curve where few goods are declined."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from credit.errors import SettingsInvalid
from credit.metrics.interval import Interval
from credit.metrics.resampling import percentile_interval
from credit.metrics.sample import IntArray, checked_pair
from credit.metrics.ties import tie_runs


def partial_auc(y: ArrayLike, risk: ArrayLike, max_fpr: float) -> float:
    """Standardised area under the ROC curve up to a share of goods declined.

    With A the area over ``0 <= FPR <= f``, ``½ (1 + (A - f²/2) / (f - f²/2))``: 1 for a perfect
    ranking, ½ for chance, whatever f is. A lender who declines at most a tenth of the goods learns
    nothing from the rest of the curve. The curve is straight between cut-offs, also where f falls
    between two.

    Parameters
    ----------
    y, risk
        As for :func:`~credit.metrics.discrimination.auc`.
    max_fpr
        f, the largest share of goods declined, within (0, 1]; at 1 this is AUC.

    Raises
    ------
    SettingsInvalid
        ``max_fpr`` is outside (0, 1].

    References
    ----------
    McClish, D. K. (1989). Analyzing a portion of the ROC curve. Medical Decision Making 9, 190-195.
    doi:10.1177/0272989X8900900307
    """
    _check_max_fpr(max_fpr)
    runs = tie_runs(*checked_pair(y, risk, "risk"))
    return _partial_area(runs.goods, runs.bads, max_fpr=max_fpr)


def partial_auc_interval(
    y: ArrayLike,
    risk: ArrayLike,
    max_fpr: float,
    level: float = 0.95,
    *,
    n_resamples: int = 1000,
    seed: int = 0,
) -> Interval:
    """:func:`partial_auc` with the percentile interval of a stratified bootstrap.

    The same seed gives the same interval; a perfect ranking has no width.
    """
    _check_max_fpr(max_fpr)
    bad, values = checked_pair(y, risk, "risk")
    statistic = partial(_partial_area, max_fpr=max_fpr)
    return percentile_interval(bad, values, statistic, level, n_resamples=n_resamples, seed=seed)


def _partial_area(goods: IntArray, bads: IntArray, *, max_fpr: float) -> float:
    fpr = np.concatenate(([0.0], np.cumsum(goods[::-1]) / goods.sum()))
    tpr = np.concatenate(([0.0], np.cumsum(bads[::-1]) / bads.sum()))
    n_within = int(np.searchsorted(fpr, max_fpr, side="right"))
    at_end = np.interp(max_fpr, fpr, tpr)
    x = np.append(fpr[:n_within], max_fpr)
    y = np.append(tpr[:n_within], at_end)
    area = float((np.diff(x) * (y[1:] + y[:-1])).sum() / 2)
    of_chance = max_fpr * max_fpr / 2
    return 0.5 * (1 + (area - of_chance) / (max_fpr - of_chance))


def _check_max_fpr(max_fpr: float) -> None:
    if not 0 < max_fpr <= 1:
        raise SettingsInvalid(f"max_fpr: expected within (0, 1], came {max_fpr}")
