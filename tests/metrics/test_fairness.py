"""Gaps in approval between groups."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from scipy.stats import binomtest

from credit.errors import DataError, SettingsInvalid
from credit.metrics import (
    demographic_parity_gap,
    equal_opportunity_gap,
    newcombe_interval,
    wilson_interval,
)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_difference_of_shares_has_the_published_interval(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    """Newcombe (1998), table II, method 10."""
    interval = newcombe_interval(first, second)

    assert interval.low == pytest.approx(low, abs=5e-5)
    assert interval.high == pytest.approx(high, abs=5e-5)
    assert (interval.n_bads, interval.n) == (first[0] + second[0], first[1] + second[1])


def test_gap_of_two_groups_by_hand() -> None:
    group = ["a"] * 70 + ["b"] * 80
    approved = [1] * 56 + [0] * 14 + [1] * 48 + [0] * 32

    found = demographic_parity_gap(group, approved, minimum=50)

    assert found.gap is not None
    assert found.gap.estimate == pytest.approx(0.2)
    assert (found.gap.low, found.gap.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert (found.highest, found.lowest, found.too_small, found.minimum) == ("a", "b", (), 50)
    wilson = binomtest(56, 70).proportion_ci(0.95, method="wilson")
    assert [each.group for each in found.rates] == ["a", "b"]
    assert found.rates[0].rate.low == pytest.approx(wilson.low)
    assert (found.rates[0].rate.n_bads, found.rates[0].rate.n) == (56, 70)


def test_with_three_groups_the_interval_covers_all_pairs() -> None:
    """Three pairs, so each is taken at 1 - 0.05 / 3."""
    group = ["a"] * 200 + ["b"] * 200 + ["c"] * 200
    approved = [1] * 150 + [0] * 50 + [1] * 120 + [0] * 80 + [1] * 90 + [0] * 110
    expected = newcombe_interval((150, 200), (90, 200), 1 - 0.05 / 3)

    found = demographic_parity_gap(group, approved)

    assert found.gap is not None
    assert (found.gap.low, found.gap.high) == (expected.low, expected.high)
    assert (found.highest, found.lowest, found.gap.level) == ("a", "c", 0.95)


def test_a_small_group_is_named_and_not_compared() -> None:
    """Nobody of c is approved, but nine people are too few to say so."""
    group = ["a"] * 100 + ["b"] * 100 + ["c"] * 9
    approved = [1] * 50 + [0] * 50 + [1] * 40 + [0] * 60 + [0] * 9

    found = demographic_parity_gap(group, approved, minimum=10)

    assert found.gap is not None
    assert found.gap.estimate == pytest.approx(0.1)
    assert found.too_small == ("c",)
    assert [each.group for each in found.rates] == ["a", "b"]
    assert demographic_parity_gap(group, approved, minimum=9).lowest == "c"


def test_one_group_alone_has_no_gap() -> None:
    found = demographic_parity_gap(["a"] * 100 + ["b"] * 3, [1] * 103)

    assert (found.gap, found.highest, found.lowest) == (None, None, None)
    assert found.too_small == ("b",)


def test_opportunity_looks_at_goods_alone() -> None:
    """Three of four goods of a, one of two of b; the bads were all approved, and do not count."""
    group = ["a", "a", "a", "a", "b", "b", "a", "b"]
    approved = [1, 1, 1, 0, 1, 0, 1, 1]
    y = [0, 0, 0, 0, 0, 0, 1, 1]

    found = equal_opportunity_gap(group, approved, y, minimum=2)

    assert found.gap is not None
    assert found.gap.estimate == pytest.approx(0.25)
    assert [(each.rate.n_bads, each.rate.n) for each in found.rates] == [(3, 4), (1, 2)]


def test_the_minimum_of_opportunity_counts_goods() -> None:
    """A group of bads alone is named too."""
    group = ["a"] * 5 + ["b"] * 5 + ["c"] * 5
    y = [0] * 5 + [0] * 2 + [1] * 3 + [1] * 5

    found = equal_opportunity_gap(group, [1] * 15, y, minimum=3)

    assert found.too_small == ("b", "c")
    assert found.gap is None


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 1)), min_size=1, max_size=60))
def test_gap_is_the_largest_of_all_pairs(rows: list[tuple[str, int]]) -> None:
    group, approved = zip(*rows, strict=True)
    rates = [
        np.mean([flag for label, flag in rows if label == each]) for each in sorted(set(group))
    ]

    found = demographic_parity_gap(group, approved, minimum=1)

    assert [each.rate.estimate for each in found.rates] == pytest.approx(rates)
    if len(rates) > 1:
        assert found.gap is not None
        assert found.gap.estimate == pytest.approx(max(rates) - min(rates))
        assert -1 <= found.gap.low <= found.gap.estimate <= found.gap.high <= 1
        assert found.highest != found.lowest


@pytest.mark.parametrize("group", [[1, 2, 1, 2], [True, False, True, False]])
def test_labels_may_be_numbers(group: list[int]) -> None:
    found = demographic_parity_gap(group, [1, 0, 1, 1], minimum=2)

    assert {each.group for each in found.rates} == {str(label) for label in group}


@pytest.mark.parametrize(
    ("group", "approved", "message"),
    [
        ([], [], "group: expected one label per decision and at least one, came shape"),
        (["a"], [1, 0], "group: expected one label per decision .* for 2 decisions"),
        ([["a", "b"]], [1, 0], "group: expected one label per decision"),
        (["a", None], [1, 0], "group: 1 of 2 labels are missing"),
        ([1.0, math.nan], [1, 0], "group: 1 of 2 labels are missing"),
        (["a", "b"], [1, 2], "approved: expected 0 .declined. or 1 .approved., 1 of 2 rows"),
    ],
)
def test_decisions_that_cannot_be_compared(
    group: ArrayLike, approved: ArrayLike, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        demographic_parity_gap(group, approved)


def test_outcomes_that_cannot_be_compared() -> None:
    with pytest.raises(DataError, match="target: expected both goods and bads"):
        equal_opportunity_gap(["a", "b"], [1, 0], [1, 1])
    with pytest.raises(DataError, match="target: expected one row per applicant, came 3 for 2"):
        equal_opportunity_gap(["a", "b"], [1, 0], [0, 1, 0])


def test_settings_that_are_none() -> None:
    with pytest.raises(SettingsInvalid, match="minimum: expected at least 1, came 0"):
        demographic_parity_gap(["a", "b"], [1, 0], minimum=0)
    with pytest.raises(SettingsInvalid, match=r"level: expected within \(0, 1\)"):
        demographic_parity_gap(["a", "b"], [1, 0], level=0)


def test_default_minimum_is_what_its_note_says() -> None:
    """At 100 rows an interval is at most 0.19 wide."""
    widest = wilson_interval(50, 100)

    assert widest.high - widest.low == pytest.approx(0.19, abs=0.005)
