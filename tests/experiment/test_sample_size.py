"""Sample sizes, against published examples and the power that they give."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import SettingsInvalid
from credit.experiment.samplesize import for_two_means, for_two_shares


def test_two_shares_as_the_documentation_of_rs_power_prop_test_has_it() -> None:
    """``power.prop.test(p1 = .50, p2 = .75, power = .90)  # =>  n = 76.7``."""
    assert round(for_two_shares(0.50, 0.75, power=0.90), 1) == 76.7


def test_two_means_by_lehrs_rule_of_sixteen() -> None:
    """Lehr (1992): 16 s²/d² for each group; by the quantiles themselves it is 15.7."""
    assert for_two_means(3.0, 1.5) == pytest.approx(4 * 15.7, rel=1e-3)


@given(st.floats(0.05, 0.95), st.floats(0.05, 0.95), st.floats(0.1, 5), st.sampled_from([0.8, 0.9]))
def test_the_size_gives_the_power_that_was_asked_for(
    first: float, second: float, ratio: float, power: float
) -> None:
    """The test rejects when the difference exceeds z times its error under no difference."""
    if abs(first - second) < 0.01:
        return
    n = for_two_shares(first, second, ratio=ratio, power=power)
    pooled = (first + ratio * second) / (1 + ratio)
    no_difference = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / (n * ratio)))
    error = math.sqrt(first * (1 - first) / n + second * (1 - second) / (n * ratio))

    beyond = (abs(first - second) - 1.959964 * no_difference) / error

    assert NormalDist().cdf(beyond) == pytest.approx(power, abs=1e-5)


def test_simulated_tests_see_the_difference_as_often_as_promised() -> None:
    n = math.ceil(for_two_shares(0.42, 0.46, ratio=0.5))
    rng = np.random.default_rng(0)
    a, b = rng.binomial(n, 0.42, 4_000), rng.binomial(round(n / 2), 0.46, 4_000)
    p, q = a / n, b / round(n / 2)
    pooled = (a + b) / (n + round(n / 2))
    z = (q - p) / np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / round(n / 2)))

    assert np.mean(np.abs(z) > 1.96) == pytest.approx(0.8, abs=0.025)


def test_what_makes_no_sense_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="two different shares within"):
        for_two_shares(0.3, 0.3)
    with pytest.raises(SettingsInvalid, match="two different shares within"):
        for_two_shares(0.0, 0.3)
    with pytest.raises(SettingsInvalid, match="a positive spread and difference, came 0 and 1"):
        for_two_means(0, 1)
    with pytest.raises(SettingsInvalid, match="a positive ratio, came 0.05, 0.8, 0"):
        for_two_shares(0.3, 0.4, ratio=0)
