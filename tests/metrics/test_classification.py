"""Decisions of one cut-off, counted and rated."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest
from sklearn.metrics import classification_report as sklearn_report
from sklearn.metrics import confusion_matrix

from credit.errors import DataError, SettingsInvalid
from credit.metrics import Decisions, classification_report, classify, count_decisions
from tests.metrics.made_up import Sample, calibrated, samples


@given(samples(), st.integers(0, 11))
def test_counts_equal_scikit_learn(sample: Sample, tenths: int) -> None:
    y, risk = sample
    prob = np.array(risk) / 10 + 0.5
    expected = confusion_matrix(y, prob >= tenths / 10, labels=[0, 1])

    counts = count_decisions(y, prob, tenths / 10)

    assert [
        [counts.goods_approved, counts.goods_declined],
        [counts.bads_approved, counts.bads_declined],
    ] == expected.tolist()
    assert (counts.n, counts.n_bads) == (len(y), sum(y))


@given(st.integers(0, 200), st.floats(0.02, 0.3))
@settings(max_examples=40)
def test_report_equals_scikit_learn(seed: int, cutoff: float) -> None:
    y, prob = calibrated(300, seed)
    expected = sklearn_report(
        y, prob >= cutoff, target_names=["good", "bad"], output_dict=True, zero_division=math.nan
    )

    report = classification_report(y, prob, cutoff)

    for row, name in (
        (report.good, "good"),
        (report.bad, "bad"),
        (report.macro, "macro avg"),
        (report.weighted, "weighted avg"),
    ):
        theirs = expected[name]
        assert row.precision == pytest.approx(theirs["precision"], abs=1e-12)
        assert row.recall == pytest.approx(theirs["recall"], abs=1e-12)
        assert row.f1 == pytest.approx(theirs["f1-score"], abs=1e-12)
        assert row.support == theirs["support"]
    assert report.accuracy.estimate == pytest.approx(expected["accuracy"], abs=1e-12)
    assert report.cutoff == cutoff


def test_shares_by_hand() -> None:
    """Of six bads four are declined, with two goods; of fourteen goods twelve are approved."""
    y = [1] * 6 + [0] * 14
    prob = [0.9] * 4 + [0.1] * 2 + [0.9] * 2 + [0.1] * 12

    found = classify(y, prob, 0.5, level=0.9)

    assert found.decisions == Decisions(
        bads_declined=4, goods_declined=2, bads_approved=2, goods_approved=12
    )
    for share, part, whole in (
        (found.precision, 4, 6),
        (found.recall, 4, 6),
        (found.specificity, 12, 14),
        (found.accuracy, 16, 20),
        (found.approval_rate, 14, 20),
    ):
        wilson = binomtest(part, whole).proportion_ci(0.9, method="wilson")
        assert share.estimate == pytest.approx(part / whole)
        assert (share.low, share.high) == pytest.approx((wilson.low, wilson.high))
        assert (share.n, share.level) == (whole, 0.9)


def test_f1_carries_the_interval_of_its_share() -> None:
    """Of the eight who are bad or declined, four are both; F1 = 2 F* / (1 + F*) = 2/3."""
    y = [1] * 6 + [0] * 14
    prob = [0.9] * 4 + [0.1] * 2 + [0.9] * 2 + [0.1] * 12
    wilson = binomtest(4, 8).proportion_ci(0.95, method="wilson")

    f1 = classify(y, prob, 0.5).f1

    assert f1.estimate == pytest.approx(2 / 3)
    assert f1.low == pytest.approx(2 * wilson.low / (1 + wilson.low))
    assert f1.high == pytest.approx(2 * wilson.high / (1 + wilson.high))


def test_probability_at_the_cutoff_is_declined() -> None:
    assert count_decisions([0, 1], [0.5, 0.5], 0.5).goods_declined == 1
    assert count_decisions([0, 1], [0.5, 0.5], math.nextafter(0.5, 1)).goods_declined == 0


def test_precision_of_nobody_is_unknown() -> None:
    found, report = (
        classify([0, 1], [0.1, 0.2], 0.9),
        classification_report([0, 1], [0.1, 0.2], 0.9),
    )

    assert math.isnan(found.precision.estimate)
    assert (found.precision.low, found.precision.high, found.precision.n) == (0.0, 1.0, 0)
    assert (found.recall.estimate, found.f1.estimate, found.approval_rate.estimate) == (0, 0, 1)
    assert math.isnan(report.bad.precision)
    assert math.isnan(report.macro.precision)
    assert math.isnan(report.weighted.precision)
    assert report.good.precision == 0.5


@pytest.mark.parametrize("rate", [count_decisions, classify, classification_report])
def test_refuses_what_every_metric_refuses(rate: Callable[..., object]) -> None:
    with pytest.raises(SettingsInvalid, match="cutoff: expected a number, came NaN"):
        rate([0, 1], [0.1, 0.2], math.nan)
    with pytest.raises(DataError, match=r"prob: .* 1 of 2 rows lie outside \[0, 1\]"):
        rate([0, 1], [0.1, 1.2], 0.5)
    with pytest.raises(DataError, match="target: expected both goods and bads"):
        rate([0, 0], [0.1, 0.2], 0.5)


def test_levels_that_are_none() -> None:
    with pytest.raises(SettingsInvalid, match=r"level: expected within \(0, 1\)"):
        classify([0, 1], [0.1, 0.2], 0.9, level=2)
