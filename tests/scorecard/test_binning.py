"""Supervised, monotone bins."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from credit.errors import DataError, SettingsInvalid
from credit.scorecard import NumericBins
from credit.scorecard.binning import fit_bins
from credit.scorecard.woe import weight_of_evidence

from .applicants import Applicants

Rows = list[tuple[float, int]]

rows_with_both_classes = st.lists(
    st.tuples(st.one_of(st.integers(-4, 9).map(float), st.just(math.nan)), st.integers(0, 1)),
    max_size=150,
).map(lambda rows: [(0.0, 0), (1.0, 1), *rows])


def fit(rows: Rows, direction: int, max_bins: int = 8, share: float = 0.02) -> NumericBins:
    values, bad = (np.array(side) for side in zip(*rows, strict=True))
    return fit_bins(
        values,
        bad == 1,
        np.ones(values.size),
        direction=direction,
        max_bins=max_bins,
        minimum_bin_share=share,
    )


def counts_per_bin(bins: NumericBins, rows: Rows) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Goods and bads of the bins of values, the one for missing left out."""
    values, bad = (np.array(side) for side in zip(*rows, strict=True))
    index = bins.indices(values)
    goods, bads = (
        np.bincount(index[bad == cls], minlength=bins.count)[: bins.missing] for cls in (0, 1)
    )
    return goods, bads


def v_shaped() -> Rows:
    """Risk falls steeply over 0-4 and rises a little over 5-9."""
    rates = [60, 50, 40, 30, 20, 12, 14, 16, 18, 20]
    return [(float(x), int(k < rate)) for x, rate in enumerate(rates) for k in range(100)]


@given(rows_with_both_classes, st.sampled_from([-1, 1]))
def test_risk_moves_in_the_asked_direction(rows: Rows, direction: int) -> None:
    """The bad rate that people see, and the WOE that scores."""
    goods, bads = counts_per_bin(fit(rows, direction), rows)
    n_bads = sum(bad for _, bad in rows)
    mix = {"n_goods": len(rows) - n_bads, "n_bads": n_bads}
    woe = [weight_of_evidence(g, b, **mix) for g, b in zip(goods, bads, strict=True)]

    if len(goods) > 1:
        assert np.all(direction * np.diff(bads / (goods + bads)) > 0)
        assert np.all(direction * np.diff(woe) < 0)


@given(rows_with_both_classes)
def test_bins_are_large_enough_to_compare(rows: Rows) -> None:
    """Each holds five goods and five bads, or would at the mix of the sample."""
    goods, bads = counts_per_bin(fit(rows, 0), rows)
    bad_rate = sum(bad for _, bad in rows) / len(rows)

    if len(goods) > 1:
        assert np.maximum(bads, (goods + bads) * bad_rate).min() >= 5 - 1e-9
        assert np.maximum(goods, (goods + bads) * (1 - bad_rate)).min() >= 5 - 1e-9


@given(rows_with_both_classes, st.integers(2, 6))
def test_no_more_bins_than_asked_for(rows: Rows, max_bins: int) -> None:
    assert len(fit(rows, 0, max_bins, share=0.0).edges) < max_bins


@given(rows_with_both_classes, st.randoms(use_true_random=False), st.sampled_from([-1, 0, 1]))
def test_order_of_rows_does_not_matter(rows: Rows, random: Random, direction: int) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)

    assert fit(shuffled, direction) == fit(rows, direction)


@given(rows_with_both_classes, st.sampled_from([-1, 0, 1]))
def test_increasing_transform_keeps_the_bins(rows: Rows, direction: int) -> None:
    stretched = [(math.exp(value), bad) for value, bad in rows]
    plain, moved = fit(rows, direction), fit(stretched, direction)

    for (value, _), (image, _) in zip(rows, stretched, strict=True):
        assert plain.index_of(value) == moved.index_of(image)


def test_direction_of_the_data_is_the_one_of_more_information() -> None:
    rows = v_shaped()

    assert fit(rows, 0) == fit(rows, -1)
    assert fit(rows, 0) != fit(rows, 1)


def test_violators_are_pooled_by_hand() -> None:
    """Rates 60, 50, 40, 30, 20 fall on to 12; 14, 16, 18 and 20 rise against it.

    The tree may use all ten leaves: pooling alone decides. Those above 4 pool to 16, below 20.
    """
    assert fit(v_shaped(), -1, max_bins=10, share=0.0).edges == (0.0, 1.0, 2.0, 3.0, 4.0)


