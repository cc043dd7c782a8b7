"""AUC, Gini, KS and the interval of AUC."""

from __future__ import annotations

import math
from collections.abc import Callable
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import ArrayLike
from scipy.stats import binomtest, ks_2samp
from sklearn.metrics import roc_auc_score, roc_curve

from credit.errors import DataError
from credit.metrics import auc, auc_interval, gini, gini_interval, ks
from tests.metrics.made_up import Sample, overlapping_classes, samples


@given(samples())
def test_auc_equals_scikit_learn(sample: Sample) -> None:
    assert auc(*sample) == pytest.approx(roc_auc_score(*sample), abs=1e-12)


@given(samples())
def test_ks_is_the_largest_gap_of_scikit_learns_roc_curve(sample: Sample) -> None:
    false_positive_rate, true_positive_rate, _ = roc_curve(*sample, drop_intermediate=False)

    expected = np.abs(true_positive_rate - false_positive_rate).max()

    assert ks(*sample) == pytest.approx(expected, abs=1e-12)


def test_ks_equals_scipy() -> None:
    y, risk = overlapping_classes(300, seed=7)

    assert ks(y, risk) == pytest.approx(ks_2samp(risk[y == 1], risk[y == 0]).statistic, abs=1e-12)


def test_four_perfectly_separated_rows() -> None:
    y, risk = [0, 0, 1, 1], [1, 2, 3, 4]

    assert (auc(y, risk), gini(y, risk), ks(y, risk)) == (1.0, 1.0, 1.0)


def test_all_scores_tied_say_nothing() -> None:
    y, risk = [0, 1, 0, 1, 0], [7.0] * 5

    assert (gini(y, risk), ks(y, risk)) == (0.0, 0.0)


def test_risk_turned_around_turns_gini() -> None:
    y, risk = overlapping_classes(200, seed=1)

    assert gini(y, -risk) == pytest.approx(-gini(y, risk), abs=1e-12)


@given(samples())
def test_increasing_transforms_change_neither_gini_nor_ks(sample: Sample) -> None:
    y, risk = sample
    transformed = [math.exp(r) + r**3 for r in risk]

    assert gini(y, transformed) == gini(y, risk)
    assert ks(y, transformed) == ks(y, risk)


@given(samples(), st.randoms(use_true_random=False))
def test_order_of_rows_does_not_matter(sample: Sample, random: Random) -> None:
    rows = list(zip(*sample, strict=True))
    random.shuffle(rows)
    y, risk = zip(*rows, strict=True)

    assert auc(y, risk) == auc(*sample)
    assert ks(y, risk) == ks(*sample)


def test_interval_equals_delong_by_definition() -> None:
    """The variance from all pairs of a bad and a good, as the paper of 1988 writes it."""
    y, risk = overlapping_classes(120, seed=2)
    bads, goods = risk[y == 1], risk[y == 0]
    won = np.array([[(b > g) + 0.5 * (b == g) for g in goods] for b in bads])
    area = won.mean()
    variance = won.mean(axis=1).var(ddof=1) / len(bads) + won.mean(axis=0).var(ddof=1) / len(goods)
    centre, half = math.log(area / (1 - area)), 1.959964 * variance**0.5 / (area * (1 - area))

    interval = auc_interval(y, risk)

    assert interval.estimate == pytest.approx(area, abs=1e-12)
    assert interval.low == pytest.approx(1 / (1 + math.exp(half - centre)), abs=1e-6)
    assert interval.high == pytest.approx(1 / (1 + math.exp(-half - centre)), abs=1e-6)
    assert (interval.n, interval.n_bads) == (120, len(bads))


def test_interval_of_gini_is_the_one_of_auc_stretched() -> None:
    y, risk = overlapping_classes(150, seed=8)
    area = auc_interval(y, risk, level=0.9)

    interval = gini_interval(y, risk, level=0.9)

    assert interval.estimate == pytest.approx(gini(y, risk), abs=1e-15)
    assert interval.low == pytest.approx(2 * area.low - 1, abs=1e-15)
    assert interval.high == pytest.approx(2 * area.high - 1, abs=1e-15)
    assert (interval.n, interval.n_bads, interval.level) == (area.n, area.n_bads, 0.9)


def test_interval_agrees_with_a_bootstrap() -> None:
    y, risk = overlapping_classes(600, seed=3)
    rng = np.random.default_rng(4)
    draws = (rng.integers(y.size, size=y.size) for _ in range(2000))
    low, high = np.quantile([auc(y[rows], risk[rows]) for rows in draws], [0.025, 0.975])

    interval = auc_interval(y, risk)

    # A bootstrap bound of 2,000 draws has an error of about 0.001; the interval is 0.07 wide.
    assert interval.low == pytest.approx(low, abs=0.005)
    assert interval.high == pytest.approx(high, abs=0.005)


def test_interval_covers_the_true_area_as_often_as_it_says() -> None:
    """Normal classes one standard deviation apart have AUC Phi(1/sqrt 2) = 0.760250."""
    rng = np.random.default_rng(5)
    y = np.repeat([0, 1], [150, 30])
    covered = 0
    for _ in range(400):
        interval = auc_interval(y, rng.normal(loc=y))
        covered += interval.low <= 0.760250 <= interval.high

    # 380 are expected, with a standard deviation of 4.4.
    assert covered >= 364


@pytest.mark.parametrize("n_bads", [2, 5, 60])
def test_perfect_ranking_is_not_certain(n_bads: int) -> None:
    """The bound is the exact binomial one for as many pairs as there are bads."""
    y = [0] * 100 + [1] * n_bads
    expected = binomtest(n_bads, n_bads).proportion_ci(0.95, method="exact")

    perfect, reversed_ = auc_interval(y, y), auc_interval(y, [-risk for risk in y])

    assert (perfect.low, perfect.high) == pytest.approx((expected.low, 1.0))
    assert (reversed_.low, reversed_.high) == pytest.approx((0.0, 1 - expected.low))


def test_one_bad_tells_nothing() -> None:
    interval = auc_interval([0, 0, 0, 1], [1, 2, 4, 3])

    assert (interval.low, interval.high) == (0.0, 1.0)


@given(samples(), st.sampled_from([0.5, 0.9, 0.99]))
def test_interval_holds_its_estimate_within_bounds(sample: Sample, level: float) -> None:
    interval = auc_interval(*sample, level=level)

    assert 0 <= interval.low <= interval.estimate + 1e-12
    assert interval.estimate - 1e-12 <= interval.high <= 1


def test_higher_level_is_wider() -> None:
    y, risk = overlapping_classes(200, seed=6)
    narrow, wide = auc_interval(y, risk, 0.8), auc_interval(y, risk, 0.99)

    assert wide.low < narrow.low < narrow.high < wide.high


def test_infinite_risks_rank() -> None:
    assert auc([0, 1, 1], [-math.inf, 0.0, math.inf]) == 1.0


@pytest.mark.parametrize("metric", [auc, gini, ks, auc_interval, gini_interval])
@pytest.mark.parametrize(
    ("y", "risk"), [([1, 1], [0.1, 0.2]), ([0, 1], [0.1]), ([0, 1], [0.1, math.nan])]
)
def test_every_metric_refuses_alike(
    metric: Callable[[ArrayLike, ArrayLike], object], y: list[int], risk: list[float]
) -> None:
    """One validation serves all; its messages are tested in test_sample."""
    with pytest.raises(DataError):
        metric(y, risk)
