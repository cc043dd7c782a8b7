"""Exact bounds of rare events, against the mixture by integration and under continuous looking."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta

from credit.errors import DataError, SettingsInvalid
from credit.experiment.rates import (
    bounds_of_rates,
    log_evidence,
    rate_bounds,
    rate_difference_bounds,
)

ALPHA = 0.05

alphas = st.floats(1e-6, 0.5)


@st.composite
def counts(draw: st.DrawFn) -> tuple[int, int]:
    n = draw(st.integers(1, 5_000))
    return draw(st.integers(0, n)), n


@pytest.mark.parametrize(("n_events", "n"), [(0, 10), (3, 40), (2, 400), (17, 20)])
def test_at_both_ends_the_mixture_of_likelihood_ratios_is_one_over_alpha(
    n_events: int, n: int
) -> None:
    """The averaged likelihood by numerical integration, in an angle in which Jeffreys' density is constant."""

    def likelihood(angle: float) -> float:
        rate = math.sin(angle) ** 2
        return rate**n_events * (1 - rate) ** (n - n_events) * 2 / math.pi

    averaged, _ = quad(likelihood, 0, math.pi / 2, epsabs=0, epsrel=1e-10, limit=200)
    low, high = rate_bounds(n_events, n, ALPHA)

    for rate in [end for end in (low, high) if 0 < end < 1]:
        ratio = averaged / (rate**n_events * (1 - rate) ** (n - n_events))
        assert ratio == pytest.approx(1 / ALPHA, rel=1e-6)


def test_looked_at_after_every_trial_it_is_wrong_no_more_often_than_it_says() -> None:
    """The control: exact intervals for one look (Clopper, Pearson 1934) on the same runs."""
    rate, n_runs, horizon = 0.002, 400, 10_000
    happened = np.random.default_rng(3).random((n_runs, horizon)) < rate
    events, n = np.cumsum(happened, axis=1), np.arange(1, horizon + 1)

    is_outside = log_evidence(events, n, rate) >= -math.log(ALPHA)
    # Looked at when something happened, which is when the lower end of an interval for one look rises.
    looks = [(row[hit], n[hit]) for row, hit in zip(events, happened, strict=True)]
    one_look = [np.any(beta.ppf(ALPHA / 2, s, at - s + 1) > rate) for s, at in looks]

    assert is_outside.any(axis=1).mean() <= ALPHA
    assert np.mean(one_look) > ALPHA


def test_the_bounds_hold_what_the_mixture_does_not_exclude() -> None:
    events, n = np.array([0, 1, 5, 50]), np.array([30, 900, 900, 60])
    low, high = bounds_of_rates(events, n, ALPHA)

    for rate, is_inside in ((low * 0.999, False), (low * 1.001, True), (high * 0.999, True)):
        open_ = log_evidence(events, n, rate) < -math.log(ALPHA)
        assert np.array_equal(open_[1:], np.full(3, is_inside))
    assert low[0] == 0.0


@given(counts(), alphas)
def test_events_and_their_absence_mirror_each_other(counted: tuple[int, int], alpha: float) -> None:
    n_events, n = counted

    found, mirrored = rate_bounds(n_events, n, alpha), rate_bounds(n - n_events, n, alpha)

    assert found.low <= n_events / n <= found.high
    assert found.low == pytest.approx(1 - mirrored.high, abs=1e-9)
    assert found.high == pytest.approx(1 - mirrored.low, abs=1e-9)


@given(counts(), alphas, alphas)
def test_who_must_be_surer_gets_wider_bounds(
    counted: tuple[int, int], one: float, other: float
) -> None:
    wide, narrow = (rate_bounds(*counted, alpha) for alpha in sorted([one, other]))

    assert wide.low <= narrow.low
    assert narrow.high <= wide.high


@given(counts(), counts(), alphas)
def test_a_difference_the_other_way_round_is_its_mirror(
    first: tuple[int, int], second: tuple[int, int], alpha: float
) -> None:
    found = rate_difference_bounds(first, second, alpha)
    mirrored = rate_difference_bounds(second, first, alpha)

    assert (found.low, found.high) == (-mirrored.high, -mirrored.low)
    assert -1 <= found.low <= found.high <= 1


def test_nothing_is_known_before_the_first_trial() -> None:
    assert rate_bounds(0, 0, ALPHA) == (0.0, 1.0)


def test_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(DataError, match="expected 0 <= events <= trials"):
        rate_bounds(3, 2, ALPHA)
    with pytest.raises(DataError, match="expected 0 <= events <= trials"):
        rate_bounds(-1, 2, ALPHA)
    with pytest.raises(SettingsInvalid, match="alpha: expected within"):
        rate_bounds(1, 2, 0.0)
