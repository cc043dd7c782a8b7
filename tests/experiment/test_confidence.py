"""Bounds that hold at every look: against the mixture that they come from, and under continuous looking."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from credit.errors import SettingsInvalid
from credit.experiment.confidence import (
    LEAST,
    TIGHTEST_AT,
    UNKNOWN,
    Bounds,
    bounds_of_means,
    difference_bounds,
    mean_bounds,
    multiplier,
    tuning,
)
from credit.experiment.sums import Sums

ALPHA = 0.05

alphas = st.floats(1e-6, 0.5)
values = st.lists(st.floats(-100, 100), min_size=2, max_size=30)


@pytest.mark.parametrize("alpha", [0.05, 0.00125])
@pytest.mark.parametrize("n", [200, 1_000, 30_000])
def test_the_bound_is_where_the_mixture_of_likelihood_ratios_reaches_one_over_alpha(
    n: int, alpha: float
) -> None:
    """Robbins' martingale by numerical integration: normal tilts of ``exp(ts - nt²/2)``."""
    spread = math.sqrt(tuning(alpha, TIGHTEST_AT))
    total = float(multiplier(n, alpha)) * math.sqrt(n)  # of n values with a variance of 1

    def tilted(tilt: float) -> float:
        log_prior = -(tilt**2) / (2 * spread**2) - math.log(spread * math.sqrt(2 * math.pi))
        return math.exp(tilt * total - n * tilt**2 / 2 + log_prior)

    peak = total / (n + spread**-2)
    width = 12 / math.sqrt(n + spread**-2)
    reached, _ = quad(tilted, peak - width, peak + width)

    assert reached == pytest.approx(1 / alpha, rel=1e-6)


@pytest.mark.parametrize("alpha", [0.2, 0.05, 0.00125])
def test_bounds_are_tightest_where_they_should_be(alpha: float) -> None:
    def half(log_of_tuned: float) -> float:
        return float(multiplier(1_000, alpha, math.exp(log_of_tuned)))

    best = minimize_scalar(half, bounds=(1, 15), method="bounded", options={"xatol": 1e-8})

    assert math.exp(best.x) == pytest.approx(1_000, rel=1e-3)


def test_a_single_look_would_take_less() -> None:
    assert float(multiplier(1_000, ALPHA)) == pytest.approx(3.035, abs=5e-4)
    assert float(multiplier(10**9, ALPHA)) > 1.96


DRAWS = {
    "normal": lambda g, shape: g.normal(size=shape),
    "skewed": lambda g, shape: g.exponential(size=shape) - 1,
    "one in two": lambda g, shape: (g.random(shape) < 0.5) - 0.5,
}


def _ever_wrong(x: NDArray[np.float64], z: NDArray[np.float64] | None = None) -> float:
    """Share of runs whose bounds of the mean, which is 0, exclude it at any look."""
    n = np.arange(1, x.shape[1] + 1)
    mean = np.cumsum(x, axis=1) / n
    variance = np.maximum(np.cumsum(x * x, axis=1) / n - mean**2, 0) / (n - 1).clip(1)
    if z is None:
        low, high = bounds_of_means(np.broadcast_to(n, x.shape), mean, variance, ALPHA, TIGHTEST_AT)
    else:
        low, high = mean - z * np.sqrt(variance), mean + z * np.sqrt(variance)
    outside = (low > 0) | (high < 0)
    return float(outside[:, LEAST - 1 :].any(axis=1).mean())


@pytest.mark.parametrize("kind", DRAWS)
def test_looked_at_after_every_value_it_is_wrong_no_more_often_than_it_says(kind: str) -> None:
    x = DRAWS[kind](np.random.default_rng(11), (400, 5_000))

    assert _ever_wrong(x) <= ALPHA


@pytest.mark.parametrize("kind", DRAWS)
def test_an_interval_for_one_look_is_wrong_far_more_often_when_looked_at_all_the_time(
    kind: str,
) -> None:
    """The control: the same runs, by which the promise above is seen to be one."""
    x = DRAWS[kind](np.random.default_rng(11), (400, 5_000))

    assert _ever_wrong(x, z=np.array(1.96)) > 4 * ALPHA


