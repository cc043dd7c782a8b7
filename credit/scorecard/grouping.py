"""Supervised grouping of the categories of one nominal feature."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from credit.errors import DataError
from credit.metrics.sample import BoolArray, FloatArray
from credit.scorecard.binning import checked_minimum_rows, segments_of
from credit.scorecard.cart import Counts, best_cuts
from credit.scorecard.categories import CategoryBins
from credit.scorecard.pooling import Mix, join_thin, pool_violators
from credit.scorecard.woe import weight_of_evidence


def fit_groups(
    values: FloatArray,
    bad: BoolArray,
    weight: FloatArray,
    *,
    categories: Sequence[str],
    max_bins: int = 8,
    minimum_bin_share: float = 0.01,
) -> CategoryBins:
    """Put categories of like risk into one bin.

    Categories with fewer than ``minimum_bin_share`` of all rows are put together as *other*; where
    even that is too thin, it joins the category of the nearest weight of evidence. What is left is
    put in the order of its bad rate, and treated like a numeric feature whose risk rises: a tree
    makes at most ``max_bins`` groups of neighbours, and groups that are too thin to compare, or do
    not differ, are merged. Cutting the sorted rates loses nothing: with two classes the best split
    of categories is one of these (Breiman et al. 1984, theorem 4.5).

    Parameters
    ----------
    values
        Shape ``(n_applicants,)``; the place of each applicant's category, NaN = missing.
    bad, weight
        As in :func:`~credit.scorecard.binning.fit_bins`.
    categories
        The codes, in the contract's order.
    max_bins
        Largest number of groups.
    minimum_bin_share
        Smallest share of the rows of a group.

    Raises
    ------
    DataError
        A value is not the place of a category.
    SettingsInvalid
        ``max_bins`` or ``minimum_bin_share`` is out of range.

    References
    ----------
    Breiman, L., Friedman, J., Olshen, R., Stone, C. (1984). Classification and Regression Trees.
    Wadsworth.
    """
    minimum_rows = checked_minimum_rows(values.size, max_bins, minimum_bin_share)
    present = ~np.isnan(values)
    if not np.isin(values[present], np.arange(len(categories))).all():
        raise DataError(
            f"expected the place of one of {len(categories)} categories, counted from 0, or NaN for missing"
        )
    mix = Mix.of(bad, weight)
    place = values[present].astype(np.intp)
    counts = Counts.of(place, bad[present], weight[present], len(categories))
    groups, rare = _starting_groups(counts, minimum_rows, mix)
    if not groups:
        return CategoryBins(tuple(categories), ())

    groups.sort(key=lambda group: (_bad_rate(counts, group), group))
    ordered = Counts(
        rows=np.array([counts.rows[group].sum() for group in groups]),
        goods=np.array([counts.goods[group].sum() for group in groups]),
        bads=np.array([counts.bads[group].sum() for group in groups]),
    )
    cuts = best_cuts(ordered, max_leaves=max_bins, minimum_rows=minimum_rows)
    # A segment ends at the last of its groups.
    segments = join_thin(segments_of(ordered, cuts, [*cuts, len(groups)]), mix)
    stops = [int(segment.upper) for segment in pool_violators(segments, 1, mix)]
    merged = [
        sorted(place for group in groups[start:stop] for place in group)
        for start, stop in zip([0, *stops[:-1]], stops, strict=True)
    ]
    return CategoryBins(
        categories=tuple(categories),
        groups=tuple(tuple(categories[place] for place in group) for group in merged),
        rare=tuple(categories[place] for place in rare),
    )


def _starting_groups(
    counts: Counts, minimum_rows: int, mix: Mix
) -> tuple[list[list[int]], list[int]]:
    """Return one group per category that is common enough and one of the others, and the others."""
    seen = np.flatnonzero(counts.rows)
    common = [[int(place)] for place in seen if counts.rows[place] >= minimum_rows]
    rare = [int(place) for place in seen if counts.rows[place] < minimum_rows]
    if not rare:
        return common, []
    if counts.rows[rare].sum() >= minimum_rows or not common:
        return [*common, rare], rare
    risk = _woe(counts, rare, mix)
    nearest = min(common, key=lambda group: abs(_woe(counts, group, mix) - risk))
    return [group + rare if group == nearest else group for group in common], rare


def _bad_rate(counts: Counts, group: list[int]) -> float:
    goods, bads = counts.goods[group].sum(), counts.bads[group].sum()
    return float(bads / (goods + bads))


def _woe(counts: Counts, group: list[int], mix: Mix) -> float:
    goods, bads = float(counts.goods[group].sum()), float(counts.bads[group].sum())
    return weight_of_evidence(goods, bads, n_goods=mix.n_goods, n_bads=mix.n_bads)
