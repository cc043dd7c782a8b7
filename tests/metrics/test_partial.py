"""The standardised partial area under the ROC curve."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from credit.errors import DataError, SettingsInvalid
from credit.metrics import auc, partial_auc, partial_auc_interval
from tests.metrics.made_up import Sample, overlapping_classes, samples


@given(samples(), st.sampled_from([0.01, 0.05, 0.1, 0.25, 1 / 3, 0.5, 0.9]))
def test_equals_scikit_learn(sample: Sample, max_fpr: float) -> None:
    expected = roc_auc_score(*sample, max_fpr=max_fpr)

    assert partial_auc(*sample, max_fpr) == pytest.approx(expected, abs=1e-9)


def test_by_hand() -> None:
    """Up to FPR 1/2 the curve stands at TPR 1/2: A = 1/4, chance 1/8, best 1/2; (1 + 1/3) / 2."""
    y, risk = [1, 0, 1, 0], [4, 3, 2, 1]

    assert partial_auc(y, risk, 0.5) == pytest.approx((1 + (1 / 4 - 1 / 8) / (1 / 2 - 1 / 8)) / 2)


@given(samples())
def test_the_whole_curve_is_auc(sample: Sample) -> None:
    assert partial_auc(*sample, 1.0) == pytest.approx(auc(*sample), abs=1e-12)


def test_perfect_and_empty_rankings() -> None:
    y = [0, 0, 0, 1]

    assert partial_auc(y, [1, 2, 3, 4], 0.1) == pytest.approx(1.0, abs=1e-12)
    assert partial_auc(y, [7, 7, 7, 7], 0.1) == pytest.approx(0.5, abs=1e-12)


def test_interval_agrees_with_a_bootstrap_of_rows() -> None:
    y, risk = overlapping_classes(400, seed=1)
    rng = np.random.default_rng(2)
    goods, bads = np.flatnonzero(y == 0), np.flatnonzero(y == 1)
    areas = []
    for _ in range(250):
        rows = np.concatenate((rng.choice(goods, goods.size), rng.choice(bads, bads.size)))
        areas.append(roc_auc_score(y[rows], risk[rows], max_fpr=0.2))
    low, high = np.quantile(areas, [0.025, 0.975])

    interval = partial_auc_interval(y, risk, 0.2)

    # A bound of 250 draws has an error of about a tenth of the width, 0.1.
    assert interval.low == pytest.approx(low, abs=0.02)
    assert interval.high == pytest.approx(high, abs=0.02)
    assert interval.estimate == pytest.approx(partial_auc(y, risk, 0.2), abs=1e-15)


@pytest.mark.parametrize("max_fpr", [0.0, -0.1, 1.1, float("nan")])
def test_shares_of_goods_that_are_none(max_fpr: float) -> None:
    with pytest.raises(SettingsInvalid, match=r"max_fpr: expected within \(0, 1\], came"):
        partial_auc([0, 1], [1, 2], max_fpr)
    with pytest.raises(SettingsInvalid, match=r"max_fpr: expected within \(0, 1\], came"):
        partial_auc_interval([0, 1], [1, 2], max_fpr)


def test_refuses_what_every_metric_refuses() -> None:
    with pytest.raises(DataError, match="target: expected both goods and bads"):
        partial_auc([0, 0], [1.0, 2.0], 0.1)
    with pytest.raises(DataError, match="risk: expected one number per row"):
        partial_auc_interval([0, 1], [1.0], 0.1)