def test_rare_events_are_too_skewed_for_it() -> None:
    """Why the rails that compare shares use `credit.experiment.rates`."""
    x = (np.random.default_rng(11).random((400, 5_000)) < 0.05) - 0.05

    assert _ever_wrong(x) > ALPHA


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_differences_of_unequal_arms_are_wrong_no_more_often_than_they_say(share: float) -> None:
    """Each arm of its own spread; looked at after every decision of either."""
    generator = np.random.default_rng(12)
    n_runs, horizon = 300, 6_000
    is_first = generator.random((n_runs, horizon)) < share
    x = generator.normal(1.0, np.where(is_first, 2.0, 1.0))
    sums = []
    for rows in (is_first, ~is_first):
        n = np.cumsum(rows, axis=1)
        mean = np.cumsum(x * rows, axis=1) / n.clip(1)
        squares = np.cumsum(x * x * rows, axis=1)
        sums.append((n, mean, (squares / n.clip(1) - mean**2) / (n - 1).clip(1)))
    (n1, mean1, variance1), (n0, mean0, variance0) = sums
    information = (n1 * n0 / (n1 + n0)).clip(1)
    low, high = bounds_of_means(
        information, mean1 - mean0, variance1 + variance0, ALPHA, TIGHTEST_AT
    )
    is_late = np.minimum(n1, n0) >= LEAST

    ever_wrong = (((low > 0) | (high < 0)) & is_late).any(axis=1).mean()
    z = np.abs(mean1 - mean0) > 1.96 * np.sqrt(np.maximum(variance1 + variance0, 0))

    assert ever_wrong <= ALPHA
    assert (z & is_late).any(axis=1).mean() > 2 * ALPHA


def test_bounds_of_sums_equal_the_formula() -> None:
    x, y = np.random.default_rng(1).normal(2.0, 3.0, 700), np.random.default_rng(2).normal(size=300)
    first, second = Sums().after(x), Sums().after(y)

    found = difference_bounds(first, second, ALPHA)

    n = 700 * 300 / 1_000
    error = math.sqrt(x.var(ddof=1) / 700 + y.var(ddof=1) / 300)
    r2 = tuning(ALPHA, TIGHTEST_AT)
    half = error * math.sqrt(2 * (n * r2 + 1) / (n * r2) * math.log(math.sqrt(n * r2 + 1) / ALPHA))
    assert found.high - found.low == pytest.approx(2 * half, rel=1e-9)
    assert (found.high + found.low) / 2 == pytest.approx(x.mean() - y.mean(), rel=1e-9)


@given(values, values, alphas)
def test_a_difference_the_other_way_round_is_its_mirror(
    first: list[float], second: list[float], alpha: float
) -> None:
    a, b = Sums().after(first), Sums().after(second)

    found = difference_bounds(a, b, alpha, least=2)
    mirrored = difference_bounds(b, a, alpha, least=2)

    assert (found.low, found.high) == (-mirrored.high, -mirrored.low)


@given(values, alphas, alphas)
def test_who_must_be_surer_gets_wider_bounds(x: list[float], one: float, other: float) -> None:
    strict, loose = sorted([one, other])
    assume(strict < loose)
    sums = Sums().after(x)

    wide, narrow = (mean_bounds(sums, alpha, least=2) for alpha in (strict, loose))

    assert wide.low <= narrow.low
    assert narrow.high <= wide.high


@given(st.lists(st.floats(-5, 5), min_size=4, max_size=60), alphas)
def test_the_bounds_of_all_looks_together_only_shrink(x: list[float], alpha: float) -> None:
    running = UNKNOWN
    for n in range(2, len(x)):
        look = mean_bounds(Sums().after(x[:n]), alpha, least=2)
        met = running.meet(look)

        assert met.low >= max(running.low, look.low)
        assert met.high <= min(running.high, look.high)
        running = met


@given(values, st.integers(0, 30))
def test_sums_have_the_same_bits_however_a_sample_is_cut(x: list[float], cut: int) -> None:
    assert Sums().after(x[:cut]).after(x[cut:]) == Sums().after(x)


@given(values, values)
def test_adding_sums_is_summing_the_union(x: list[float], y: list[float]) -> None:
    both, union = Sums().after(x) + Sums().after(y), Sums().after(x + y)

    assert both.n == union.n
    assert both.total == pytest.approx(union.total, abs=1e-9)
    assert both.squares == pytest.approx(union.squares, abs=1e-6)


def test_nothing_is_concluded_of_too_few() -> None:
    few, many = Sums.of_share(5, LEAST - 1), Sums.of_share(5, LEAST)

    assert mean_bounds(few, ALPHA) == UNKNOWN
    assert mean_bounds(many, ALPHA) != UNKNOWN
    assert difference_bounds(few, many, ALPHA) == UNKNOWN
    assert mean_bounds(Sums(), ALPHA) == UNKNOWN
    assert Bounds(-math.inf, math.inf) == UNKNOWN


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"alpha": 0.0}, r"alpha: expected within \(0, 1\), came 0"),
        ({"alpha": 1.0}, r"alpha: expected within \(0, 1\), came 1"),
        ({"alpha": math.nan}, r"alpha: expected within \(0, 1\), came nan"),
        ({"tightest_at": 0.0}, "tightest_at: expected a positive size, came 0"),
        ({"least": 1}, "least: expected at least 2 values, came 1"),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, float], said: str) -> None:
    settings: dict[str, float] = {"alpha": ALPHA} | wrong

    with pytest.raises(SettingsInvalid, match=said):
        mean_bounds(Sums(300, 1.0, 2.0), **settings)  # type: ignore[arg-type]
