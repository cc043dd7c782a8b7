"""The cut-off of the cheapest decision."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, sem

from credit.errors import SettingsInvalid
from credit.metrics import Costs, bayes_cutoff, expected_cost, expected_cost_interval
from tests.metrics.made_up import calibrated

TEN_TO_ONE = Costs(false_negative=10, false_positive=1)
positive = st.floats(0.01, 100)


def test_ten_to_one_is_one_eleventh() -> None:
    assert bayes_cutoff(10, 1) == 1 / 11


def test_cost_by_hand() -> None:
    """Of five, one bad is approved (10) and one good is declined (1): 11 / 5."""
    y, prob = [0, 0, 1, 1, 0], [0.05, 0.20, 0.05, 0.90, 0.01]

    assert expected_cost(y, prob, 1 / 11, TEN_TO_ONE) == pytest.approx(2.2)


def test_interval_is_the_one_of_a_mean() -> None:
    y, prob = calibrated(500, seed=1)
    paid = np.where(prob >= 0.1, 1 - y, 10 * y)
    low, high = norm.interval(0.9, loc=paid.mean(), scale=sem(paid))

    interval = expected_cost_interval(y, prob, 0.1, TEN_TO_ONE, level=0.9)

    assert interval.estimate == pytest.approx(expected_cost(y, prob, 0.1, TEN_TO_ONE))
    assert (interval.low, interval.high) == pytest.approx((low, high))
    assert (interval.n, interval.n_bads, interval.level) == (500, y.sum(), 0.9)


def test_interval_of_a_cost_does_not_go_below_nothing() -> None:
    """One bad of thirty is approved: the mean is 1/3, its error as large."""
    interval = expected_cost_interval([0] * 29 + [1], [0.01] * 30, 0.5, TEN_TO_ONE)

    assert interval.estimate == pytest.approx(1 / 3)
    assert interval.low == 0.0


def test_probability_at_the_cutoff_declines() -> None:
    y, prob = [0, 1], [1 / 11, 1 / 11]

    assert expected_cost(y, prob, 1 / 11, TEN_TO_ONE) == 0.5
    assert expected_cost(y, prob, math.nextafter(1 / 11, 1), TEN_TO_ONE) == 5.0


@given(positive, positive)
def test_no_other_cutoff_is_cheaper_when_probabilities_are_true(fn: float, fp: float) -> None:
    """Twenty groups of twenty; in group k exactly k default, and the PD says so."""
    groups = np.arange(20)
    prob = np.repeat(groups / 20, 20)
    y = np.concatenate([np.arange(20) < k for k in groups])
    costs = Costs(false_negative=fn, false_positive=fp)

    cheapest = min(expected_cost(y, prob, cutoff, costs) for cutoff in [*(groups / 20), 1.1])

    assert expected_cost(y, prob, bayes_cutoff(fn, fp), costs) == pytest.approx(cheapest)


@pytest.mark.parametrize("cost", [0.0, -1.0, math.inf, math.nan])
def test_costs_are_positive(cost: float) -> None:
    with pytest.raises(SettingsInvalid, match="cost false_negative: expected a positive number"):
        bayes_cutoff(cost, 1)
    with pytest.raises(SettingsInvalid, match="cost false_positive: expected a positive number"):
        bayes_cutoff(1, cost)


def test_cutoff_is_a_number() -> None:
    with pytest.raises(SettingsInvalid, match="cutoff: expected a number, came NaN"):
        expected_cost([0, 1], [0.1, 0.2], math.nan, TEN_TO_ONE)
    with pytest.raises(SettingsInvalid, match="cutoff: expected a number, came NaN"):
        expected_cost_interval([0, 1], [0.1, 0.2], math.nan, TEN_TO_ONE)
