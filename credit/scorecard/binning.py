"""Supervised, monotone binning of one numeric feature.

A classification tree proposes cuts; thin bins, and neighbours that break the direction, are merged.
Missing values take no part in the cuts: they keep a bin of their own.
"""

from __future__ import annotations

import math

import numpy as np
from sklearn.tree import DecisionTreeClassifier

from credit.errors import DataError, SettingsInvalid
from credit.metrics.sample import BoolArray, FloatArray
from credit.scorecard.bins import NumericBins
from credit.scorecard.pooling import Mix, Segment, information_value, join_thin, pool_violators

FEWEST_MAX_BINS = 2
DIRECTIONS = (-1, 0, 1)


def fit_bins(
    values: FloatArray,
    bad: BoolArray,
    weight: FloatArray,
    *,
    direction: int,
    max_bins: int = 8,
    minimum_bin_share: float = 0.02,
) -> NumericBins:
    """Cut a feature into bins whose bad rate moves one way only.

    First a tree (CART, entropy) cuts the values into at most ``max_bins`` leaves, each with at
    least ``minimum_bin_share`` of all rows. It sees ranks in place of values, so an increasing
    transform of the feature gives the same bins. Then leaves with too few goods or bads to compare
    join a neighbour (:func:`~credit.scorecard.pooling.join_thin`), and neighbours whose risk moves
    against the direction, or not at all, are pooled
    (:func:`~credit.scorecard.pooling.pool_violators`).

    The same rows give the same bins, in whichever order they come.

    Parameters
    ----------
    values
        Shape ``(n_applicants,)``; NaN = missing, infinities are refused.
    bad
        Target, true = bad, of the same shape; both classes are present.
    weight
        Positive weight of each row, of mean 1: weights count as rows.
    direction
        +1: PD rises with the feature; -1: it falls; 0: whichever of the two keeps the higher
        information value (+1 if equal).
    max_bins
        Largest number of bins, the one for missing not counted.
    minimum_bin_share
        Smallest share of the rows that the tree may put into a bin.

    Raises
    ------
    DataError
        A value is infinite.
    SettingsInvalid
        ``direction``, ``max_bins`` or ``minimum_bin_share`` is out of range.

    References
    ----------
    Breiman, L., Friedman, J., Olshen, R., Stone, C. (1984). Classification and Regression Trees.
    Wadsworth.
    """
    _check_settings(direction, max_bins, minimum_bin_share)
    if np.isinf(values).any():
        raise DataError("expected finite numbers or NaN for missing, came infinities")

    mix = Mix(n_goods=float(weight[~bad].sum()), n_bads=float(weight[bad].sum()))
    minimum_rows = max(1, math.ceil(minimum_bin_share * values.size))
    present = ~np.isnan(values)
    values, bad, weight = values[present], bad[present], weight[present]
    edges = _tree_edges(values, bad, weight, max_bins, minimum_rows)
    segments = join_thin(_segments(edges, values, bad, weight), mix)
    signs = (direction,) if direction else (1, -1)
    candidates = [pool_violators(segments, sign, mix) for sign in signs]
    best = max(candidates, key=lambda pooled: information_value(pooled, mix))
    return NumericBins(edges=tuple(segment.upper for segment in best[:-1]))


def _check_settings(direction: int, max_bins: int, minimum_bin_share: float) -> None:
    if direction not in DIRECTIONS:
        raise SettingsInvalid(f"direction: expected -1, 0 or 1, came {direction}")
    if max_bins < FEWEST_MAX_BINS:
        raise SettingsInvalid(f"max_bins: expected at least {FEWEST_MAX_BINS}, came {max_bins}")
    if not 0 <= minimum_bin_share < 1:
        raise SettingsInvalid(f"minimum_bin_share: expected in [0, 1), came {minimum_bin_share}")


def _tree_edges(
    values: FloatArray, bad: BoolArray, weight: FloatArray, max_bins: int, minimum_rows: int
) -> list[float]:
    distinct, ranks = np.unique(values, return_inverse=True)
    if distinct.size <= 1:
        return []
    tree = DecisionTreeClassifier(
        criterion="entropy",
        max_leaf_nodes=max_bins,
        min_samples_leaf=minimum_rows,
        random_state=0,
    ).fit(ranks.reshape(-1, 1), bad, sample_weight=weight)
    thresholds = tree.tree_.threshold[tree.tree_.children_left >= 0]
    below = np.sort(np.floor(thresholds).astype(np.intp))
    return [_short_between(float(distinct[k]), float(distinct[k + 1])) for k in below]


def _short_between(low: float, high: float) -> float:
    """Return a number of few digits in ``[low, high)``.

    People read it more easily than a midpoint, and it rarely is the exact value of an applicant.
    """
    middle = low / 2 + high / 2
    for digits in range(1, 17):
        for number in (low, middle):
            candidate = float(f"{number:.{digits}g}")
            if low <= candidate < high:
                return candidate
    return low


def _segments(
    edges: list[float], values: FloatArray, bad: BoolArray, weight: FloatArray
) -> list[Segment]:
    bins = NumericBins(edges=tuple(edges))
    index = bins.indices(values)
    goods = np.bincount(index[~bad], weights=weight[~bad], minlength=bins.missing)
    bads = np.bincount(index[bad], weights=weight[bad], minlength=bins.missing)
    return [
        Segment(upper, float(n_goods), float(n_bads))
        for upper, n_goods, n_bads in zip([*edges, math.inf], goods, bads, strict=True)
    ]
