"""The population stability index and its bins."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from credit.errors import DataError, SettingsInvalid
from credit.metrics import population_stability_index, psi, quantile_edges, shares

Counts = list[tuple[int, int]]


def bins_of(smallest: int, at_least: int = 1) -> st.SearchStrategy[Counts]:
    count = st.integers(smallest, 1000)
    return st.lists(st.tuples(count, count), min_size=at_least, max_size=12)


def shares_of(counts: Counts) -> tuple[list[float], list[float]]:
    expected, actual = ([pair[side] for pair in counts] for side in (0, 1))
    assume(sum(expected) > 0)
    assume(sum(actual) > 0)
    return [n / sum(expected) for n in expected], [n / sum(actual) for n in actual]


def test_published_value() -> None:
    """0.1 ln 1.2 - 0.1 ln 0.8."""
    assert psi([0.5, 0.5], [0.6, 0.4]) == pytest.approx(0.040547, abs=5e-7)
    assert psi([0.5, 0.5], [0.6, 0.4]) == pytest.approx(0.1 * math.log(1.5), abs=1e-15)


def test_empty_bin_counts_as_one_row_in_ten_thousand() -> None:
    expected = (1.0 - 0.5) * math.log(2) + (0.0001 - 0.5) * math.log(0.0001 / 0.5)

    assert psi([0.5, 0.5], [1.0, 0.0]) == pytest.approx(expected, abs=1e-12)


@given(bins_of(0))
def test_nothing_moved_is_zero(counts: Counts) -> None:
    reference, _ = shares_of(counts)

    assert psi(reference, reference) == 0.0


@given(bins_of(0))
def test_symmetric_and_never_negative(counts: Counts) -> None:
    reference, current = shares_of(counts)

    assert psi(reference, current) >= 0.0
    assert psi(reference, current) == pytest.approx(psi(current, reference), abs=1e-12)


@given(bins_of(0), st.randoms(use_true_random=False))
def test_blind_to_the_order_of_bins(counts: Counts, random: Random) -> None:
    shuffled = list(counts)
    random.shuffle(shuffled)

    assert psi(*shares_of(shuffled)) == pytest.approx(psi(*shares_of(counts)), abs=1e-12)


@given(bins_of(1, at_least=2))
def test_merging_bins_never_raises_it(counts: Counts) -> None:
    (a, b), (c, d), *rest = counts
    merged = [(a + c, b + d), *rest]

    assert psi(*shares_of(merged)) <= psi(*shares_of(counts)) + 1e-12


@pytest.mark.parametrize(
    ("expected", "actual", "message"),
    [
        ([0.5, 0.5], [1.0], "same bins on both sides, came 2 and 1"),
        ([0.5, 0.4], [0.5, 0.5], "expected_shares: expected shares that add up to 1, came 0.9"),
        ([0.5, 0.5], [1.5, -0.5], "actual_shares: expected no negative share and no NaN"),
        ([0.5, 0.5], [math.nan, 0.5], "actual_shares: expected no negative share and no NaN"),
        ([], [], "expected_shares: expected shares that add up to 1"),
    ],
)
def test_shares_that_are_none(expected: ArrayLike, actual: ArrayLike, message: str) -> None:
    with pytest.raises(DataError, match=message):
        psi(expected, actual)


def test_quantile_bins_hold_equal_mass() -> None:
    reference = np.random.default_rng(1).normal(size=1000)

    edges = quantile_edges(reference, n_bins=10)

    assert edges.shape == (9,)
    assert shares(reference, edges).tolist() == [0.1] * 10 + [0.0]


def test_missing_has_the_last_bin() -> None:
    values = [1.0, 2.0, math.nan, 3.0, math.nan, -math.inf, math.inf, 2.5]

    assert shares(values, [2.0, 2.5]).tolist() == [3 / 8, 1 / 8, 2 / 8, 2 / 8]


def test_few_distinct_values_get_a_bin_each_and_one_on_either_side() -> None:
    """A flag that is 1 in 3 rows of 100 would fall between the quantiles."""
    reference = [0.0] * 97 + [1.0] * 3

    edges = quantile_edges(reference, n_bins=10)

    assert shares(reference, edges).tolist() == [0.0, 0.97, 0.03, 0.0, 0.0]
    assert shares([-0.5, 2.0], edges).tolist() == [0.5, 0.0, 0.0, 0.5, 0.0]


@pytest.mark.parametrize("moved", [4.0, 6.0, math.nan])
def test_a_constant_that_moves_is_seen(moved: float) -> None:
    assert population_stability_index([5.0] * 100, [5.0] * 100) == 0.0
    assert population_stability_index([5.0] * 100, [moved] * 100) > 1.0


@given(st.lists(st.floats(), min_size=1, max_size=50), st.integers(2, 12))
def test_a_sample_is_stable_against_itself(values: list[float], n_bins: int) -> None:
    edges = quantile_edges(values, n_bins)

    assert np.all(np.diff(edges) > 0) or np.isinf(edges).any()
    assert shares(values, edges).sum() == pytest.approx(1)
    assert population_stability_index(values, values, n_bins) == 0.0


def test_a_shift_is_measured_as_theory_says() -> None:
    """A normal moved by d has Jeffreys divergence d squared; ten bins keep most of it."""
    rng = np.random.default_rng(2)
    reference, current = rng.normal(size=20_000), rng.normal(loc=0.5, size=20_000)

    assert 0.21 < population_stability_index(reference, current) < 0.25


def test_everything_missing_is_one_bin() -> None:
    missing = [math.nan] * 3

    assert quantile_edges(missing).size == 0
    assert population_stability_index(missing, missing) == 0.0
    assert population_stability_index(missing, [1.0, 2.0]) > 1.0


def test_what_cannot_be_compared() -> None:
    with pytest.raises(DataError, match="reference: expected at least one row"):
        quantile_edges([])
    with pytest.raises(DataError, match="values: expected at least one row"):
        shares([], [1.0])
    with pytest.raises(DataError, match="edges: expected strictly increasing numbers"):
        shares([1.0], [2.0, 2.0])
    with pytest.raises(SettingsInvalid, match="n_bins: expected at least 2, came 1"):
        quantile_edges([1.0], n_bins=1)
