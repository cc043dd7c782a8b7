"""What lending earns at a cut-off."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from scipy.stats import norm, sem

from credit.errors import DataError, SettingsInvalid
from credit.metrics import Costs, LoanTerms, bayes_cutoff, expected_cost, profit, profit_curve
from tests.metrics.made_up import Sample, calibrated, samples

TERMS = LoanTerms(interest_income=0.12, loss_given_default=0.6)
share = st.floats(0.01, 2)


def test_profit_by_hand() -> None:
    """A good of 100 earns 12, a bad of 50 loses 30, the third is declined: -18 over three."""
    found = profit([0, 1, 1], [0.1, 0.2, 0.9], 0.5, TERMS, amount=[100, 50, 1000])

    assert found.estimate == pytest.approx(-18 / 3)


def test_interval_is_the_one_of_a_mean() -> None:
    y, prob = calibrated(500, seed=1)
    amount = np.random.default_rng(2).uniform(100, 1000, 500)
    earned = np.where(prob >= 0.2, 0, np.where(y == 1, -0.6 * amount, 0.12 * amount))

    found = profit(y, prob, 0.2, TERMS, amount, level=0.9)

    bounds = norm.interval(0.9, loc=earned.mean(), scale=sem(earned))
    assert (found.low, found.high) == pytest.approx(bounds)
    assert (found.n, found.n_bads, found.level) == (500, y.sum(), 0.9)


@given(samples())
def test_curve_is_the_profit_at_each_cutoff(sample: Sample) -> None:
    y, risk = sample
    prob = np.array(risk) / 10 + 0.5
    amount = np.arange(1, len(y) + 1)

    curve = profit_curve(y, prob, TERMS, amount)

    expected = [profit(y, prob, cutoff, TERMS, amount) for cutoff in curve.cutoffs]
    assert curve.profit == pytest.approx([each.estimate for each in expected], abs=1e-9)
    assert curve.low == pytest.approx([each.low for each in expected], abs=1e-6)
    assert curve.high == pytest.approx([each.high for each in expected], abs=1e-6)
    approved = [(prob < cutoff).mean() for cutoff in curve.cutoffs]
    assert curve.approval_rate == pytest.approx(approved, abs=1e-12)
    assert (curve.profit[0], curve.approval_rate[0], curve.approval_rate[-1]) == (0, 0, 1)


@given(samples(), share, share)
def test_profit_and_cost_are_one_account(sample: Sample, interest: float, lgd: float) -> None:
    """Cost is measured from the perfect decision, which earns interest on every good."""
    y, risk = sample
    prob = np.array(risk) / 10 + 0.5
    terms = LoanTerms(interest_income=interest, loss_given_default=lgd)
    costs = Costs(false_negative=lgd, false_positive=interest)
    perfect = interest * (1 - np.mean(y))

    for cutoff in (0.0, 0.3, 0.65, 1.1):
        earned = profit(y, prob, cutoff, terms).estimate
        assert earned == pytest.approx(perfect - expected_cost(y, prob, cutoff, costs), abs=1e-12)


@given(share, share)
def test_lending_breaks_even_where_declining_becomes_cheaper(interest: float, lgd: float) -> None:
    terms = LoanTerms(interest_income=interest, loss_given_default=lgd)

    assert terms.break_even == pytest.approx(bayes_cutoff(lgd, interest))
    assert (1 - terms.break_even) * interest == pytest.approx(terms.break_even * lgd)


def test_on_calibrated_probabilities_break_even_earns_nearly_the_most() -> None:
    y, prob = calibrated(200_000, seed=3)

    curve = profit_curve(y, prob, TERMS)

    assert profit(y, prob, TERMS.break_even, TERMS).estimate >= 0.99 * curve.profit.max()


@pytest.mark.parametrize("share_", [0.0, -0.1, math.inf, math.nan])
def test_terms_are_positive(share_: float) -> None:
    with pytest.raises(SettingsInvalid, match="interest_income: expected a positive share, came"):
        LoanTerms(interest_income=share_, loss_given_default=0.5)
    with pytest.raises(
        SettingsInvalid, match="loss_given_default: expected a positive share, came"
    ):
        LoanTerms(interest_income=0.1, loss_given_default=share_)


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        ([100, 200], "amount: expected one number, or one per row of the target, came 2 for 3"),
        ([100, 0, 200], "amount: expected positive numbers, 1 of 3 are not"),
        ([100, math.nan, -1], "amount: expected positive numbers, 2 of 3 are not"),
        (math.inf, "amount: expected positive numbers, 1 of 1 are not"),
        ("much", "amount: expected numbers only"),
    ],
)
def test_amounts_that_are_none(amount: ArrayLike, message: str) -> None:
    with pytest.raises(DataError, match=message):
        profit([0, 1, 0], [0.1, 0.2, 0.3], 0.5, TERMS, amount)
    with pytest.raises(DataError, match=message):
        profit_curve([0, 1, 0], [0.1, 0.2, 0.3], TERMS, amount)


def test_refuses_what_every_metric_refuses() -> None:
    with pytest.raises(SettingsInvalid, match="cutoff: expected a number, came NaN"):
        profit([0, 1], [0.1, 0.2], math.nan, TERMS)
    with pytest.raises(DataError, match="target: expected both goods and bads"):
        profit_curve([1, 1], [0.1, 0.2], TERMS)
