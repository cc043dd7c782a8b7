"""The figures that a gate may ask for: how each is measured, its range and which way is better."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from credit.metrics import (
    Classification,
    Costs,
    Interval,
    auc_interval,
    brier_interval,
    classify,
    ece_interval,
    expected_cost_interval,
    gini_interval,
    ks_interval,
    log_loss_interval,
    observed_expected,
)
from credit.metrics.sample import BoolArray, FloatArray

MetricName = Literal[
    "auc",
    "gini",
    "ks",
    "brier",
    "ece",
    "log_loss",
    "precision",
    "recall",
    "f1",
    "accuracy",
    "approval_rate",
    "cost_per_client",
    "observed_expected",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Rows that a gate is measured on, and how they are decided.

    Attributes
    ----------
    bad, prob
        Outcome (true = bad) and PD of each row, shape ``(n_rows,)``.
    cutoff
        PD at and above which a row is declined, that is predicted bad.
    costs
        Cost of each wrong decision.
    level
        Coverage of the intervals.
    seed
        Of the bootstrap, where there is no formula for the interval.
    """

    bad: BoolArray
    prob: FloatArray
    cutoff: float
    costs: Costs
    level: float
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One figure.

    Attributes
    ----------
    measure
        Computes it with its interval.
    better
        Whether a higher or a lower figure is better; ``within`` where both ends can be wrong.
    lowest, highest
        Its range.
    decides
        Whether it depends on the cut-off.
    """

    measure: Callable[[Sample], Interval]
    better: Literal["higher", "lower", "within"]
    lowest: float = 0.0
    highest: float = 1.0
    decides: bool = False


def _decided(name: str) -> Callable[[Sample], Interval]:
    """One figure of the decisions at the cut-off."""

    def measure(sample: Sample) -> Interval:
        found: Classification = classify(sample.bad, sample.prob, sample.cutoff, sample.level)
        interval: Interval = getattr(found, name)
        return interval

    return measure


MEASURES: Mapping[MetricName, Measure] = {
    "auc": Measure(measure=lambda s: auc_interval(s.bad, s.prob, s.level), better="higher"),
    "gini": Measure(
        measure=lambda s: gini_interval(s.bad, s.prob, s.level), better="higher", lowest=-1.0
    ),
    "ks": Measure(
        measure=lambda s: ks_interval(s.bad, s.prob, s.level, seed=s.seed), better="higher"
    ),
    "brier": Measure(measure=lambda s: brier_interval(s.bad, s.prob, s.level), better="lower"),
    "ece": Measure(
        measure=lambda s: ece_interval(s.bad, s.prob, level=s.level, seed=s.seed), better="lower"
    ),
    "log_loss": Measure(
        measure=lambda s: log_loss_interval(s.bad, s.prob, s.level),
        better="lower",
        highest=math.inf,
    ),
    "precision": Measure(measure=_decided("precision"), better="higher", decides=True),
    "recall": Measure(measure=_decided("recall"), better="higher", decides=True),
    "f1": Measure(measure=_decided("f1"), better="higher", decides=True),
    "accuracy": Measure(measure=_decided("accuracy"), better="higher", decides=True),
    "approval_rate": Measure(measure=_decided("approval_rate"), better="within", decides=True),
    "cost_per_client": Measure(
        measure=lambda s: expected_cost_interval(s.bad, s.prob, s.cutoff, s.costs, s.level),
        better="lower",
        highest=math.inf,
        decides=True,
    ),
    "observed_expected": Measure(
        measure=lambda s: observed_expected(s.bad, s.prob, s.level),
        better="within",
        highest=math.inf,
    ),
}
"""Figures by the name that a gate file uses; the decision metrics take a decline for "predicted bad"."""
