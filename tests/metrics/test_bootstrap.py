"""The fast bootstrap: the same draws as a slow one, and the bounds that follow from them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import ecdf, ks_2samp
from sklearn.metrics import roc_auc_score

from credit.errors import DataError, SettingsInvalid
from credit.metrics import Interval, auc, auc_interval, bootstrap_auc, ks, ks_interval
from credit.metrics.bootstrap import auc_of_counts, ks_of_counts
from credit.metrics.resampling import row_draws, stratified_draws
from credit.metrics.ties import tie_runs
from tests.metrics.made_up import overlapping_classes

counts = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=12).filter(
    lambda pairs: min(sum(side) for side in zip(*pairs, strict=True)) > 0
)


def drawn_slowly(
    y: NDArray[np.int64], risk: NDArray[np.float64], n_resamples: int, seed: int
) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """The rows themselves, goods first, by the generator that the product uses."""
    rng = np.random.default_rng(seed)
    goods, bads = risk[y == 0], risk[y == 1]
    resamples = []
    for _ in range(n_resamples):
        of_goods = goods[rng.integers(goods.size, size=goods.size, dtype=np.int32)]
        of_bads = bads[rng.integers(bads.size, size=bads.size, dtype=np.int32)]
        target = np.repeat([0, 1], [goods.size, bads.size])
        resamples.append((target, np.concatenate((of_goods, of_bads))))
    return resamples


@given(counts)
def test_counts_say_what_the_rows_say(pairs: list[tuple[int, int]]) -> None:
    goods, bads = (np.array(side) for side in zip(*pairs, strict=True))
    level = np.arange(len(pairs))
    risk = np.concatenate((np.repeat(level, goods), np.repeat(level, bads)))
    y = np.repeat([0, 1], [goods.sum(), bads.sum()])

    assert auc_of_counts(goods, bads) == pytest.approx(roc_auc_score(y, risk), abs=1e-12)
    of_bads, of_goods = (ecdf(risk[y == side]).cdf.evaluate(level) for side in (1, 0))
    assert ks_of_counts(goods, bads) == pytest.approx(abs(of_bads - of_goods).max(), abs=1e-12)


def test_interval_is_the_one_of_the_slow_way() -> None:
    """Ties included: 300 rows share about 60 risks."""
    y, risk = overlapping_classes(300, seed=1)
    areas = [roc_auc_score(*rows) for rows in drawn_slowly(y, risk, 80, seed=3)]

    interval = bootstrap_auc(y, risk, level=0.9, n_resamples=80, seed=3)

    assert interval.estimate == pytest.approx(auc(y, risk), abs=1e-12)
    assert (interval.low, interval.high) == pytest.approx(tuple(np.quantile(areas, [0.05, 0.95])))
    assert (interval.n, interval.n_bads, interval.level) == (300, y.sum(), 0.9)


def test_ks_bounds_are_reflected_at_the_estimate() -> None:
    y, risk = overlapping_classes(300, seed=2)
    distances = [
        ks_2samp(drawn[target == 1], drawn[target == 0], method="asymp").statistic
        for target, drawn in drawn_slowly(y, risk, 60, seed=4)
    ]
    lower, upper = np.quantile(distances, [0.05, 0.95])

    interval = ks_interval(y, risk, level=0.9, n_resamples=60, seed=4)

    assert interval.estimate == pytest.approx(ks(y, risk), abs=1e-12)
    assert interval.low == pytest.approx(2 * interval.estimate - upper)
    assert interval.high == pytest.approx(max(interval.estimate, 2 * interval.estimate - lower))


def test_agrees_with_delong_on_a_large_sample() -> None:
    y, risk = overlapping_classes(4000, seed=5)
    delong = auc_interval(y, risk)

    interval = bootstrap_auc(y, risk)

    # A bound of 1,000 draws has an error of a twentieth of the width, 0.03.
    assert interval.low == pytest.approx(delong.low, abs=0.003)
    assert interval.high == pytest.approx(delong.high, abs=0.003)


def test_each_class_keeps_its_size_and_each_row_its_chance() -> None:
    y, risk = overlapping_classes(200, seed=6)
    bad = y == 1
    runs = tie_runs(bad, risk)

    drawn = [(goods, bads) for goods, bads in stratified_draws(bad, runs, 2000, seed=0)]

    assert {(int(goods.sum()), int(bads.sum())) for goods, bads in drawn} == {
        (200 - bad.sum(), bad.sum())
    }
    # The mean of 2,000 Poisson-like counts of at most 10 has an error below 0.08.
    assert np.mean([goods for goods, _ in drawn], axis=0) == pytest.approx(runs.goods, abs=0.4)
    assert np.mean([bads for _, bads in drawn], axis=0) == pytest.approx(runs.bads, abs=0.4)


def test_rows_drawn_whole_vary_in_their_bads() -> None:
    y, risk = overlapping_classes(200, seed=7)
    bad = y == 1

    drawn = list(row_draws(bad, tie_runs(bad, risk), 500, seed=0))
    n_bads = np.array([bads.sum() for _, bads in drawn])

    assert {int(goods.sum() + bads.sum()) for goods, bads in drawn} == {200}
    # Binomial: standard deviation sqrt(n p q) = 6.5, known to 3 % from 500 draws.
    rate = bad.mean()
    assert n_bads.std() == pytest.approx(math.sqrt(200 * rate * (1 - rate)), rel=0.15)


def test_seed_fixes_the_bounds() -> None:
    y, risk = overlapping_classes(200, seed=8)

    assert bootstrap_auc(y, risk, seed=1) == bootstrap_auc(y, risk, seed=1)
    assert bootstrap_auc(y, risk, seed=1) != bootstrap_auc(y, risk, seed=2)


def test_perfect_ranking_has_no_width_here() -> None:
    interval = bootstrap_auc([0, 0, 1, 1], [1, 2, 3, 4])

    assert (interval.low, interval.high) == (1.0, 1.0)


@pytest.mark.parametrize(("level", "least"), [(0.95, 40), (0.9, 20), (0.99, 200)])
def test_a_resample_must_be_able_to_lie_beyond_each_bound(level: float, least: int) -> None:
    y, risk = [0, 1, 0, 1], [1, 2, 3, 4]

    bootstrap_auc(y, risk, level, n_resamples=least)
    with pytest.raises(SettingsInvalid, match=f"n_resamples: expected at least {least} at a level"):
        bootstrap_auc(y, risk, level, n_resamples=least - 1)


@pytest.mark.parametrize("interval", [bootstrap_auc, ks_interval])
def test_refuses_what_every_metric_refuses(interval: Callable[..., Interval]) -> None:
    with pytest.raises(DataError, match="target: expected both goods and bads"):
        interval([1, 1], [0.1, 0.2])
    with pytest.raises(DataError, match="risk: 1 of 2 rows are NaN"):
        interval([0, 1], [0.1, math.nan])
    with pytest.raises(SettingsInvalid, match=r"level: expected within \(0, 1\)"):
        interval([0, 1], [0.1, 0.2], level=95)
