"""Calibration line, calibration in the large and the ratio of observed to expected bads."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from credit.errors import DataError
from credit.metrics import calibration_line, observed_expected
from tests.metrics.made_up import calibrated


def skewed(n: int, seed: int) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    """Bads whose true log-odds are 0.4 + 0.7 logit(PD)."""
    rng = np.random.default_rng(seed)
    log_odds = rng.normal(loc=-2, size=n)
    return rng.random(n) < expit(0.4 + 0.7 * log_odds), expit(log_odds), log_odds


def test_line_equals_scikit_learn_without_a_penalty() -> None:
    y, prob, log_odds = skewed(2000, seed=1)
    model = LogisticRegression(C=math.inf, tol=1e-10, max_iter=1000).fit(log_odds[:, None], y)

    line = calibration_line(y, prob)

    assert line.slope.estimate == pytest.approx(model.coef_[0, 0], abs=1e-5)
    assert line.intercept.estimate == pytest.approx(model.intercept_[0], abs=1e-5)


def test_standard_errors_are_those_of_the_information() -> None:
    """``(X' W X)^-1`` at the maximum, as in any text on the logistic model."""
    y, prob, log_odds = skewed(800, seed=2)
    line = calibration_line(y, prob, level=0.9)

    fitted = expit(line.intercept.estimate + line.slope.estimate * log_odds)
    design = np.column_stack((np.ones(800), log_odds))
    covariance = np.linalg.inv(design.T @ np.diag(fitted * (1 - fitted)) @ design)
    errors = np.sqrt(np.diag(covariance))

    assert (line.intercept_error, line.slope_error) == pytest.approx(tuple(errors), rel=1e-6)
    assert line.slope.high - line.slope.low == pytest.approx(2 * 1.644854 * errors[1], rel=1e-6)
    shifted = expit(line.in_the_large.estimate + log_odds)
    expected = 1 / math.sqrt((shifted * (1 - shifted)).sum())
    assert line.in_the_large_error == pytest.approx(expected, rel=1e-6)


def test_in_the_large_makes_the_bads_add_up() -> None:
    """At the maximum of the likelihood the expected bads are the observed ones."""
    y, prob, log_odds = skewed(1000, seed=3)

    shift = calibration_line(y, prob).in_the_large.estimate

    assert expit(shift + log_odds).sum() == pytest.approx(y.sum(), abs=1e-6)


def test_calibrated_probabilities_have_the_line_zero_one() -> None:
    y, prob = calibrated(20_000, seed=4)

    line = calibration_line(y, prob)

    assert line.slope.low < 1 < line.slope.high
    assert line.intercept.low < 0 < line.intercept.high
    assert line.in_the_large.low < 0 < line.in_the_large.high


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    covered = 0
    for seed in range(200):
        y, prob, _ = skewed(600, seed=seed)
        slope = calibration_line(y, prob).slope
        covered += slope.low <= 0.7 <= slope.high

    # 190 are expected, with a standard deviation of 3.1.
    assert covered >= 179


@given(st.integers(0, 1000), st.floats(0.2, 5), st.floats(-3, 3))
@settings(max_examples=40)
def test_line_undoes_what_was_done_to_the_log_odds(seed: int, times: float, plus: float) -> None:
    """If log-odds are bent to ``plus + times x``, slope and intercept are bent back exactly."""
    y, prob, log_odds = skewed(200, seed=seed)
    line = calibration_line(y, prob)

    bent = calibration_line(y, expit(plus + times * log_odds))

    assert bent.slope.estimate == pytest.approx(line.slope.estimate / times, abs=1e-6)
    expected = line.intercept.estimate - line.slope.estimate * plus / times
    assert bent.intercept.estimate == pytest.approx(expected, abs=1e-6)


def test_far_from_the_truth_it_still_converges() -> None:
    """PDs of 1e-12 to 1e-9 where three in ten default: plain Newton would leap out of bounds."""
    y, _, log_odds = skewed(500, seed=5)
    prob = expit(log_odds - 25)

    line = calibration_line(y, prob)

    assert line.in_the_large.estimate > 20
    assert expit(line.in_the_large.estimate + logit(prob)).sum() == pytest.approx(y.sum(), abs=1e-6)


def test_ratio_by_hand() -> None:
    """Two bads, 1.6 expected, of eight: log error sqrt((1 - 2/8) / 2)."""
    ratio = observed_expected([1, 1, 0, 0, 0, 0, 0, 0], [0.2] * 8)
    spread = math.exp(1.959964 * math.sqrt(0.75 / 2))

    assert ratio.estimate == pytest.approx(1.25)
    assert (ratio.low, ratio.high) == pytest.approx((1.25 / spread, 1.25 * spread), rel=1e-6)
    assert (ratio.n, ratio.n_bads) == (8, 2)


@pytest.mark.parametrize(
    ("y", "prob", "message"),
    [
        ([0, 1, 1], [0.0, 0.5, 1.0], r"expected PDs within \(0, 1\), 2 of 3 rows are exactly 0"),
        ([0, 1, 1], [0.3, 0.3, 0.3], "expected PDs that differ, all are equal"),
        ([0, 0, 1], [0.1, 0.3, 0.3], "expected bads and goods that overlap"),
        ([1, 1, 0], [0.1, 0.2, 0.3], "expected bads and goods that overlap"),
        ([0, 1], [0.1, math.nan], "1 of 2 rows are NaN"),
    ],
)
def test_probabilities_that_have_no_line(y: list[int], prob: list[float], message: str) -> None:
    with pytest.raises(DataError, match=f"prob: {message}"):
        calibration_line(y, prob)


def test_nothing_expected_has_no_ratio() -> None:
    with pytest.raises(DataError, match="prob: expected a PD above 0 in at least one row"):
        observed_expected([0, 1], [0.0, 0.0])
    with pytest.raises(DataError, match="target: expected both goods and bads"):
        observed_expected([0, 0], [0.1, 0.1])
