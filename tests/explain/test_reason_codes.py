"""What an applicant is told: adverse groups only, heaviest first, rules before everything."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.contract import Contract
from credit.explain import reason_codes
from credit.scorecard import ScoreScale

SCALE = ScoreScale()


def contributions(contract: Contract, **of: float) -> list[float]:
    unknown = of.keys() - set(contract.feature_names)
    assert not unknown
    return [of.get(name, 0.0) for name in contract.feature_names]


def codes(contract: Contract, **of: float) -> list[str]:
    return [r.code for r in reason_codes(contract, contributions(contract, **of), [], SCALE)]


def test_groups_are_summed_and_sorted_and_named_by_their_heaviest_feature(
    contract: Contract,
) -> None:
    found = reason_codes(
        contract,
        contributions(
            contract, utilization=0.35, past_due_30_59=0.1, past_due_60_89=0.3, past_due_total=0.05
        ),
        [],
        SCALE,
    )

    assert [(r.code, r.feature) for r in found] == [
        ("PAST_DUE", "past_due_60_89"),
        ("UTILIZATION", "utilization"),
    ]
    assert found[0].text == "Payments were 30 to 89 days past due in the last two years."


def test_points_are_lost_points() -> None:
    """ln 2 in the log-odds of bad halves the odds: 20 points less (PDO 20)."""
    assert SCALE.points_from_log_odds(math.log(2)) == pytest.approx(-20.0)


def test_a_reason_states_what_its_group_costs(contract: Contract) -> None:
    [reason] = reason_codes(contract, contributions(contract, dependents=math.log(2)), [], SCALE)

    assert (reason.code, reason.points) == ("HOUSEHOLD", -20.0)


def test_at_most_four_are_given(contract: Contract) -> None:
    assert codes(
        contract,
        utilization=0.1,
        age_capped=0.2,
        past_due_90=0.3,
        monthly_debt=0.4,
        income=0.5,
        dependents=0.6,
    ) == ["HOUSEHOLD", "INCOME", "DEBT", "SERIOUS_PAST_DUE"]


def test_a_group_that_helps_is_never_a_reason(contract: Contract) -> None:
    assert codes(contract, utilization=-0.5, income=0.2, income_per_person=-0.3) == []


def test_what_cancels_within_a_group_leaves_no_reason(contract: Contract) -> None:
    """0.3 - 0.1 - 0.2 is 5.6e-17 in float64: nobody loses a point by that."""
    total = 0.3 - 0.1 - 0.2
    assert total != 0

    assert codes(contract, past_due_30_59=0.3, past_due_60_89=-0.1, past_due_total=-0.2) == []
    assert codes(contract, dependents=1e-17, utilization=0.1) == ["UTILIZATION"]


def test_ties_keep_the_contract_s_order(contract: Contract) -> None:
    names = ["dependents", "utilization", "open_credit_lines", "past_due_90"]

    assert codes(contract, **dict.fromkeys(names, 0.25)) == [
        "UTILIZATION",
        "SERIOUS_PAST_DUE",
        "CREDIT_LINES",
        "HOUSEHOLD",
    ]


def test_a_rule_comes_first_and_carries_no_points(contract: Contract) -> None:
    found = reason_codes(
        contract,
        contributions(
            contract, utilization=0.1, past_due_90=0.2, monthly_debt=0.3, income=0.4, dependents=0.5
        ),
        contract.policy.rules,
        SCALE,
    )

    assert [r.code for r in found] == ["PAYMENT_HISTORY_CODED", "HOUSEHOLD", "INCOME", "DEBT"]
    assert (found[0].feature, found[0].points) == ("past_due_90", None)
    assert found[0].text.startswith("The payment history is reported as a code")


@given(values=st.lists(st.floats(-3, 3), min_size=19, max_size=19))
def test_every_reason_costs_points_and_the_order_is_that_of_the_points(
    contract: Contract, values: list[float]
) -> None:
    found = reason_codes(contract, values, [], SCALE)

    points = [reason.points for reason in found if reason.points is not None]
    assert len(found) == len(points) <= 4
    assert all(p < 0 for p in points)
    assert points == sorted(points)
    assert len({reason.code for reason in found}) == len(found)
    groups: dict[str, float] = {}
    for feature, value in zip(contract.features, values, strict=True):
        groups[feature.reason] = groups.get(feature.reason, 0.0) + value
    for reason in found:
        assert reason.points == pytest.approx(-groups[reason.code] * 20 / math.log(2), abs=0.006)
