"""Supervised groups of categories."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.tree import DecisionTreeClassifier

from credit.errors import DataError, SettingsInvalid
from credit.scorecard import CategoryBins
from credit.scorecard.grouping import fit_groups

Rows = list[tuple[float, int]]
CODES = tuple("abcdefghij")

rows_with_both_classes = st.lists(
    st.tuples(st.one_of(st.integers(0, 9).map(float), st.just(math.nan)), st.integers(0, 1)),
    max_size=200,
).map(lambda rows: [(0.0, 0), (1.0, 1), *rows])


def fit(
    rows: Rows, categories: tuple[str, ...] = CODES, max_bins: int = 8, share: float = 0.0
) -> CategoryBins:
    values, bad = (np.array(side, dtype=np.float64) for side in zip(*rows, strict=True))
    return fit_groups(
        values,
        bad == 1,
        np.ones(values.size),
        categories=categories,
        max_bins=max_bins,
        minimum_bin_share=share,
    )


def rows_of(counts: dict[str, tuple[int, int]]) -> Rows:
    return [
        (float(CODES.index(code)), bad)
        for code, (goods, bads) in counts.items()
        for bad in [0] * goods + [1] * bads
    ]


def rates(bins: CategoryBins, rows: Rows) -> list[float]:
    values, bad = (np.array(side) for side in zip(*rows, strict=True))
    index = bins.indices(values)
    return [float(bad[index == group].mean()) for group in range(len(bins.groups))]


@given(rows_with_both_classes, st.integers(2, 6), st.sampled_from([0.0, 0.05, 0.2]))
def test_groups_rise_in_risk_and_hold_all_that_was_seen(
    rows: Rows, max_bins: int, share: float
) -> None:
    bins = fit(rows, max_bins=max_bins, share=share)
    seen = {CODES[int(value)] for value, _ in rows if not math.isnan(value)}

    assert {code for group in bins.groups for code in group} == seen
    assert len(bins.groups) <= max_bins
    assert np.all(np.diff(rates(bins, rows)) > 0)


@given(rows_with_both_classes, st.sampled_from([0.05, 0.1]))
def test_groups_hold_the_minimum_share(rows: Rows, share: float) -> None:
    bins = fit(rows, share=share)
    index = bins.indices(np.array([value for value, _ in rows]))
    sizes = np.bincount(index, minlength=bins.count)[: len(bins.groups)]

    assert len(sizes) == 1 or sizes.min() >= share * len(rows)


@given(rows_with_both_classes, st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(rows: Rows, random: Random) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)

    assert fit(shuffled) == fit(rows)


def test_order_of_the_categories_does_not_matter() -> None:
    rows = rows_of({"a": (90, 10), "b": (50, 50), "c": (89, 11), "d": (10, 90), "e": (40, 60)})
    backwards = [(len(CODES) - 1 - value, bad) for value, bad in rows]

    there, back = fit(rows, max_bins=3), fit(backwards, CODES[::-1], max_bins=3)

    assert list(map(set, there.groups)) == list(map(set, back.groups))


def test_the_best_split_is_the_best_of_all_subsets() -> None:
    """Against a tree that may ask for any category: one leaf per subset is tried here."""
    rng = np.random.default_rng(1)
    values = rng.integers(0, 6, 3000).astype(np.float64)
    bad = rng.random(3000) < np.array([0.2, 0.5, 0.1, 0.45, 0.3, 0.12])[values.astype(int)]

    def entropy_of(subset: int) -> float:
        side = np.array([subset >> int(v) & 1 for v in values]).reshape(-1, 1)
        tree = DecisionTreeClassifier(criterion="entropy", max_depth=1).fit(side, bad)
        leaves = tree.tree_.children_left < 0
        return float(tree.tree_.impurity[leaves] @ tree.tree_.n_node_samples[leaves])

    best = min(range(1, 32), key=entropy_of)
    expected = {code for place, code in enumerate(CODES[:6]) if best >> place & 1}

    bins = fit(list(zip(values.tolist(), bad.astype(int).tolist(), strict=True)), max_bins=2)

    assert expected in list(map(set, bins.groups))


def test_rare_categories_become_other() -> None:
    """Of 400 rows at least 40 make a bin: c and d have 20 each, and 40 together."""
    counts = {"a": (150, 10), "b": (100, 100), "c": (12, 8), "d": (10, 10)}

    bins = fit(rows_of(counts), share=0.1)

    assert bins.groups == (("a",), ("c", "d"), ("b",))
    assert bins.labels[1] == "other (c, d)"


def test_other_that_is_too_thin_joins_the_nearest_risk() -> None:
    """Together c and d have 20 rows of 380, fewer than 38; their rate of 0.45 is nearest to b's."""
    counts = {"a": (150, 10), "b": (100, 100), "c": (6, 4), "d": (5, 5)}

    bins = fit(rows_of(counts), share=0.1)

    assert bins.groups == (("a",), ("b", "c", "d"))
    assert bins.labels[1] == "b, other (c, d)"


def test_equal_risks_are_one_group() -> None:
    assert fit(rows_of({"a": (80, 20), "b": (40, 10), "c": (50, 50)})).groups == (
        ("a", "b"),
        ("c",),
    )


def test_a_category_that_nobody_has_is_unseen() -> None:
    bins = fit(rows_of({"a": (80, 20), "c": (50, 50)}))

    assert bins.index_of(1.0) == bins.unseen


def test_only_missing_makes_no_group() -> None:
    bins = fit([(math.nan, 0), (math.nan, 1)])

    assert (bins.groups, bins.labels) == ((), ("unseen", "missing"))


@pytest.mark.parametrize("value", [-1.0, 0.5, 10.0, math.inf])
def test_values_that_are_no_category(value: float) -> None:
    with pytest.raises(
        DataError, match="expected the place of one of 10 categories, counted from 0"
    ):
        fit([(0.0, 0), (value, 1)])


def test_settings_out_of_range() -> None:
    with pytest.raises(SettingsInvalid, match="max_bins: expected at least 2, came 1"):
        fit([(0.0, 0), (1.0, 1)], max_bins=1)
    with pytest.raises(SettingsInvalid, match=r"minimum_bin_share: expected in \[0, 1\), came 1"):
        fit([(0.0, 0), (1.0, 1)], share=1.0)
