"""What the policy does to the rows, and what each cut-off would cost or earn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.contract.policy import Policy
from credit.metrics import (
    Classification,
    ClassificationReport,
    Costs,
    EmpiricalCutoff,
    Interval,
    LoanTerms,
    classification_report,
    classify,
    cost_curve,
    empirical_cutoff,
    profit,
    profit_curve,
    wilson_interval,
)
from credit.report.curve import Curve, curve
from credit.report.performance import RESAMPLES
from credit.report.rows import ScoredRows

OUTCOMES = ("approve", "review", "decline")


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One kind of decision: its share of all rows, and the bad rate among them (None without rows)."""

    decision: str
    share: Interval
    bad_rate: Interval | None


@dataclass(frozen=True, kw_only=True)
class Profit:
    """What lending would earn, as a share of one loan asked for."""

    terms: LoanTerms
    curve: Curve
    at_policy: Interval
    break_even: float


@dataclass(frozen=True, kw_only=True)
class CardDecisions:
    """Decisions on the rows.

    Attributes
    ----------
    outcomes
        Of the whole policy: cut-off, review band and rules.
    classification, report
        Of the cut-off alone, where declined means predicted bad.
    cost
        Mean cost per applicant against the cut-off.
    empirical
        The cheapest cut-off of these rows beside the policy's.
    profit
        None where no loan terms were given.
    """

    cutoff: float
    costs: Costs
    outcomes: tuple[Outcome, ...]
    classification: Classification
    report: ClassificationReport
    cost: Curve
    empirical: EmpiricalCutoff
    profit: Profit | None


def card_decisions(
    scored: ScoredRows,
    policy: Policy,
    terms: LoanTerms | None = None,
    *,
    seed: int = 0,
    n_resamples: int = RESAMPLES,
) -> CardDecisions:
    """Count, rate and price the decisions."""
    y, prob = scored.labels, scored.probabilities
    costs = Costs(
        false_negative=policy.cost_false_negative, false_positive=policy.cost_false_positive
    )
    found = cost_curve(y, prob, costs)
    return CardDecisions(
        cutoff=policy.cutoff,
        costs=costs,
        outcomes=tuple(_outcome(scored, decision) for decision in OUTCOMES),
        classification=classify(y, prob, policy.cutoff),
        report=classification_report(y, prob, policy.cutoff),
        cost=curve(found.cutoffs, found.cost, found.low, found.high),
        empirical=empirical_cutoff(y, prob, costs, n_resamples=n_resamples, seed=seed),
        profit=None if terms is None else _profit(scored, policy.cutoff, terms),
    )


def _outcome(scored: ScoredRows, decision: str) -> Outcome:
    chosen = scored.decisions == decision
    n = int(np.count_nonzero(chosen))
    n_bads = int(scored.labels[chosen].sum())
    return Outcome(
        decision=decision,
        share=wilson_interval(n, len(chosen)),
        bad_rate=wilson_interval(n_bads, n) if n else None,
    )


def _profit(scored: ScoredRows, cutoff: float, terms: LoanTerms) -> Profit:
    found = profit_curve(scored.labels, scored.probabilities, terms)
    return Profit(
        terms=terms,
        curve=curve(found.approval_rate, found.profit, found.low, found.high),
        at_policy=profit(scored.labels, scored.probabilities, cutoff, terms),
        break_even=terms.break_even,
    )
