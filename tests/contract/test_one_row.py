"""One application: everything wrong with it is said at once, and nothing of its values."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.contract import Contract, RowValidator, check_frame
from credit.errors import ApplicationInvalid
from tests.loanbook import application

INPUTS = (
    "revolving_utilization",
    "age",
    "past_due_30_59",
    "debt_ratio",
    "monthly_income",
    "open_credit_lines",
    "past_due_90",
    "real_estate_loans",
    "past_due_60_89",
    "dependents",
)


@pytest.fixture(scope="module")
def validator(contract: Contract) -> RowValidator:
    return RowValidator(contract)


def failures(validator: RowValidator, row: dict[str, Any]) -> list[tuple[str, str, str]]:
    with pytest.raises(ApplicationInvalid) as caught:
        validator.application(row)
    return [(f.field, f.rule, f.message) for f in caught.value.failures]


def test_a_good_row_becomes_its_values_in_the_contract_order(validator: RowValidator) -> None:
    row = application(monthly_income=None, past_due_90=98, as_of="2026-01-31")

    made = validator.application(row)

    assert made.application_id == "A-1001"
    assert made.applicant_id == "P-1001"
    assert made.as_of == "2026-01-31"
    expected = [float("nan") if row[name] is None else float(row[name]) for name in INPUTS]
    assert [repr(v) for v in made.values] == [repr(v) for v in expected]


def test_the_order_of_the_fields_does_not_matter(validator: RowValidator) -> None:
    row = application()
    backwards = dict(reversed(row.items()))

    assert validator.application(backwards) == validator.application(row)


def test_applicant_and_date_may_be_left_out_or_null(validator: RowValidator) -> None:
    left_out = validator.application(application(applicant_id=...))
    null = validator.application(application(applicant_id=None, as_of=None))

    assert left_out.applicant_id is None
    assert left_out.as_of is None
    assert left_out == null


WHOLE = "expected a whole number"
IDS = "expected 1 to 128 printable characters"


@pytest.mark.parametrize(
    ("change", "field", "rule", "message"),
    [
        ({"shoe_size": 42}, "shoe_size", "unknown", "unknown field; remove it"),
        ({"defaulted": 0}, "defaulted", "unknown", "unknown field; remove it"),
        ({"age": ...}, "age", "missing", "required; send a number"),
        (
            {"monthly_income": ...},
            "monthly_income",
            "missing",
            "required; send a number or null when it is not known",
        ),
        ({"age": None}, "age", "null", "may not be null; send a number"),
        ({"age": "41"}, "age", "type", "expected a number, got a string"),
        ({"age": True}, "age", "type", "expected a number, got a boolean"),
        ({"age": [41]}, "age", "type", "expected a number, got an array"),
        ({"age": {"years": 41}}, "age", "type", "expected a number, got an object"),
        ({"age": 41.5}, "age", "type", WHOLE),
        ({"debt_ratio": math.nan}, "debt_ratio", "finite", "must be finite; NaN and infinity"),
        ({"debt_ratio": math.inf}, "debt_ratio", "finite", "must be finite; NaN and infinity"),
        ({"age": -math.inf}, "age", "finite", "must be finite; NaN and infinity"),
        ({"monthly_income": math.nan}, "monthly_income", "finite", "must be finite"),
        ({"age": 17}, "age", "minimum", "expected at least 18"),
        ({"age": 0}, "age", "minimum", "expected at least 18"),
        ({"age": 121}, "age", "maximum", "expected at most 120"),
        ({"age": 10**400}, "age", "maximum", "expected at most 120"),
        ({"debt_ratio": 10**400}, "debt_ratio", "maximum", "expected at most 1,000,000"),
        ({"debt_ratio": -(10**400)}, "debt_ratio", "minimum", "expected at least 0"),
        ({"past_due_90": 97}, "past_due_90", "maximum", "expected at most 50"),
        ({"past_due_90": 51}, "past_due_90", "maximum", "expected at most 50"),
        ({"past_due_90": 98.5}, "past_due_90", "type", WHOLE),
        ({"dependents": 98}, "dependents", "maximum", "expected at most 30"),
        ({"application_id": ...}, "application_id", "missing", "send the lender's reference"),
        ({"application_id": None}, "application_id", "missing", "send the lender's reference"),
        ({"application_id": 17}, "application_id", "type", "expected a string, got a int"),
        ({"application_id": ""}, "application_id", "length", IDS),
        ({"application_id": "A" * 129}, "application_id", "length", IDS),
        ({"application_id": "A\n1"}, "application_id", "length", IDS),
        ({"applicant_id": ""}, "applicant_id", "length", IDS),
        ({"applicant_id": "P\x00"}, "applicant_id", "length", IDS),
        ({"applicant_id": True}, "applicant_id", "type", "expected a string, got a boolean"),
        ({"as_of": "31.01.2026"}, "as_of", "type", "expected an ISO date such as 2026-01-31"),
        ({"as_of": 20260131}, "as_of", "type", "expected an ISO date such as 2026-01-31"),
    ],
)
def test_a_broken_rule_is_named_with_its_field(
    validator: RowValidator, change: dict[str, Any], field: str, rule: str, message: str
) -> None:
    [(found_field, found_rule, found_message)] = failures(validator, application(**change))

    assert (found_field, found_rule) == (field, rule)
    assert message in found_message


@pytest.mark.parametrize("value", [96, 98, 96.0, 50, 0, -0.0])
def test_codes_and_bounds_themselves_are_accepted(validator: RowValidator, value: float) -> None:
    made = validator.application(application(past_due_90=value))

    assert made.values[INPUTS.index("past_due_90")] == value


def test_a_whole_number_written_as_float_is_the_same_application(validator: RowValidator) -> None:
    assert validator.application(application(age=41.0)) == validator.application(
        application(age=41)
    )


@pytest.mark.parametrize("written", [-0.0, -0, "-0"])
def test_a_zero_has_no_sign(
    validator: RowValidator, contract: Contract, written: float | str
) -> None:
    place = [column.name for column in contract.inputs].index("past_due_90")
    frame = pd.DataFrame([application(past_due_90=written)])
    in_table = check_frame(frame, contract).raw[0, place]

    assert math.copysign(1.0, in_table) == 1.0
    if not isinstance(written, str):
        [*values] = validator.application(application(past_due_90=written)).values
        assert math.copysign(1.0, values[place]) == 1.0


def test_all_failures_are_said_at_once(validator: RowValidator) -> None:
    row = application(age=200, debt_ratio="much", dependents=..., application_id=None, shoe_size=1)

    found = failures(validator, row)

    assert [(field, rule) for field, rule, _ in found] == [
        ("shoe_size", "unknown"),
        ("age", "maximum"),
        ("debt_ratio", "type"),
        ("dependents", "missing"),
        ("application_id", "missing"),
    ]


def test_an_empty_row_names_every_required_field(validator: RowValidator) -> None:
    found = failures(validator, {})

    assert {(field, rule) for field, rule, _ in found} == {
        (name, "missing") for name in (*INPUTS, "application_id")
    }


SECRET = 7_654_321


@given(
    values=st.lists(
        st.sampled_from([SECRET, -SECRET, float(SECRET), str(SECRET), [SECRET], {"x": SECRET}]),
        min_size=len(INPUTS),
        max_size=len(INPUTS),
    ),
    reference=st.sampled_from([f"{SECRET}\n", str(SECRET) * 20, SECRET, [SECRET]]),
)
def test_no_message_holds_a_value(
    validator: RowValidator, values: list[Any], reference: object
) -> None:
    row = dict(zip(INPUTS, values, strict=True)) | {
        "application_id": reference,
        "applicant_id": reference,
        "as_of": f"{SECRET}",
    }

    with pytest.raises(ApplicationInvalid) as caught:
        validator.application(row)

    assert str(SECRET) not in str(caught.value)
    assert str(SECRET) not in repr(caught.value.failures)
