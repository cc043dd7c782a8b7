"""The check of shares, against the mixture by integration and under continuous looking."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta, chi2

from credit.errors import DataError
from credit.experiment.ratio import CONCENTRATION, check_ratio

ALPHA = 0.05
SHARES = {"champion": 0.8, "challenger": 0.2}


@pytest.mark.parametrize("counted", [(80, 20), (130, 70), (300, 20)])
def test_the_p_value_is_one_over_the_averaged_likelihood_ratio(counted: tuple[int, int]) -> None:
    """By numerical integration over a beta density, which a Dirichlet density of two shares is."""
    x, y = counted
    prior = beta(CONCENTRATION * 0.8, CONCENTRATION * 0.2)

    def ratio(share: float) -> float:
        told = x * math.log(share / 0.8) + y * math.log((1 - share) / 0.2)
        return float(math.exp(told) * prior.pdf(share))

    averaged, _ = quad(ratio, 0.4, 0.999, points=[0.8, x / (x + y)], epsrel=1e-10)

    found = check_ratio({"champion": x, "challenger": y}, SHARES)

    assert found.p_value == pytest.approx(min(1.0, 1 / averaged), rel=1e-6)


def test_looked_at_all_the_time_it_is_wrong_no_more_often_than_it_says() -> None:
    """The control: the chi-squared test, for one look, on the same applicants."""
    shares = {"champion": 0.7, "a": 0.2, "b": 0.1}
    theta = np.array(list(shares.values()))
    generator = np.random.default_rng(5)
    wrong, wrong_for_one_look = 0, 0
    n_runs = 200
    for _ in range(n_runs):
        counts = generator.multinomial(50, theta, size=100).cumsum(axis=0)
        told = [
            check_ratio(dict(zip(shares, x.tolist(), strict=True)), shares).p_value for x in counts
        ]
        expected = counts.sum(axis=1, keepdims=True) * theta
        statistic = ((counts - expected) ** 2 / expected).sum(axis=1)
        wrong += min(told) <= ALPHA
        wrong_for_one_look += bool(np.any(chi2.sf(statistic, 2) <= ALPHA))

    assert wrong / n_runs <= ALPHA
    assert wrong_for_one_look / n_runs > 2 * ALPHA


def test_shares_that_do_not_hold_are_seen() -> None:
    found = check_ratio({"champion": 8_300, "challenger": 1_700}, SHARES)

    assert found.p_value < 1e-9
    assert str(found).startswith("10,000 applicants: champion 83.0% of 80.0%, challenger 17.0% of")


def test_evidence_does_not_go_away_again() -> None:
    assert check_ratio({"champion": 80, "challenger": 20}, SHARES, p_before=0.003).p_value == 0.003


def test_an_applicant_of_an_arm_without_slots_is_impossible() -> None:
    shares = {"champion": 1.0, "challenger": 0.0}

    assert check_ratio({"champion": 50, "challenger": 0}, shares).p_value == 1.0
    assert check_ratio({"champion": 50, "challenger": 1}, shares).p_value == 0.0


@given(st.integers(0, 3_000), st.integers(0, 3_000), st.integers(1, 999))
def test_the_order_of_arms_does_not_matter(x: int, y: int, per_mille: int) -> None:
    share = per_mille / 1_000

    found = check_ratio({"a": x, "b": y}, {"a": share, "b": 1 - share})
    turned = check_ratio({"b": y, "a": x}, {"b": 1 - share, "a": share})

    assert found.p_value == pytest.approx(turned.p_value, rel=1e-9)
    assert 0 <= found.p_value <= 1


@pytest.mark.parametrize(
    ("counts", "shares", "said"),
    [
        ({"a": 1}, {"b": 1.0}, r"expected the same arms, came \['a'\] and \['b'\]"),
        ({"a": -1}, {"a": 1.0}, "expected none below 0"),
        ({"a": 1, "b": 1}, {"a": 0.5, "b": 0.4}, "expected a sum of 1, came 0.9"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    counts: dict[str, int], shares: dict[str, float], said: str
) -> None:
    with pytest.raises(DataError, match=said):
        check_ratio(counts, shares)
