"""The cost of every cut-off, and what a sample knows of the cheapest."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray

from credit.errors import DataError, SettingsInvalid
from credit.metrics import (
    Costs,
    cost_curve,
    empirical_cutoff,
    expected_cost,
    expected_cost_interval,
)
from tests.metrics.made_up import Sample, calibrated, samples

TEN_TO_ONE = Costs(false_negative=10, false_positive=1)


def naive_cheapest(y: NDArray[np.bool_], prob: NDArray[np.float64]) -> float:
    cutoffs = [*np.unique(prob), math.nextafter(prob.max(), math.inf)]
    costs = [expected_cost(y, prob, cutoff, TEN_TO_ONE) for cutoff in cutoffs]
    return float(cutoffs[int(np.argmin(costs))])


@given(samples())
def test_curve_is_the_expected_cost_at_each_cutoff(sample: Sample) -> None:
    y, risk = sample
    prob = np.array(risk) / 10 + 0.5

    curve = cost_curve(y, prob, TEN_TO_ONE)

    assert curve.cutoffs[:-1].tolist() == np.unique(prob).tolist()
    expected = [expected_cost(y, prob, cutoff, TEN_TO_ONE) for cutoff in curve.cutoffs]
    assert curve.cost == pytest.approx(expected, abs=1e-12)


def test_curve_has_the_interval_of_each_cutoff() -> None:
    y, prob = calibrated(60, seed=8)

    curve = cost_curve(y, prob, TEN_TO_ONE, level=0.9)

    for cutoff, low, high in zip(curve.cutoffs, curve.low, curve.high, strict=True):
        expected = expected_cost_interval(y, prob, cutoff, TEN_TO_ONE, level=0.9)
        assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_curve_runs_from_declining_all_to_approving_all() -> None:
    curve = cost_curve([0, 1, 0, 1], [0.1, 0.2, 1.0, 1.0], TEN_TO_ONE)

    assert curve.cutoffs[-1] > 1
    assert (curve.cost[0], curve.cost[-1]) == (2 * 1 / 4, 2 * 10 / 4)


def test_cheapest_by_hand() -> None:
    """Good, bad, good, bad: declining from 0.2 on costs one good; every other cut-off costs more."""
    found = empirical_cutoff([0, 1, 0, 1], [0.05, 0.2, 0.4, 0.6], TEN_TO_ONE)

    assert found.cutoff.estimate == 0.2
    assert found.cost.estimate == 0.25
    assert found.analytic_cutoff == 1 / 11
    assert found.analytic_cost.estimate == 0.25
    assert (found.cutoff.n, found.cutoff.n_bads) == (4, 2)


def test_of_equally_cheap_cutoffs_the_lowest() -> None:
    """Declining one good, or approving one bad at the same price."""
    even = Costs(false_negative=1, false_positive=1)

    assert empirical_cutoff([1, 0], [0.3, 0.6], even).cutoff.estimate == 0.3


def test_interval_is_the_one_of_the_slow_way() -> None:
    y, prob = calibrated(150, seed=1)
    bad, prob = y == 1, np.round(prob, 2)
    rng = np.random.default_rng(5)
    drawn: list[float] = []
    while len(drawn) < 60:
        rows = rng.integers(150, size=150, dtype=np.int32)
        drawn.append(naive_cheapest(bad[rows], prob[rows]))

    found = empirical_cutoff(y, prob, TEN_TO_ONE, level=0.9, n_resamples=60, seed=5)

    assert found.cutoff.estimate == pytest.approx(naive_cheapest(bad, prob), abs=1e-12)
    low, high = np.quantile(drawn, [0.05, 0.95])
    # A risk that a resample leaves out is a cut-off there and none in the slow way, which then
    # names the next risk that is present: the same decisions, up to 0.02 apart here.
    assert found.cutoff.low == pytest.approx(min(low, found.cutoff.estimate), abs=0.021)
    assert found.cutoff.high == pytest.approx(max(high, found.cutoff.estimate), abs=0.021)


@pytest.mark.parametrize("seed", range(4))
def test_on_calibrated_probabilities_theory_is_as_cheap_as_hindsight(seed: int) -> None:
    """200,000 rows whose PDs are true: the analytic cut-off costs at most 1 % more than the best.

    What hindsight gains shrinks with n to the power 2/3: 0.7 % on 20,000 rows, a fifth of it here.
    """
    y, prob = calibrated(200_000, seed)

    found = empirical_cutoff(y, prob, TEN_TO_ONE, level=0.98, n_resamples=100)

    assert found.cutoff.low <= 1 / 11 <= found.cutoff.high
    assert found.cost.estimate <= found.analytic_cost.estimate <= 1.01 * found.cost.estimate


def test_interval_holds_the_analytic_cutoff_as_often_as_it_says() -> None:
    held = 0
    for seed in range(100):
        y, prob = calibrated(1000, seed)
        cutoff = empirical_cutoff(y, prob, TEN_TO_ONE, n_resamples=80).cutoff
        held += cutoff.low <= 1 / 11 <= cutoff.high

    # 95 or more are expected; at 95 the standard deviation is 2.2.
    assert held >= 89


def test_a_model_that_says_too_little_moves_the_cheapest_cutoff_down() -> None:
    """PDs at half of what is true: the cheapest cut-off is 1/22, and 1/11 lies outside."""
    y, prob = calibrated(30_000, seed=3)

    found = empirical_cutoff(y, prob / 2, TEN_TO_ONE, n_resamples=100)

    assert found.cutoff.low <= 1 / 22 <= found.cutoff.high < 1 / 11
    assert found.analytic_cost.estimate > 1.05 * found.cost.estimate


def test_seed_fixes_the_interval() -> None:
    y, prob = calibrated(400, seed=4)

    one, same, other = (empirical_cutoff(y, prob, TEN_TO_ONE, seed=seed) for seed in (1, 1, 2))

    assert one == same
    assert one.cutoff != other.cutoff


def test_refuses_what_every_metric_refuses() -> None:
    with pytest.raises(DataError, match=r"prob: .* 1 of 2 rows lie outside \[0, 1\]"):
        cost_curve([0, 1], [0.1, 1.2], TEN_TO_ONE)
    with pytest.raises(DataError, match="target: expected both goods and bads"):
        empirical_cutoff([0, 0], [0.1, 0.2], TEN_TO_ONE)
    with pytest.raises(SettingsInvalid, match="n_resamples: expected at least 40"):
        empirical_cutoff([0, 1], [0.1, 0.2], TEN_TO_ONE, n_resamples=39)
