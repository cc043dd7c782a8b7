"""From PD to decision: the conventions of the design, at their very edges."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.contract import Contract
from credit.contract.policy import Decision, Policy, Rule
from credit.decision.policy import SEVERITY, PolicyRules, applicable_rules, band, decide
from credit.features import FeatureTransform

CUTOFF = 1 / 11


def just_below(x: float) -> float:
    return math.nextafter(x, 0)


@pytest.fixture(scope="module")
def policy(contract: Contract) -> Policy:
    return contract.policy


def rule(decision: str, *, test: str = "at_least", value: object = 0.0, code: str = "R_1") -> Rule:
    return Rule.model_validate(
        {
            "code": code,
            "column": "debt_ratio",
            "test": test,
            "value": value,
            "decision": decision,
            "text": "A rule of this test.",
        }
    )


@pytest.mark.parametrize(
    ("prob_default", "decision"),
    [
        (CUTOFF, "decline"),
        (just_below(CUTOFF), "review"),
        ((1 - 0.2) * CUTOFF, "review"),
        (just_below((1 - 0.2) * CUTOFF), "approve"),
        (1e-4, "approve"),
        (1 - 1e-4, "decline"),
    ],
)
def test_ten_to_one_costs_put_the_cut_off_at_one_in_eleven(
    policy: Policy, prob_default: float, decision: str
) -> None:
    """Elkan (2001): FP / (FP + FN) = 1 / (1 + 10)."""
    assert decide(policy, prob_default, []) == decision


def test_without_a_review_band_nobody_is_reviewed(policy: Policy) -> None:
    strict = policy.model_copy(update={"review_band": 0.0})

    assert decide(strict, just_below(CUTOFF), []) == "approve"
    assert decide(strict, CUTOFF, []) == "decline"


@pytest.mark.parametrize(
    ("prob_default", "risk_level", "rating"),
    [
        (1e-4, "LOW", "Excellent"),
        (just_below(0.03), "LOW", "Excellent"),
        (0.03, "MEDIUM", "Good"),
        (just_below(CUTOFF), "MEDIUM", "Good"),
        (CUTOFF, "HIGH", "Average"),
        (just_below(0.25), "HIGH", "Average"),
        (0.25, "CRITICAL", "Poor"),
        (1 - 1e-4, "CRITICAL", "Poor"),
    ],
)
def test_an_edge_belongs_to_the_riskier_band(
    policy: Policy, prob_default: float, risk_level: str, rating: str
) -> None:
    found = band(policy, prob_default)

    assert (found.risk_level, found.rating) == (risk_level, rating)


@pytest.mark.parametrize(
    ("prob_default", "by_rule", "decision"),
    [
        (0.01, "review", "review"),
        (0.01, "decline", "decline"),
        (0.08, "decline", "decline"),
        (0.5, "review", "decline"),
    ],
)
def test_a_rule_makes_the_decision_more_severe_never_less(
    policy: Policy, prob_default: float, by_rule: str, decision: str
) -> None:
    assert decide(policy, prob_default, [rule(by_rule)]) == decision


@given(
    prob_default=st.floats(1e-4, 1 - 1e-4),
    rules=st.lists(st.sampled_from(["review", "decline"]), max_size=3),
)
def test_no_set_of_rules_softens_a_decision(
    policy: Policy, prob_default: float, rules: list[Decision]
) -> None:
    plain = decide(policy, prob_default, [])
    ruled = decide(policy, prob_default, [rule(decision) for decision in rules])

    assert SEVERITY[ruled] == max(SEVERITY[d] for d in (plain, *rules))


@given(first=st.floats(1e-4, 1 - 1e-4), second=st.floats(1e-4, 1 - 1e-4))
def test_more_risk_never_softens_anything(policy: Policy, first: float, second: float) -> None:
    low, high = sorted((first, second))

    assert SEVERITY[decide(policy, low, [])] <= SEVERITY[decide(policy, high, [])]
    assert policy.bands.index(band(policy, low)) <= policy.bands.index(band(policy, high))


def transform_of(contract: Contract) -> FeatureTransform:
    caps = {f.name: math.inf for f in contract.features if f.cap_quantile is not None}
    return FeatureTransform(contract, caps)


@pytest.mark.parametrize(
    ("made", "value", "meets"),
    [
        (rule("review", test="below", value=2.0), 1.9, True),
        (rule("review", test="below", value=2.0), 2.0, False),
        (rule("review", test="at_least", value=2.0), 2.0, True),
        (rule("review", test="at_least", value=2.0), 1.9, False),
        (rule("review", test="in", value=[96, 98]), 98.0, True),
        (rule("review", test="in", value=[96, 98]), 97.0, False),
        (rule("review", test="below", value=2.0), math.nan, False),
        (rule("review", test="at_least", value=2.0), math.nan, False),
        (rule("review", test="in", value=[96, 98]), math.nan, False),
    ],
)
def test_a_value_meets_its_rule_and_a_missing_one_meets_none(
    contract: Contract, policy: Policy, made: Rule, value: float, meets: bool
) -> None:
    with_rule = contract.model_copy(update={"policy": policy.model_copy(update={"rules": (made,)})})
    values = [value if c.name == "debt_ratio" else 0.0 for c in contract.inputs]

    found = applicable_rules(with_rule, transform_of(with_rule), values)

    assert found == ((made,) if meets else ())


def test_the_most_severe_rule_comes_first_then_the_contract_s_order(
    contract: Contract, policy: Policy
) -> None:
    rules = (
        rule("review", code="R_1"),
        rule("decline", code="R_2"),
        rule("review", code="R_3"),
        rule("decline", code="R_4"),
    )
    ruled = contract.model_copy(update={"policy": policy.model_copy(update={"rules": rules})})

    found = applicable_rules(ruled, transform_of(ruled), [1.0] * len(contract.inputs))

    assert [r.code for r in found] == ["R_2", "R_4", "R_1", "R_3"]


def test_rules_that_are_kept_answer_every_application_anew(
    contract: Contract, policy: Policy
) -> None:
    rules = (
        rule("review", test="below", value=1.0, code="R_1"),
        rule("decline", test="at_least", value=5.0, code="R_2"),
        Rule.model_validate(
            {**rule("review", code="R_3").model_dump(), "column": None, "feature": "income"}
        ),
    )
    ruled = contract.model_copy(update={"policy": policy.model_copy(update={"rules": rules})})
    kept = PolicyRules(ruled, transform_of(ruled))
    values = dict.fromkeys((c.name for c in contract.inputs), 0.0)

    found = []
    for debt_ratio, income in [(0.0, 0.0), (5.0, 900.0), (2.0, math.nan), (0.0, 900.0)]:
        of_row = values | {"debt_ratio": debt_ratio, "monthly_income": income}
        found.append([r.code for r in kept.met(list(of_row.values()))])

    assert found == [["R_1"], ["R_2", "R_3"], [], ["R_1", "R_3"]]
