"""How well the model ranks, and whether its PDs mean what they say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.errors import DataError
from credit.metrics import (
    BrierDecomposition,
    BrierParts,
    CalibrationLine,
    Interval,
    LiftBand,
    ReliabilityBin,
    auc_interval,
    brier_decomposition,
    brier_interval,
    brier_parts,
    calibration_line,
    ece_interval,
    gini_interval,
    h_measure_interval,
    ks_interval,
    lift_table,
    log_loss_interval,
    observed_expected,
    partial_auc_interval,
    pr_auc_interval,
    reliability_table,
)
from credit.metrics.sample import checked_pair
from credit.metrics.ties import tie_runs
from credit.report.curve import Curve, Histogram, curve, histogram
from credit.report.rows import ScoredRows

MAX_FPR = 0.2
"""The part of the ROC curve that a lender uses: at most a fifth of the goods declined."""

SCORE_BINS = 24
BINS = 10
RESAMPLES = 500


@dataclass(frozen=True, kw_only=True)
class Discrimination:
    """Figures of the ranking; curves run from the riskiest applicant to the safest.

    Attributes
    ----------
    roc
        Share of bads (y) against share of goods (x) declined.
    gain
        Share of bads (y) among the riskiest share of applicants (x).
    goods, bads
        Scores of either class, in points.
    """

    auc: Interval
    gini: Interval
    ks: Interval
    pr_auc: Interval
    h_measure: Interval
    partial_auc: Interval
    max_fpr: float
    roc: Curve
    gain: Curve
    goods: Histogram
    bads: Histogram
    lift: tuple[LiftBand, ...]


@dataclass(frozen=True, kw_only=True)
class Calibration:
    """Figures of the PDs.

    Attributes
    ----------
    line
        Recalibration line; None where none can be fitted, and ``line_note`` says why.
    """

    brier: Interval
    log_loss: Interval
    ece: Interval
    parts: BrierParts
    decomposition: BrierDecomposition
    line: CalibrationLine | None
    line_note: str
    observed_expected: Interval
    bins: tuple[ReliabilityBin, ...]


def discrimination(
    scored: ScoredRows, *, seed: int = 0, n_resamples: int = RESAMPLES
) -> Discrimination:
    """Measure the ranking.

    Raises
    ------
    DataError
        When the rows hold one class only.
    """
    y, prob = scored.labels, scored.probabilities
    drawn = {"seed": seed, "n_resamples": n_resamples}
    runs = tie_runs(*checked_pair(y, prob, "prob"))
    goods, bads = (np.concatenate(([0], np.cumsum(c[::-1]))) for c in (runs.goods, runs.bads))
    edges = np.linspace(
        scored.scores.min(), np.nextafter(scored.scores.max(), np.inf), 1 + SCORE_BINS
    )
    caught = bads / bads[-1]
    return Discrimination(
        auc=auc_interval(y, prob),
        gini=gini_interval(y, prob),
        ks=ks_interval(y, prob, **drawn),
        pr_auc=pr_auc_interval(y, prob, **drawn),
        h_measure=h_measure_interval(y, prob, **drawn),
        partial_auc=partial_auc_interval(y, prob, MAX_FPR, **drawn),
        max_fpr=MAX_FPR,
        roc=curve(goods / goods[-1], caught),
        gain=curve((goods + bads) / len(y), caught),
        goods=histogram(scored.scores[y == 0], edges),
        bads=histogram(scored.scores[y == 1], edges),
        lift=lift_table(y, prob, BINS),
    )


def calibration(scored: ScoredRows, *, seed: int = 0, n_resamples: int = RESAMPLES) -> Calibration:
    """Measure the PDs.

    Raises
    ------
    DataError
        When the rows hold one class only.
    """
    y, prob = scored.labels, scored.probabilities
    drawn = {"seed": seed, "n_resamples": n_resamples}
    line, note = None, ""
    try:
        line = calibration_line(y, prob)
    except DataError as error:
        note = str(error)
    return Calibration(
        brier=brier_interval(y, prob),
        log_loss=log_loss_interval(y, prob),
        ece=ece_interval(y, prob, BINS, **drawn),
        parts=brier_parts(y, prob, BINS, **drawn),
        decomposition=brier_decomposition(y, prob, BINS),
        line=line,
        line_note=note,
        observed_expected=observed_expected(y, prob),
        bins=reliability_table(y, prob, BINS),
    )
