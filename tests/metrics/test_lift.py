"""Lift by band and at the top."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from credit.errors import DataError, SettingsInvalid
from credit.metrics import lift_at, lift_at_interval, lift_table
from tests.metrics.made_up import Sample, overlapping_classes, samples


def test_table_by_hand() -> None:
    """Ten rows, four bad: three in the riskier half, so its rate is 0.6 against 0.4 of all."""
    y = [1, 1, 0, 1, 0, 0, 1, 0, 0, 0]
    risk = list(range(10, 0, -1))

    risky, safe = lift_table(y, risk, n_bands=2)

    assert (risky.n, risky.n_bads, safe.n, safe.n_bads) == (5, 3, 5, 1)
    assert risky.bad_rate.estimate == 0.6
    assert (risky.lift.estimate, safe.lift.estimate) == pytest.approx((1.5, 0.5))
    assert (risky.capture.estimate, safe.capture.estimate) == (0.75, 1.0)


def test_intervals_are_wilsons_of_the_share_they_are_of() -> None:
    y, risk = overlapping_classes(400, seed=1)
    n_bads = int(y.sum())

    first, second = lift_table(y, risk, n_bands=5, level=0.9)[:2]
    of_band = binomtest(first.n_bads, first.n).proportion_ci(0.9, method="wilson")
    of_bads = binomtest(first.n_bads, n_bads).proportion_ci(0.9, method="wilson")
    so_far = binomtest(first.n_bads + second.n_bads, n_bads).proportion_ci(0.9, method="wilson")

    share = first.n / 400
    assert (first.bad_rate.low, first.bad_rate.high) == pytest.approx((of_band.low, of_band.high))
    assert first.lift.low == pytest.approx(of_bads.low / share)
    assert first.lift.high == pytest.approx(of_bads.high / share)
    assert (second.capture.low, second.capture.high) == pytest.approx((so_far.low, so_far.high))


@given(samples(), st.integers(1, 12))
def test_bands_add_up_and_their_mean_lift_is_one(sample: Sample, n_bands: int) -> None:
    y, risk = sample

    table = lift_table(y, risk, n_bands)

    assert sum(band.n for band in table) == len(y)
    assert sum(band.n_bads for band in table) == sum(y)
    mean_lift = sum(band.n * band.lift.estimate for band in table) / len(y)
    assert mean_lift == pytest.approx(1, abs=1e-12)
    assert table[-1].capture.estimate == 1.0


def test_equal_risks_share_a_band() -> None:
    table = lift_table([0, 1] * 10, [0.1] * 12 + [0.2] * 7 + [0.9], n_bands=10)

    assert [band.n for band in table] == [1, 7, 12]


def test_lift_at_the_top_by_hand() -> None:
    """The riskiest two of ten are bad, of four bads: a rate of 1 against 0.4."""
    y = [1, 1, 0, 1, 0, 0, 1, 0, 0, 0]
    risk = list(range(10, 0, -1))

    assert lift_at(y, risk, 0.2) == pytest.approx(2.5)
    assert lift_at(y, risk, 0.3) == pytest.approx((2 / 3) / 0.4)
    assert lift_at(y, risk, 1.0) == pytest.approx(1.0)


def test_ties_at_the_border_count_in_proportion() -> None:
    """The top row is bad; one of the next four, of whom one is bad, gives 1/4 of a bad."""
    y, risk = [1, 1, 0, 0, 0, 0, 0, 0, 0, 0], [9, 5, 5, 5, 5, 1, 1, 1, 1, 1]

    assert lift_at(y, risk, 0.2) == pytest.approx((1.25 / 2) / 0.2)


@given(samples(), st.floats(0.01, 1), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(sample: Sample, share: float, random: Random) -> None:
    rows = list(zip(*sample, strict=True))
    random.shuffle(rows)
    y, risk = zip(*rows, strict=True)

    assert lift_at(y, risk, share) == lift_at(*sample, share)


def test_all_tied_lifts_nothing() -> None:
    assert lift_at([0, 1, 0, 1, 0], [7] * 5, 0.3) == pytest.approx(1.0)


def test_interval_agrees_with_a_bootstrap_of_rows() -> None:
    """Distinct risks, so the slow way can sort and count."""
    rng = np.random.default_rng(2)
    y = np.repeat([0, 1], [270, 130])
    risk = rng.normal(loc=1.2 * y)
    lifts = []
    for _ in range(500):
        rows = np.concatenate((rng.integers(270, size=270), rng.integers(270, 400, size=130)))
        top = rows[np.argsort(-risk[rows])][:80]
        lifts.append(y[top].mean() / y.mean())
    low, high = np.quantile(lifts, [0.025, 0.975])

    interval = lift_at_interval(y, risk, 0.2)

    # Lift comes in steps of 1/80/0.325 = 0.04 the slow way.
    assert interval.low == pytest.approx(low, abs=0.08)
    assert interval.high == pytest.approx(high, abs=0.08)
    assert interval.estimate == lift_at(y, risk, 0.2)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.1, math.nan])
def test_shares_that_are_none(share: float) -> None:
    with pytest.raises(SettingsInvalid, match=r"share: expected within \(0, 1\], came"):
        lift_at([0, 1], [1, 2], share)
    with pytest.raises(SettingsInvalid, match=r"share: expected within \(0, 1\], came"):
        lift_at_interval([0, 1], [1, 2], share)


def test_refuses_what_every_metric_refuses() -> None:
    with pytest.raises(SettingsInvalid, match="n_bands: expected at least 1, came 0"):
        lift_table([0, 1], [1, 2], n_bands=0)
    with pytest.raises(DataError, match="target: expected both goods and bads"):
        lift_table([1, 1], [1, 2])
    with pytest.raises(DataError, match="risk: 1 of 2 rows are NaN"):
        lift_at([0, 1], [1, math.nan], 0.5)
