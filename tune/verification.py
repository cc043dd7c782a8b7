"""Figures of a finished model on rows that it has not seen, each with its interval."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from credit.metrics import (
    ClassificationReport,
    Interval,
    auc_interval,
    brier_interval,
    calibration_line,
    classification_report,
    classify,
    ece_interval,
    ks_interval,
    observed_expected,
    pr_auc_interval,
)

Values = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Verification:
    """Figures on held-out rows, with their intervals.

    Attributes
    ----------
    slope, intercept
        Of the logistic recalibration on the log-odds of the PD; 1 and 0 are perfect.
    observed_expected
        Bads that came over bads that were expected.
    cutoff
        PD at which the decisions below are made: the policy's.
    report
        Precision, recall and F1 of both classes at the cut-off.
    """

    auc: Interval
    ks: Interval
    pr_auc: Interval
    brier: Interval
    ece: Interval
    slope: Interval
    intercept: Interval
    observed_expected: Interval
    cutoff: float
    precision: Interval
    recall: Interval
    f1: Interval
    accuracy: Interval
    approval_rate: Interval
    report: ClassificationReport


FIGURES = (
    "auc",
    "ks",
    "pr_auc",
    "brier",
    "ece",
    "slope",
    "intercept",
    "observed_expected",
    "precision",
    "recall",
    "f1",
    "accuracy",
    "approval_rate",
)
"""Figures that carry an interval."""


def verify(labels: Labels, probabilities: Values, cutoff: float, *, seed: int) -> Verification:
    """Compute figures on held-out rows."""
    line = calibration_line(labels, probabilities)
    decided = classify(labels, probabilities, cutoff)
    return Verification(
        auc=auc_interval(labels, probabilities),
        ks=ks_interval(labels, probabilities, seed=seed),
        pr_auc=pr_auc_interval(labels, probabilities, seed=seed),
        brier=brier_interval(labels, probabilities),
        ece=ece_interval(labels, probabilities, seed=seed),
        slope=line.slope,
        intercept=line.intercept,
        observed_expected=observed_expected(labels, probabilities),
        cutoff=cutoff,
        precision=decided.precision,
        recall=decided.recall,
        f1=decided.f1,
        accuracy=decided.accuracy,
        approval_rate=decided.approval_rate,
        report=classification_report(labels, probabilities, cutoff),
    )


def flat_metrics(verification: Verification) -> dict[str, float]:
    """Name each figure and both ends of its interval, as MLflow and the manifest keep them."""
    flat = {"cutoff": verification.cutoff}
    for name in FIGURES:
        interval: Interval = getattr(verification, name)
        flat |= {
            name: interval.estimate,
            f"{name}_low": interval.low,
            f"{name}_high": interval.high,
        }
    return flat


def plain_report(verification: Verification) -> dict[str, Any]:
    """The classification report as JSON can hold it."""
    return dataclasses.asdict(verification.report)
