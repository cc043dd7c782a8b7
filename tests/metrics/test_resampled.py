"""The corrected resampled t test and the interval of a mean over folds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t as student
from scipy.stats import ttest_1samp

from credit.errors import DataError, SettingsInvalid
from credit.metrics import corrected_resampled_t, fold_interval

DIFFERENCES = [0.010, 0.004, 0.012, -0.002, 0.006]


def test_by_the_formula() -> None:
    """Five folds of 200 after 800: mean 0.006, s^2 = 1.2e-4 / 4, variance (1/5 + 1/4) s^2."""
    error = math.sqrt((1 / 5 + 200 / 800) * 1.2e-4 / 4)
    quantile = 2.7764451  # Student's t, 4 degrees of freedom, 0.975, as every table prints it

    found = corrected_resampled_t(DIFFERENCES, n_train=800, n_test=200, n_bads=70)

    assert found.difference.estimate == pytest.approx(0.006)
    assert found.t == pytest.approx(0.006 / error)
    assert found.degrees_of_freedom == 4
    assert found.difference.low == pytest.approx(0.006 - quantile * error, abs=1e-9)
    assert found.difference.high == pytest.approx(0.006 + quantile * error, abs=1e-9)
    assert found.p_value == pytest.approx(2 * student.sf(0.006 / error, 4))
    assert (found.difference.n, found.difference.n_bads) == (1000, 70)


def test_without_a_correction_it_is_the_plain_t_test() -> None:
    """With ever more training rows the correction goes away."""
    expected = ttest_1samp(DIFFERENCES, 0)

    found = corrected_resampled_t(DIFFERENCES, n_train=10**12, n_test=1)

    assert found.t == pytest.approx(expected.statistic)
    assert found.p_value == pytest.approx(expected.pvalue)


def test_shared_rows_make_it_less_sure() -> None:
    shared = corrected_resampled_t(DIFFERENCES, n_train=500, n_test=500)
    less = corrected_resampled_t(DIFFERENCES, n_train=900, n_test=100)

    assert shared.p_value > less.p_value > ttest_1samp(DIFFERENCES, 0).pvalue


def test_splits_of_one_sample_do_not_make_chance_a_finding() -> None:
    """Two models that are equally good, judged on 15 random splits of 120 rows.

    Tests on shared rows repeat the chance of the sample: the plain t test takes it for a
    difference far too often, the corrected one as often as it says.
    """
    rng = np.random.default_rng(1)
    plain = corrected = 0
    for _ in range(400):
        rows = rng.normal(size=120)
        differences = [rng.permutation(rows)[:24].mean() for _ in range(15)]
        plain += ttest_1samp(differences, 0).pvalue < 0.05
        corrected += corrected_resampled_t(differences, n_train=96, n_test=24).p_value < 0.05

    # 20 are expected, with a standard deviation of 4.4.
    assert 7 <= corrected <= 33
    assert plain > 80


def test_interval_of_a_mean_is_the_same() -> None:
    found = corrected_resampled_t(DIFFERENCES, 800, 200, level=0.9, n_bads=70)

    assert fold_interval(DIFFERENCES, 800, 200, level=0.9, n_bads=70) == found.difference


def test_folds_that_agree() -> None:
    """0.1 three times has a mean that is off by a rounding, which may not count as spread."""
    assert corrected_resampled_t([0.0, 0.0, 0.0], 80, 20).p_value == 1.0
    interval = fold_interval([0.1, 0.1, 0.1], 80, 20)
    assert interval.low == interval.high == pytest.approx(0.1)

    with pytest.raises(DataError, match="expected folds that differ, all 3 are equal"):
        corrected_resampled_t([0.1, 0.1, 0.1], 80, 20)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.1], "expected at least two folds, came 1"),
        ([0.1, math.nan, 0.2], "expected finite numbers, 1 of 3 are not"),
        (["a", "b"], "expected numbers only"),
    ],
)
def test_folds_that_say_nothing(values: list[float], message: str) -> None:
    with pytest.raises(DataError, match=f"differences: {message}"):
        corrected_resampled_t(values, 80, 20)
    with pytest.raises(DataError, match=f"values: {message}"):
        fold_interval(values, 80, 20)


def test_rows_of_a_fold_must_exist() -> None:
    with pytest.raises(SettingsInvalid, match="n_train: expected at least 1 row, came 0"):
        fold_interval(DIFFERENCES, 0, 20)
    with pytest.raises(SettingsInvalid, match="n_test: expected at least 1 row, came 0"):
        corrected_resampled_t(DIFFERENCES, 80, 0)
    with pytest.raises(SettingsInvalid, match=r"level: expected within \(0, 1\)"):
        fold_interval(DIFFERENCES, 80, 20, level=0)
