"""Decisions at one cut-off, counted and rated: precision, recall, F1 and their kin."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from numpy.typing import ArrayLike

from credit.metrics.decisions import Decisions, count_decisions
from credit.metrics.interval import Interval, normal_quantile
from credit.metrics.proportion import wilson_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """What a cut-off does to a sample; every share with its Wilson interval.

    ``n`` of each interval is the number that the share is of.

    Attributes
    ----------
    cutoff
        Every PD at or above it is declined.
    decisions
        The counts that all else follows from.
    precision
        Bads among the declined. Where nobody is declined the estimate is NaN, with [0, 1].
    recall
        Declined among the bads (sensitivity).
    specificity
        Approved among the goods.
    f1
        Harmonic mean of precision and recall, ``2 F* / (1 + F*)`` with ``F* = TP/(TP + FP + FN)``:
        F* is a share, and Wilson's interval of it is carried over.
    accuracy
        Rightly decided among all. With few bads, approving everyone is accurate too.
    approval_rate
        Approved among all.
    """

    cutoff: float
    decisions: Decisions
    precision: Interval
    recall: Interval
    specificity: Interval
    f1: Interval
    accuracy: Interval
    approval_rate: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """Precision, recall and F1 of one class, or of an average; ``support`` counts its rows.

    The precision of a class that was never predicted is NaN, and so are the averages over it.
    """

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassificationReport:
    """Both classes in turn, their plain mean (macro) and their mean by support (weighted)."""

    cutoff: float
    good: ReportRow
    bad: ReportRow
    macro: ReportRow
    weighted: ReportRow
    accuracy: Interval


def classify(y: ArrayLike, prob: ArrayLike, cutoff: float, level: float = 0.95) -> Classification:
    """Rate the decisions of one cut-off, which was stated beforehand.

    Raises
    ------
    DataError, SettingsInvalid
        As :func:`~credit.metrics.decisions.count_decisions`.

    References
    ----------
    Hand, D. J., Christen, P., Kirielle, N. (2021). F*: an interpretable transformation of the
    F-measure. Machine Learning 110, 451-456. doi:10.1007/s10994-021-05964-1
    """
    counts = count_decisions(y, prob, cutoff)
    n, n_bads = counts.n, counts.n_bads
    caught = counts.bads_declined
    declined = caught + counts.goods_declined
    f_star = wilson_interval(caught, n_bads + counts.goods_declined, level)
    return Classification(
        cutoff=cutoff,
        decisions=counts,
        precision=_share(caught, declined, level),
        recall=wilson_interval(caught, n_bads, level),
        specificity=wilson_interval(counts.goods_approved, n - n_bads, level),
        f1=replace(
            f_star,
            estimate=_f1(f_star.estimate),
            low=_f1(f_star.low),
            high=_f1(f_star.high),
        ),
        accuracy=wilson_interval(caught + counts.goods_approved, n, level),
        approval_rate=wilson_interval(n - declined, n, level),
    )


def classification_report(
    y: ArrayLike, prob: ArrayLike, cutoff: float, level: float = 0.95
) -> ClassificationReport:
    """Precision, recall and F1 of goods and of bads at one cut-off, with their averages.

    Raises
    ------
    DataError, SettingsInvalid
        As :func:`~credit.metrics.decisions.count_decisions`.
    """
    counts = count_decisions(y, prob, cutoff)
    bad = _row(counts.bads_declined, counts.goods_declined, counts.bads_approved)
    good = _row(counts.goods_approved, counts.bads_approved, counts.goods_declined)
    rightly_decided = counts.bads_declined + counts.goods_approved
    return ClassificationReport(
        cutoff=cutoff,
        good=good,
        bad=bad,
        macro=_average(good, bad, share_of_bad=0.5),
        weighted=_average(good, bad, share_of_bad=counts.n_bads / counts.n),
        accuracy=wilson_interval(rightly_decided, counts.n, level),
    )


def _share(part: int, whole: int, level: float) -> Interval:
    if whole:
        return wilson_interval(part, whole, level)
    normal_quantile(level)
    return Interval(estimate=math.nan, low=0.0, high=1.0, n=0, n_bads=0, level=level)


def _f1(f_star: float) -> float:
    return 2 * f_star / (1 + f_star)


def _row(hits: int, false_alarms: int, misses: int) -> ReportRow:
    predicted = hits + false_alarms
    return ReportRow(
        precision=hits / predicted if predicted else math.nan,
        recall=hits / (hits + misses),
        f1=2 * hits / (2 * hits + false_alarms + misses),
        support=hits + misses,
    )


def _average(good: ReportRow, bad: ReportRow, share_of_bad: float) -> ReportRow:
    def mean(of_good: float, of_bad: float) -> float:
        return (1 - share_of_bad) * of_good + share_of_bad * of_bad

    return ReportRow(
        precision=mean(good.precision, bad.precision),
        recall=mean(good.recall, bad.recall),
        f1=mean(good.f1, bad.f1),
        support=good.support + bad.support,
    )
