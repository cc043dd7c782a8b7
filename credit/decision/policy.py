"""From PD to decision."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from credit.contract.model import Band, Contract, Decision, Policy, Rule

SEVERITY: dict[Decision, int] = {"approve": 0, "review": 1, "decline": 2}


def applicable_rules(contract: Contract, values: Sequence[float]) -> tuple[Rule, ...]:
    """Policy rules that the raw values meet, most severe first, then in the contract's order."""
    if not contract.policy.rules:
        return ()
    position = contract.input_positions
    met = [r for r in contract.policy.rules if _meets(r, values[position[r.column]])]
    return tuple(sorted(met, key=lambda rule: -SEVERITY[rule.decision]))


def _meets(rule: Rule, value: float) -> bool:
    """Tell whether a value meets a rule; a missing value (NaN) meets none."""
    if isinstance(rule.value, tuple):
        return value in rule.value
    return value < rule.value if rule.test == "below" else value >= rule.value


def decide(policy: Policy, prob_default: float, rules: Sequence[Rule]) -> Decision:
    """Decide on the unrounded PD; a rule can only make the decision more severe.

    PD at or above the cut-off declines. PD from ``(1 - review_band) * cutoff`` up to it is
    reviewed.
    """
    if prob_default >= policy.cutoff:
        by_model: Decision = "decline"
    elif prob_default >= (1.0 - policy.review_band) * policy.cutoff and policy.review_band > 0:
        by_model = "review"
    else:
        by_model = "approve"
    return max([by_model, *(rule.decision for rule in rules)], key=SEVERITY.__getitem__)


def band(policy: Policy, prob_default: float) -> Band:
    """Band of a PD; a PD equal to an edge belongs to the riskier side."""
    return policy.bands[bisect_right(policy.band_edges, prob_default)]
