"""Murphy's parts of the Brier score."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from credit.errors import DataError, SettingsInvalid
from credit.metrics import brier_decomposition, brier_parts, reliability_table
from tests.metrics.made_up import Sample, calibrated, samples


def test_parts_by_hand() -> None:
    """Two ratings: 0.2 on four rows of whom one is bad, 0.6 on two of whom one is bad; b = 1/3."""
    y, prob = [1, 0, 0, 0, 1, 0], [0.2, 0.2, 0.2, 0.2, 0.6, 0.6]

    parts = brier_decomposition(y, prob)

    assert parts.reliability == pytest.approx((4 * 0.05**2 + 2 * 0.1**2) / 6)
    assert parts.resolution == pytest.approx((4 * (1 / 12) ** 2 + 2 * (1 / 6) ** 2) / 6)
    assert parts.uncertainty == pytest.approx(2 / 9)
    assert parts.within_bin == pytest.approx(0, abs=1e-15)


@given(samples(), st.one_of(st.none(), st.integers(1, 12)))
def test_parts_add_up_to_the_score(sample: Sample, n_bins: int | None) -> None:
    y, risk = sample
    prob = [(each + 5) / 10 for each in risk]

    parts = brier_decomposition(y, prob, n_bins)

    murphy = parts.reliability - parts.resolution + parts.uncertainty
    assert parts.brier == pytest.approx(brier_score_loss(y, prob), abs=1e-12)
    assert murphy + parts.within_bin == pytest.approx(parts.brier, abs=1e-12)
    assert min(parts.reliability, parts.resolution, parts.within_bin_variance) >= 0


def test_bins_hide_what_the_within_bin_term_names() -> None:
    """One bin: reliability (0.5 - 0.5)^2, and all ranking is covariance, 2 mean(0.4 * 0.5)."""
    parts = brier_decomposition([0, 0, 1, 1], [0.1, 0.1, 0.9, 0.9], n_bins=1)

    assert parts.reliability == pytest.approx(0, abs=1e-15)
    assert parts.resolution == pytest.approx(0, abs=1e-15)
    assert parts.within_bin_variance == pytest.approx(0.16)
    assert parts.within_bin_covariance == pytest.approx(0.4)
    assert parts.within_bin == pytest.approx(-0.24)


def test_bins_are_those_of_the_reliability_table() -> None:
    y, prob = calibrated(700, seed=1)
    table = reliability_table(y, prob)
    gaps = [row.n * (row.mean_predicted - row.observed.estimate) ** 2 for row in table]

    assert brier_decomposition(y, prob, 10).reliability == pytest.approx(sum(gaps) / 700)


def test_intervals_hold_what_is_true() -> None:
    """A model that says 0.10 where 0.15 default: reliability 0.0025, no resolution."""
    rng = np.random.default_rng(2)
    y = rng.random(20_000) < 0.15

    parts = brier_parts(y, np.full(20_000, 0.10))

    assert parts.reliability.low < 0.05**2 < parts.reliability.high
    assert parts.reliability.low > 0.04**2
    assert parts.uncertainty.low < 0.15 * 0.85 < parts.uncertainty.high
    assert parts.resolution.low == pytest.approx(0, abs=1e-12)


def test_intervals_hold_the_estimates_and_are_fixed_by_the_seed() -> None:
    y, prob = calibrated(500, seed=3)
    parts, whole = brier_parts(y, prob, seed=1), brier_decomposition(y, prob, 10)

    assert parts.reliability.estimate == pytest.approx(whole.reliability)
    assert parts.resolution.estimate == pytest.approx(whole.resolution)
    assert parts.uncertainty.estimate == pytest.approx(whole.uncertainty)
    for part in (parts.reliability, parts.resolution, parts.uncertainty):
        assert 0 <= part.low <= part.estimate <= part.high <= 1
        assert part.low < part.high
    assert brier_parts(y, prob, seed=1) == parts
    assert brier_parts(y, prob, seed=2) != parts


def test_refuses_what_every_metric_refuses() -> None:
    with pytest.raises(DataError, match=r"prob: .* 1 of 2 rows lie outside \[0, 1\]"):
        brier_decomposition([0, 1], [0.1, 1.1])
    with pytest.raises(DataError, match="target: expected both goods and bads"):
        brier_parts([0, 0], [0.1, 0.2])
    with pytest.raises(SettingsInvalid, match="n_bins: expected at least 1, came 0"):
        brier_decomposition([0, 1], [0.1, 0.2], n_bins=0)
    with pytest.raises(SettingsInvalid, match="n_resamples: expected at least 40"):
        brier_parts([0, 1], [0.1, 0.2], n_resamples=10)
