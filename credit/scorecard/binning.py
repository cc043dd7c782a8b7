"""Supervised, monotone binning of one numeric feature.

A classification tree proposes cuts, thin bins join a neighbour, and neighbours that break the
direction are pooled. Missing values take no part in the cuts: they keep a bin of their own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from credit.errors import DataError, SettingsInvalid
from credit.metrics.sample import BoolArray, FloatArray
from credit.scorecard.bins import NumericBins
from credit.scorecard.woe import THIN_BIN, weight_of_evidence

MINIMUM_MAX_BINS = 2
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

    1. A tree of at most ``max_bins`` leaves (CART, entropy), each with at least
    ``minimum_bin_share`` of all rows.
       It sees ranks in place of values, so an increasing transform of the feature gives the same
       bins.
    2. Bins with fewer than :data:`~credit.scorecard.woe.THIN_BIN` goods or bads join their smaller
    neighbour. 3. Neighbours whose bad rates stand against the direction, or are equal, are pooled
    until none do (pool
       adjacent violators).

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
        +1: PD rises with the feature; -1: it falls; 0: whichever of the two keeps the higher IV (+1
        if equal).
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

    Ayer, M., Brunk, H. D., Ewing, G. M., Reid, W. T., Silverman, E. (1955). An empirical
    distribution function for sampling with incomplete information. Annals of Mathematical
    Statistics 26, 641-647. doi:10.1214/aoms/1177728423
    """
    _check_settings(direction, max_bins, minimum_bin_share)
    if np.isinf(values).any():
        raise DataError("expected finite numbers or NaN for missing, came infinities")

    present = ~np.isnan(values)
    minimum_rows = max(1, math.ceil(minimum_bin_share * values.size))
    edges = _tree_edges(values[present], bad[present], weight[present], max_bins, minimum_rows)
    segments = _join_thin(_segments(edges, values[present], bad[present], weight[present]))
    signs = (direction,) if direction else (1, -1)
    candidates = [_pool_violators(segments, sign) for sign in signs]
    totals = {"n_goods": float(weight[~bad].sum()), "n_bads": float(weight[bad].sum())}
    best = max(candidates, key=lambda pooled: _information_value(pooled, **totals))
    return NumericBins(edges=tuple(segment.upper for segment in best[:-1]))


@dataclass(frozen=True, slots=True)
class _Segment:
    """A run of values up to and including ``upper``."""

    upper: float
    goods: float
    bads: float

    def __add__(self, right: _Segment) -> _Segment:
        return _Segment(right.upper, self.goods + right.goods, self.bads + right.bads)

    @property
    def rows(self) -> float:
        return self.goods + self.bads

    @property
    def bad_rate(self) -> float:
        return self.bads / self.rows


def _check_settings(direction: int, max_bins: int, minimum_bin_share: float) -> None:
    if direction not in DIRECTIONS:
        raise SettingsInvalid(f"direction: expected -1, 0 or 1, came {direction}")
    if max_bins < MINIMUM_MAX_BINS:
        raise SettingsInvalid(f"max_bins: expected at least {MINIMUM_MAX_BINS}, came {max_bins}")
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
    """Return the number with the fewest digits in ``[low, high)``.

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
) -> list[_Segment]:
    bins = NumericBins(edges=tuple(edges))
    index: NDArray[np.intp] = bins.indices(values)
    goods = np.bincount(index[~bad], weights=weight[~bad], minlength=bins.missing)
    bads = np.bincount(index[bad], weights=weight[bad], minlength=bins.missing)
    return [
        _Segment(upper, float(good), float(ill))
        for upper, good, ill in zip([*edges, math.inf], goods, bads, strict=True)
    ]


def _join_thin(segments: Iterable[_Segment]) -> list[_Segment]:
    joined = list(segments)
    while len(joined) > 1:
        thinnest = min(range(len(joined)), key=lambda k: min(joined[k].goods, joined[k].bads))
        if min(joined[thinnest].goods, joined[thinnest].bads) >= THIN_BIN:
            break
        neighbours = [k for k in (thinnest - 1, thinnest + 1) if 0 <= k < len(joined)]
        left = min(thinnest, min(neighbours, key=lambda k: joined[k].rows))
        joined[left : left + 2] = [joined[left] + joined[left + 1]]
    return joined


def _pool_violators(segments: Iterable[_Segment], sign: int) -> list[_Segment]:
    pooled: list[_Segment] = []
    for segment in segments:
        pooled.append(segment)
        while len(pooled) > 1 and sign * (pooled[-1].bad_rate - pooled[-2].bad_rate) <= 0:
            last = pooled.pop()
            pooled[-1] += last
    return pooled


def _information_value(segments: Iterable[_Segment], *, n_goods: float, n_bads: float) -> float:
    return math.fsum(
        (segment.goods / n_goods - segment.bads / n_bads)
        * weight_of_evidence(segment.goods, segment.bads, n_goods=n_goods, n_bads=n_bads)
        for segment in segments
    )
