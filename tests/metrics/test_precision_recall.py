"""Average precision and its interval."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from sklearn.metrics import average_precision_score

from credit.errors import DataError
from credit.metrics import pr_auc, pr_auc_interval
from tests.metrics.made_up import Sample, overlapping_classes, samples


@given(samples())
def test_equals_scikit_learn_with_ties(sample: Sample) -> None:
    assert pr_auc(*sample) == pytest.approx(average_precision_score(*sample), abs=1e-12)


def test_by_hand() -> None:
    """Bad, good, bad from the top: half the recall at precision 1, half at 2/3."""
    assert pr_auc([1, 0, 1, 0], [4, 3, 2, 1]) == pytest.approx(0.5 * 1 + 0.5 * 2 / 3)


def test_all_tied_is_the_bad_rate() -> None:
    assert pr_auc([0, 1, 0, 0], [7, 7, 7, 7]) == 0.25


def test_interval_agrees_with_a_bootstrap_of_rows() -> None:
    y, risk = overlapping_classes(400, seed=1)
    rng = np.random.default_rng(2)
    goods, bads = np.flatnonzero(y == 0), np.flatnonzero(y == 1)
    areas = []
    for _ in range(300):
        rows = np.concatenate((rng.choice(goods, goods.size), rng.choice(bads, bads.size)))
        areas.append(average_precision_score(y[rows], risk[rows]))
    low, high = np.quantile(areas, [0.025, 0.975])

    interval = pr_auc_interval(y, risk)

    # A bound of 300 draws has an error of about a tenth of the width, 0.13.
    assert interval.low == pytest.approx(low, abs=0.025)
    assert interval.high == pytest.approx(high, abs=0.025)
    assert interval.estimate == pytest.approx(pr_auc(y, risk), abs=1e-15)
    assert interval == pr_auc_interval(y, risk)


def test_resamples_may_leave_the_riskiest_row_out() -> None:
    """Nothing lies above the first cut-off then, and nothing is divided by zero."""
    interval = pr_auc_interval([0, 1, 0, 1, 0], [5.0, 4.0, 3.0, 2.0, 1.0])

    assert 0 < interval.low <= interval.estimate <= interval.high <= 1


def test_refuses_what_every_metric_refuses() -> None:
    with pytest.raises(DataError, match="risk: 1 of 2 rows are NaN"):
        pr_auc([0, 1], [1.0, math.nan])
    with pytest.raises(DataError, match="target: expected both goods and bads"):
        pr_auc_interval([0, 0], [1.0, 2.0])