@pytest.mark.parametrize(("goods", "bads"), [(200, 20), (5000, 50), (20, 200)])
def test_a_feature_that_knows_the_outcome_is_cut(goods: int, bads: int) -> None:
    """Merging its pure bins for their empty cells would hide the leak behind an IV of 0."""
    rows = [(0.0, 0)] * goods + [(1.0, 1)] * bads

    assert fit(rows, 1, share=0.0).edges == (0.0,)


def test_thin_bins_join_their_smaller_neighbour() -> None:
    """Value 1, with 1 bad of 4 rows, joins value 2 (40 rows) and not value 0 (200 rows)."""
    counts = {0.0: (190, 10), 1.0: (3, 1), 2.0: (20, 20)}
    rows = [(x, bad) for x, (g, b) in counts.items() for bad in [0] * g + [1] * b]

    assert fit(rows, 1, share=0.0).edges == (0.0,)


def test_smoothing_cannot_turn_the_woe_around() -> None:
    """Of 300 rows none is bad, of 10,000 five are: the bad rate rises, the WOE would as well.

    With 10,295 goods and 205 bads, odds of 50.2, the WOE would be ln(325.1 / 0.5 / 50.2) = 2.6,
    then ln(9995 / 5 / 50.2) = 3.7, so the two are pooled.
    """
    counts = {0.0: (300, 0), 1.0: (9995, 5), 2.0: (0, 200)}
    rows = [(x, bad) for x, (g, b) in counts.items() for bad in [0] * g + [1] * b]

    assert fit(rows, 1, share=0.0).edges == (1.0,)


def test_smoothing_cannot_hide_that_the_rate_turns_around() -> None:
    """5 of 124 and 4 of 100 fall, yet smoothing makes of the latter 4.5 of 110, which rises.

    The sample has 100 bads among 2,000, so half a bad comes with nine and a half goods.
    """
    counts = {0.0: (119, 5), 1.0: (96, 4), 2.0: (1685, 91)}
    rows = [(x, bad) for x, (g, b) in counts.items() for bad in [0] * g + [1] * b]

    assert fit(rows, 1, share=0.0).edges == (1.0,)


def test_edges_are_short_numbers_between_the_values() -> None:
    rows = [(0.418731, 0)] * 50 + [(0.418731, 1)] * 5 + [(0.437112, 0)] * 20 + [(0.437112, 1)] * 40

    assert fit(rows, 1).edges == (0.42,)


def test_bins_hold_the_minimum_share(applicants: Applicants) -> None:
    values, bad = applicants.vectors[:, 0], applicants.y == 1

    bins = fit_bins(values, bad, np.ones(values.size), direction=1, minimum_bin_share=0.1)

    assert np.bincount(bins.indices(values)).min() >= 400


def test_strong_feature_is_cut(applicants: Applicants) -> None:
    """The laws above hold for a single bin too; this shows that there are more."""
    bins = fit_bins(
        applicants.vectors[:, 0], applicants.y == 1, np.ones(applicants.y.size), direction=1
    )

    assert len(bins.edges) >= 3


def test_weights_count_as_rows() -> None:
    """Of equal values and bads, weights alone make the upper one risky."""
    values = np.repeat([0.0, 1.0], 100)
    bad = np.tile([True, False], 100)
    weight = np.where(bad == (values == 1), 1.8, 0.2)

    weighted = fit_bins(values, bad, weight, direction=1)
    plain = fit_bins(values, bad, np.ones(200), direction=1)

    assert (weighted.edges, plain.edges) == ((0.0,), ())


@pytest.mark.parametrize("values", [[5.0] * 20, [math.nan] * 20])
def test_nothing_to_cut_is_one_bin(values: list[float]) -> None:
    rows = [(value, k % 2) for k, value in enumerate(values)]

    assert fit(rows, 1).edges == ()


def test_values_at_the_ends_of_the_range() -> None:
    big = 1.7e308
    rows = [(-big, k) for k in [0] * 40 + [1] * 5] + [(big, k) for k in [0] * 5 + [1] * 40]

    assert fit(rows, 1).edges == (0.0,)


def test_infinities_are_refused() -> None:
    with pytest.raises(DataError, match="expected finite numbers or NaN for missing"):
        fit([(math.inf, 0), (1.0, 1)], 1)


def test_settings_out_of_range() -> None:
    rows = [(0.0, 0), (1.0, 1)]
    with pytest.raises(SettingsInvalid, match="direction: expected -1, 0 or 1, came 2"):
        fit(rows, 2)
    with pytest.raises(SettingsInvalid, match="max_bins: expected at least 2, came 1"):
        fit(rows, 1, max_bins=1)
    with pytest.raises(SettingsInvalid, match=r"minimum_bin_share: expected in \[0, 1\), came 1"):
        fit(rows, 1, share=1.0)
