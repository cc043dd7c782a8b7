"""Supervised, monotone binning of one numeric feature.

A classification tree proposes cuts; thin bins, and neighbours that break the direction, are merged.
Missing values and codes take no part in the cuts: they keep bins of their own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from credit.errors import DataError, SettingsInvalid
from credit.metrics.sample import BoolArray, FloatArray
from credit.scorecard.bins import NumericBins
from credit.scorecard.cart import Counts, best_cuts
from credit.scorecard.pooling import Mix, Segment, information_value, join_thin, pool_violators

FEWEST_MAX_BINS = 2
DIRECTIONS = (-1, 0, 1)


def fit_bins(
    values: FloatArray,
    bad: BoolArray,
    weight: FloatArray,
    *,
    direction: int,
    codes: Sequence[tuple[str, tuple[float, ...]]] = (),
    max_bins: int = 8,
    minimum_bin_share: float = 0.01,
) -> NumericBins:
    """Cut a feature into bins whose bad rate moves one way only.

    First a tree (:func:`~credit.scorecard.cart.best_cuts`) cuts the values into at most
    ``max_bins`` leaves, each with at least ``minimum_bin_share`` of all rows. It sees ranks in place
    of values, so an increasing transform of the feature gives the same bins. Then leaves with too
    few goods or bads to compare join a neighbour (:func:`~credit.scorecard.pooling.join_thin`), and
    neighbours whose risk moves against the direction, or not at all, are pooled
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
    codes
        Meanings with the values that stand for them, as in
        :class:`~credit.scorecard.bins.NumericBins`.
    max_bins
        Largest number of bins of values; those of codes and of missing are not counted.
    minimum_bin_share
        Smallest share of the rows that the tree may put into a bin.

    Raises
    ------
    DataError
        A value is infinite, or the codes are none.
    SettingsInvalid
        ``direction``, ``max_bins`` or ``minimum_bin_share`` is out of range.
    """
    if direction not in DIRECTIONS:
        raise SettingsInvalid(f"direction: expected -1, 0 or 1, came {direction}")
    minimum_rows = checked_minimum_rows(values.size, max_bins, minimum_bin_share)
    if np.isinf(values).any():
        raise DataError("expected finite numbers or NaN for missing, came infinities")

    mix = Mix.of(bad, weight)
    measured = ~np.isnan(values)
    for _, coded in codes:
        measured &= ~np.isin(values, coded)
    distinct, place = np.unique(values[measured], return_inverse=True)
    counts = Counts.of(place, bad[measured], weight[measured], distinct.size)
    cuts = best_cuts(counts, max_leaves=max_bins, minimum_rows=minimum_rows)
    edges = [_short_between(float(distinct[k - 1]), float(distinct[k])) for k in cuts]
    segments = join_thin(segments_of(counts, cuts, [*edges, math.inf]), mix)
    signs = (direction,) if direction else (1, -1)
    candidates = [pool_violators(segments, sign, mix) for sign in signs]
    best = max(candidates, key=lambda pooled: information_value(pooled, mix))
    return NumericBins(tuple(segment.upper for segment in best[:-1]), tuple(codes))


def checked_minimum_rows(n_rows: int, max_bins: int, minimum_bin_share: float) -> int:
    """Return the fewest rows of a bin.

    Raises
    ------
    SettingsInvalid
        ``max_bins`` or ``minimum_bin_share`` is out of range.
    """
    if max_bins < FEWEST_MAX_BINS:
        raise SettingsInvalid(f"max_bins: expected at least {FEWEST_MAX_BINS}, came {max_bins}")
    if not 0 <= minimum_bin_share < 1:
        raise SettingsInvalid(f"minimum_bin_share: expected in [0, 1), came {minimum_bin_share}")
    return max(1, math.ceil(minimum_bin_share * n_rows))


def segments_of(counts: Counts, cuts: Sequence[int], uppers: Sequence[float]) -> Iterator[Segment]:
    """Yield the runs of values between cuts, each with its upper end."""
    bounds = [0, *cuts, counts.rows.size]
    for upper, start, stop in zip(uppers, bounds[:-1], bounds[1:], strict=True):
        goods, bads = counts.goods[start:stop].sum(), counts.bads[start:stop].sum()
        yield Segment(upper, float(goods), float(bads))


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
