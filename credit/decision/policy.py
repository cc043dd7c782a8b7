"""From PD to decision."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import partial
from operator import itemgetter

from credit.contract.model import Contract
from credit.contract.policy import Band, Decision, Policy, Rule
from credit.features import FeatureTransform

SEVERITY: dict[Decision, int] = {"approve": 0, "review": 1, "decline": 2}


class PolicyRules:
    """The policy rules of a contract, prepared once to be held against many applications."""

    def __init__(self, contract: Contract, transform: FeatureTransform) -> None:
        ordered = sorted(contract.policy.rules, key=lambda rule: -SEVERITY[rule.decision])
        self._rules = [(r, _subject(r, contract, transform), _test(r, contract)) for r in ordered]

    def met(self, values: Sequence[float]) -> tuple[Rule, ...]:
        """Rules that an application meets, most severe first, then in the contract's order.

        A missing value (NaN) meets none.

        Parameters
        ----------
        values
            The input columns in the contract's order.
        """
        return tuple([rule for rule, subject, holds in self._rules if holds(subject(values))])


def applicable_rules(
    contract: Contract, transform: FeatureTransform, values: Sequence[float]
) -> tuple[Rule, ...]:
    """Policy rules that one application meets; for many, keep a :class:`PolicyRules`."""
    return PolicyRules(contract, transform).met(values)


def _subject(
    rule: Rule, contract: Contract, transform: FeatureTransform
) -> Callable[[Sequence[float]], float]:
    """Read the column or feature that a rule speaks of."""
    if rule.column is None:
        return partial(transform.feature, rule.subject)
    return itemgetter(contract.input_positions[rule.column])


def _test(rule: Rule, contract: Contract) -> Callable[[float], bool]:
    """Tell whether a value meets a rule; no comparison with NaN holds."""
    value = rule.value
    if isinstance(value, tuple):
        places = contract.by_name[rule.subject].category_places if rule.column else {}
        wanted = [places[v] if isinstance(v, str) else v for v in value]
        return lambda subject: subject in wanted
    if rule.test == "below":
        return lambda subject: subject < value
    return lambda subject: subject >= value


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
    if not rules:
        return by_model
    return max([by_model, *(rule.decision for rule in rules)], key=SEVERITY.__getitem__)


def band(policy: Policy, prob_default: float) -> Band:
    """Band of a PD; a PD equal to an edge belongs to the riskier side."""
    return policy.bands[bisect_right(policy.band_edges, prob_default)]
