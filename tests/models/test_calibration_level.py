"""Moving a calibrator to a long-run default rate."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.errors import DataError, SettingsInvalid
from credit.metrics.sample import FloatArray
from credit.models.base import Labels
from credit.models.calibration import (
    Calibrator,
    Isotonic,
    Platt,
    shifted_to,
    with_long_run_rate,
)
from tests.models.calibrators import CALIBRATORS, bent_sample, sample


@settings(max_examples=50)
@given(
    calibrator=CALIBRATORS,
    margins=st.lists(st.floats(-30, 30), min_size=1, max_size=20),
    rate=st.floats(0.001, 0.999),
)
def test_the_mean_pd_meets_the_rate(
    calibrator: Calibrator, margins: list[float], rate: float
) -> None:
    moved = shifted_to(calibrator, np.array(margins), rate)

    assert moved.probabilities(margins).mean() == pytest.approx(rate, abs=1e-11)


def test_the_weighted_mean_pd_meets_the_rate() -> None:
    margins, labels = sample(1)
    weights = np.random.default_rng(4).uniform(0.1, 5, labels.size)

    moved = shifted_to(Platt.fit(margins, labels), margins, 0.05, weights=weights)

    found = np.average(moved.probabilities(margins), weights=weights)
    assert found == pytest.approx(0.05, abs=1e-11)


def test_the_shifted_calibrator_ranks_as_before() -> None:
    margins, labels = bent_sample(2, 5_000)
    calibrator = Isotonic.fit(margins, labels)

    moved = shifted_to(calibrator, margins, 0.2)

    assert isinstance(moved, Isotonic)
    assert moved.margins == calibrator.margins
    assert np.all(np.diff(moved.probabilities(np.unique(margins))) > 0)


def test_a_prior_shift_follows_bayes_rule() -> None:
    """By hand: PD 0.2 where 10% are bad has likelihood ratio (0.2/0.8)/(0.1/0.9) = 2.25.

    Where 4% are bad its odds are 2.25 x 0.04/0.96 = 0.09375, so PD = 0.0857143.
    """
    plain = Platt(slope=1.0, intercept=0.0)
    margin = math.log(0.2 / 0.8)

    moved = with_long_run_rate(plain, 0.10, 0.04)

    assert plain.probability(margin) == pytest.approx(0.2, abs=1e-4)
    assert moved.probability(margin) == pytest.approx(0.0857143, abs=1e-4)


def test_after_a_prior_shift_pds_are_right_on_the_other_mix() -> None:
    """Goods and bads are drawn alike in both samples; only their shares differ."""
    rng = np.random.default_rng(6)

    def draw(n_goods: int, n_bads: int) -> tuple[FloatArray, Labels]:
        margins = np.concatenate((rng.normal(-3, 1, n_goods), rng.normal(-2, 1, n_bads)))
        return margins, np.repeat([0, 1], (n_goods, n_bads)).astype(np.int8)

    margins, labels = draw(45_000, 5_000)
    other_margins, _ = draw(40_000, 10_000)
    moved = with_long_run_rate(Platt.fit(margins, labels), 0.1, 0.2)

    assert moved.probabilities(other_margins).mean() == pytest.approx(0.2, abs=0.003)
    # On the old mix the mean is another: that is what `shifted_to` is for.
    assert moved.probabilities(margins).mean() < 0.19


def test_moving_there_and_back_changes_nothing() -> None:
    plain = Platt(slope=0.9, intercept=-0.2)

    back = with_long_run_rate(with_long_run_rate(plain, 0.1, 0.03), 0.03, 0.1)

    assert back.intercept == pytest.approx(plain.intercept, abs=1e-14)


@pytest.mark.parametrize("rate", [0.0, 1e-4, 0.9999, 1.0, -0.1, math.nan])
def test_a_rate_that_no_bounded_pd_can_average_to_is_refused(rate: float) -> None:
    plain = Platt(slope=1.0, intercept=0.0)

    with pytest.raises(SettingsInvalid, match=r"rate: expected within \(0.0001, 0.9999\), came"):
        shifted_to(plain, np.array([0.0]), rate)
    with pytest.raises(SettingsInvalid, match=r"rate_now: expected within \(0.0001, 0.9999\)"):
        with_long_run_rate(plain, rate, 0.1)
    with pytest.raises(SettingsInvalid, match=r"rate_long_run: expected within \(0.0001, 0.9999\)"):
        with_long_run_rate(plain, 0.1, rate)


@pytest.mark.parametrize("margins", [[], [0.0, math.nan], [math.inf]])
def test_margins_without_a_mean_pd_are_refused(margins: list[float]) -> None:
    with pytest.raises(DataError, match="margin: expected at least one row and finite numbers"):
        shifted_to(Platt(slope=1.0, intercept=0.0), np.array(margins), 0.1)
