"""What an applicant is told: adverse groups only, heaviest first, rules before everything."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.contract import Contract
from credit.contract.policy import Rule
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


def by_definition(
    contract: Contract, values: Sequence[float], rules: Sequence[Rule]
) -> list[tuple[str, str, float | None]]:
    """Every group summed, every sum in points, all sorted: what a reader of the rules would write."""
    totals: dict[str, float] = {}
    heaviest: dict[str, tuple[float, str]] = {}
    for feature, value in zip(contract.features, values, strict=True):
        code = feature.reason
        totals[code] = totals.get(code, 0.0) + value
        if code not in heaviest or value > heaviest[code][0]:
            heaviest[code] = (value, feature.name)
    points = {code: round(-total * (20.0 / math.log(2)), 2) for code, total in totals.items()}
    adverse = sorted((c for c in totals if points[c] < 0), key=lambda c: -totals[c])
    told = [c for i, c in enumerate(adverse) if i == 0 or points[c] <= -0.5]
    found = [(rule.code, rule.subject, None) for rule in rules]
    return [*found, *((c, heaviest[c][1], points[c]) for c in told)][:4]


# Sums near half a point and near nothing, ties, and what only rounding tells apart.
VALUES = st.one_of(
    st.floats(-3, 3),
    st.sampled_from([0.0, -0.0, 1e-17, 1e-4, 1.8e-4, 0.0171, 0.0173, 0.0175, 0.25, -0.25, 0.1]),
)


@given(values=st.lists(VALUES, min_size=19, max_size=19), n_rules=st.integers(0, 6))
def test_the_short_way_gives_what_the_definition_gives(
    contract: Contract, values: list[float], n_rules: int
) -> None:
    rules = [contract.policy.rules[0]] * n_rules

    found = reason_codes(contract, values, rules, SCALE)

    assert [(r.code, r.feature, r.points) for r in found] == by_definition(contract, values, rules)


@pytest.mark.parametrize("n", [0, 18, 20])
def test_another_number_of_contributions_is_an_error(contract: Contract, n: int) -> None:
    with pytest.raises(ValueError, match=f"expected 19 contributions, one a feature; came {n}"):
        reason_codes(contract, [0.1] * n, [], SCALE)
