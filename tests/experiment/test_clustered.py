"""Clustered means and differences, against the sandwich of a regression and by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from credit.errors import DataError
from credit.experiment.clustered import clustered_difference, clustered_mean
from credit.metrics.sample import BoolArray, FloatArray


def made(n: int, n_clusters: int, seed: int) -> tuple[FloatArray, BoolArray, FloatArray]:
    rng = np.random.default_rng(seed)
    clusters = rng.integers(0, n_clusters, n).astype(np.float64)
    values = rng.normal(size=n_clusters)[clusters.astype(int)] + rng.normal(size=n)
    return values, rng.random(n) < 0.3, clusters


def test_the_difference_is_the_slope_of_a_regression_with_its_cluster_robust_error() -> None:
    """OLS on (1, arm): beta = (X'X)^-1 X'y, V = C/(C-1) (X'X)^-1 (sum_c X_c'u_c u_c'X_c) (X'X)^-1."""
    values, second, clusters = made(400, 60, seed=1)
    x = np.column_stack([np.ones(400), second])
    bread = np.linalg.inv(x.T @ x)
    beta = bread @ x.T @ values
    residual = values - x @ beta
    meat = np.zeros((2, 2))
    for cluster in np.unique(clusters):
        mine = x[clusters == cluster].T @ residual[clusters == cluster]
        meat += np.outer(mine, mine)
    error = math.sqrt((bread @ meat @ bread)[1, 1] * 60 / 59)

    found = clustered_difference(values, second, clusters)

    assert found.estimate == pytest.approx(beta[1])
    assert (found.high - found.low) / 2 == pytest.approx(stats.t.ppf(0.975, 59) * error)


def test_one_row_each_is_students_interval() -> None:
    values, _, _ = made(50, 5, seed=2)
    low, high = stats.t.interval(0.95, 49, values.mean(), stats.sem(values))

    found = clustered_mean(values, np.arange(50))

    assert (found.low, found.high) == pytest.approx((low, high))


def test_intervals_hold_the_truth_where_those_of_rows_alone_do_not() -> None:
    """Ten alike rows an applicant: the naive interval is about a third as wide as it should be."""
    rng = np.random.default_rng(3)
    held = naive_held = 0
    clusters = np.repeat(np.arange(100), 10)
    for _ in range(300):
        values = np.repeat(rng.normal(size=100), 10) + 0.1 * rng.normal(size=1_000)
        found = clustered_mean(values, clusters)
        held += found.low <= 0 <= found.high
        naive = clustered_mean(values, np.arange(1_000))
        naive_held += naive.low <= 0 <= naive.high

    assert stats.binomtest(held, 300, 0.95).pvalue > 0.001
    assert naive_held < 200


@given(st.integers(0, 1_000), st.floats(-100, 100))
def test_a_shift_of_all_values_moves_no_difference(seed: int, shift: float) -> None:
    values, second, clusters = made(40, 12, seed)
    if not second.any():
        return

    before = clustered_difference(values, second, clusters)
    after = clustered_difference(values + shift, second, clusters)

    assert (after.low, after.high) == pytest.approx((before.low, before.high), abs=1e-9)


@given(st.integers(0, 1_000))
def test_exchanging_the_sides_turns_the_difference_around(seed: int) -> None:
    values, second, clusters = made(40, 12, seed)
    if not second.any():
        return

    one, other = (clustered_difference(values, side, clusters) for side in (second, ~second))

    assert (one.low, one.high) == pytest.approx((-other.high, -other.low))


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(DataError, match="rows of at least two applicants, came 1"):
        clustered_mean([1.0, 2.0], ["a", "a"])
    with pytest.raises(DataError, match="expected rows on both sides, came 2 and 0"):
        clustered_difference([1.0, 2.0], [False, False], ["a", "b"])
    with pytest.raises(DataError, match="expected finite numbers"):
        clustered_mean([1.0, float("nan")], ["a", "b"])
    with pytest.raises(DataError, match="clusters: expected one per row, came 1 for 2 rows"):
        clustered_mean([1.0, 2.0], ["a"])
