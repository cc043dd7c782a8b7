"""Brier score, log loss, calibration error and the reliability table."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, norm, sem
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as sklearn_log_loss

from credit.errors import DataError, SettingsInvalid
from credit.metrics import (
    Interval,
    brier_interval,
    brier_score,
    ece_interval,
    expected_calibration_error,
    log_loss,
    log_loss_interval,
    reliability_table,
    wilson_interval,
)
from tests.metrics.made_up import calibrated


def test_brier_and_log_loss_equal_scikit_learn() -> None:
    y, prob = calibrated(500, seed=1)

    assert brier_score(y, prob) == pytest.approx(brier_score_loss(y, prob), abs=1e-14)
    assert log_loss(y, prob) == pytest.approx(sklearn_log_loss(y, prob), abs=1e-14)


def test_log_loss_of_right_and_wrong_certainty() -> None:
    assert log_loss([0, 1], [0.0, 1.0]) == 0.0
    assert log_loss([0, 1], [0.0, 0.0]) == math.inf


def test_brier_interval_is_the_one_of_a_mean() -> None:
    y, prob = calibrated(500, seed=2)
    terms = (prob - y) ** 2
    low, high = norm.interval(0.9, loc=terms.mean(), scale=sem(terms))

    interval = brier_interval(y, prob, level=0.9)

    assert (interval.low, interval.high) == pytest.approx((low, high))
    assert interval.estimate == brier_score(y, prob)
    assert (interval.n, interval.n_bads, interval.level) == (500, y.sum(), 0.9)


def test_log_loss_interval_is_the_one_of_a_mean() -> None:
    y, prob = calibrated(500, seed=9)
    terms = -np.log(np.where(y == 1, prob, 1 - prob))
    low, high = norm.interval(0.95, loc=terms.mean(), scale=sem(terms))

    interval = log_loss_interval(y, prob)

    assert (interval.low, interval.high) == pytest.approx((low, high))
    assert interval.estimate == pytest.approx(log_loss(y, prob))


def test_one_infinite_loss_makes_the_mean_infinite_for_certain() -> None:
    interval = log_loss_interval([0, 1, 1], [0.2, 0.0, 0.9])

    assert (interval.estimate, interval.low, interval.high) == (math.inf, math.inf, math.inf)


def test_calibration_error_by_hand() -> None:
    """Two bins of two rows: |0.15 - 0.5| and |0.75 - 1|, the mean of which is 0.3."""
    y, prob = [0, 1, 1, 1], [0.1, 0.2, 0.7, 0.8]

    assert expected_calibration_error(y, prob, n_bins=2) == pytest.approx(0.3)


def test_table_equals_scikit_learn_where_nothing_is_tied() -> None:
    y, prob = calibrated(1000, seed=3)
    observed, predicted = calibration_curve(y, prob, n_bins=10, strategy="quantile")

    table = reliability_table(y, prob)

    assert [row.observed.estimate for row in table] == pytest.approx(observed.tolist())
    assert [row.mean_predicted for row in table] == pytest.approx(predicted.tolist())
    assert [row.n for row in table] == [100] * 10


def test_equal_predictions_share_a_bin() -> None:
    y = [0, 1] * 10
    prob = [0.1] * 12 + [0.2] * 7 + [0.9]

    table = reliability_table(y, prob, n_bins=10)

    assert [row.n for row in table] == [12, 7, 1]
    assert [row.mean_predicted for row in table] == pytest.approx([0.1, 0.2, 0.9])


@given(
    st.lists(st.tuples(st.integers(0, 1), st.integers(0, 20)), min_size=0, max_size=60),
    st.integers(1, 12),
)
def test_table_adds_up_to_the_sample_and_to_the_error(
    pairs: list[tuple[int, int]], n_bins: int
) -> None:
    pairs = [(0, 3), (1, 9), *pairs]
    y, prob = [bad for bad, _ in pairs], [risk / 20 for _, risk in pairs]

    table = reliability_table(y, prob, n_bins)
    error = sum(row.n * abs(row.mean_predicted - row.observed.estimate) for row in table)

    assert sum(row.n for row in table) == len(y)
    assert sum(row.observed.n_bads for row in table) == sum(y)
    assert error / len(y) == pytest.approx(expected_calibration_error(y, prob, n_bins), abs=1e-12)


@pytest.mark.parametrize(("n_bads", "n"), [(0, 12), (1, 10), (30, 400), (7, 7)])
def test_wilson_equals_scipy(n_bads: int, n: int) -> None:
    expected = binomtest(n_bads, n).proportion_ci(0.95, method="wilson")

    interval = wilson_interval(n_bads, n)

    assert interval.low == pytest.approx(expected.low, abs=1e-12)
    assert interval.high == pytest.approx(expected.high, abs=1e-12)


@pytest.mark.parametrize(("n_bads", "n"), [(0, 0), (3, 2), (-1, 5)])
def test_wilson_refuses_what_is_no_share(n_bads: int, n: int) -> None:
    with pytest.raises(DataError, match=f"came {n_bads} of {n}"):
        wilson_interval(n_bads, n)


def test_ece_interval_finds_a_known_error() -> None:
    """A model that says 0.10 where 0.15 default has an error of 0.05."""
    rng = np.random.default_rng(4)
    y = rng.random(20_000) < 0.15

    interval = ece_interval(y, np.full(20_000, 0.10))

    assert interval.low < 0.05 < interval.high
    assert interval.high - interval.low < 0.015


def test_ece_interval_takes_the_bias_of_resampling_off() -> None:
    """Resamples of a calibrated sample miss by more than the sample does; the bounds may not."""
    y, prob = calibrated(2000, seed=5)
    rng = np.random.default_rng(6)
    draws = (rng.integers(y.size, size=y.size) for _ in range(300))
    resampled = [expected_calibration_error(y[rows], prob[rows]) for rows in draws]

    lower, upper = np.quantile(resampled, [0.025, 0.975])

    interval = ece_interval(y, prob)

    e = interval.estimate
    assert e < np.mean(resampled)
    assert e - interval.low == pytest.approx(min(e, upper - e), abs=0.002)
    assert interval.high - e == pytest.approx(max(0, e - lower), abs=0.002)


def test_ece_interval_is_fixed_by_its_seed() -> None:
    y, prob = calibrated(300, seed=7)

    assert ece_interval(y, prob, seed=1) == ece_interval(y, prob, seed=1)
    assert ece_interval(y, prob, seed=1) != ece_interval(y, prob, seed=2)


def test_bins_must_exist() -> None:
    with pytest.raises(SettingsInvalid, match="n_bins: expected at least 1, came 0"):
        expected_calibration_error([0, 1], [0.1, 0.2], n_bins=0)


def test_interval_reads_well() -> None:
    interval = Interval(estimate=0.86524, low=0.86011, high=0.87026, n=1000, n_bads=70)

    assert str(interval) == "0.8652 [0.8601, 0.8703]"
    assert interval.level == 0.95
