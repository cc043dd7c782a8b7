"""From PD to decision."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

from credit.contract.model import Contract
from credit.contract.policy import Band, Decision, Policy, Rule
from credit.features import FeatureTransform

SEVERITY: dict[Decision, int] = {"approve": 0, "review": 1, "decline": 2}


def applicable_rules(
    contract: Contract, transform: FeatureTransform, values: Sequence[float]
) -> tuple[Rule, ...]:
    """Policy rules that an application meets, most severe first, then in the contract's order."""
    met = [r for r in contract.policy.rules if _meets(r, contract, transform, values)]
    return tuple(sorted(met, key=lambda rule: -SEVERITY[rule.decision]))


def _meets(
    rule: Rule, contract: Contract, transform: FeatureTransform, values: Sequence[float]
) -> bool:
    """Tell whether a value meets a rule; a missing value (NaN) meets none."""
    if rule.column is None:
        subject = transform.feature(rule.subject, values)
    else:
        subject = values[contract.input_positions[rule.column]]
    if isinstance(rule.value, tuple):
        places = contract.by_name[rule.subject].category_places if rule.column else {}
        return subject in [places[v] if isinstance(v, str) else v for v in rule.value]
    return subject < rule.value if rule.test == "below" else subject >= rule.value


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
