"""What a draft makes of cells: types, ranges, codes and names."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

from credit.contract import Contract
from credit.contract.inference import Draft, draft_contract
from credit.contract.inference.bounds import outward_range
from credit.contract.inference.naming import contract_names, reason_code

N = 400


def drafted(**columns: Any) -> Draft:
    """Draft a table of these columns, each repeated to `N` rows, beside one that can be used."""
    table = pd.DataFrame(
        {name: np.resize(np.array(cells, dtype=object), N) for name, cells in columns.items()}
    )
    table = table.infer_objects()
    table["filler"] = np.random.default_rng(1).normal(size=N).round(2)
    table["y"] = np.random.default_rng(2).integers(0, 2, N)
    return draft_contract(table, target="y", product="made_up")


def column(draft: Draft, name: str) -> dict[str, Any]:
    (found,) = [c for c in draft.document["columns"] if c["name"] == name]
    return {key: found[key] for key in found if key not in ("name", "description", "example")}


def said(draft: Draft, field: str) -> list[str]:
    return [str(note).partition(f"{field}: ")[2] for note in draft.notes if note.field == field]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ([1, 2, 58, 7], {"role": "feature", "type": "integer", "minimum": 0, "maximum": 100}),
        (
            [1.0, None, 30.0],  # a file reader makes floats of whole numbers beside an empty cell
            {"role": "feature", "type": "integer", "minimum": 0, "maximum": 50, "nullable": True},
        ),
        ([0.25, 0.97, 0.5], {"role": "feature", "type": "number", "minimum": 0, "maximum": 2}),
        ([0.25, 1.0, 0.5], {"role": "feature", "type": "number", "minimum": 0, "maximum": 1}),
        ([-3.5, 12.5, 1.0], {"role": "feature", "type": "number", "minimum": -5, "maximum": 20}),
        ([-30.5, -2.5], {"role": "feature", "type": "number", "minimum": -50, "maximum": 0}),
        (["1.5", "20"], {"role": "feature", "type": "number", "minimum": 0, "maximum": 50}),
        (
            ["rent", "own", None, "for_free"],
            {
                "role": "feature",
                "type": "category",
                "nullable": True,
                "categories": {"for_free": "for free", "own": "own", "rent": "rent"},
            },
        ),
        (
            [True, False],
            {
                "role": "feature",
                "type": "category",
                "categories": {"false": "false", "true": "true"},
            },
        ),
        (
            ["01", "02", "11"],  # a leading zero makes a code
            {
                "role": "feature",
                "type": "category",
                "categories": {"01": "code 01", "02": "code 02", "11": "code 11"},
            },
        ),
    ],
)
def test_cells_tell_the_type_and_the_range(cells: list[Any], expected: dict[str, Any]) -> None:
    assert column(drafted(thing=cells), "thing") == expected


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("region_code", "category"),
        ("employment_status", "category"),
        ("branch_id", "category"),
        ("number_of_products", "integer"),  # counts, whatever they count
        ("dependents", "integer"),
    ],
)
def test_few_whole_numbers_are_labels_only_under_the_name_of_a_code(name: str, kind: str) -> None:
    draft = drafted(**{name: [3, 1, 2, 10]})

    assert column(draft, name)["type"] == kind
    if kind == "category":
        assert list(column(draft, name)["categories"]) == ["1", "2", "3", "10"]
        assert "its numbers are taken as codes without an order; say what each means" in said(
            draft, name
        )
    feature = next(f for f in draft.document["features"] if f["name"] == name)
    assert feature["op"] == ("category" if kind == "category" else "value")


def test_a_few_whole_numbers_that_might_be_codes_are_asked_about() -> None:
    draft = drafted(property=[1, 2, 3, 4], number_of_cars=[0, 1, 2], flag=[0, 1])

    assert said(draft, "property") == [
        "has 4 whole values, read as numbers; if they are codes, write type category"
    ]
    assert said(draft, "number_of_cars") == said(draft, "flag") == []


def test_categories_of_the_source_stay_categories_when_their_codes_are_numbers() -> None:
    table = pd.DataFrame(
        {"housing_kind_of": pd.Categorical(["1", "2"] * 20), "x": np.arange(40) % 7 / 2}
    )
    table["home"] = pd.Categorical([1, 2, 2, 2] * 10)
    table["y"] = [0, 1, 1, 0] * 10

    draft = draft_contract(table, target="y", product="made_up")

    assert column(draft, "home")["type"] == column(draft, "housing_kind_of")["type"] == "category"


@pytest.mark.parametrize(
    ("cells", "kept"),
    [
        ([f"place {i}" for i in range(11)], True),
        ([f"place {i}" for i in range(20)], True),  # 20 of 400 rows are 5%
        ([f"place {i}" for i in range(21)], False),
        ([f"place {i}" for i in range(51)], False),
        (["a" * 65, "b"], False),
    ],
)
def test_text_with_too_many_or_too_long_values_is_set_aside(cells: list[str], kept: bool) -> None:
    found = column(drafted(thing=cells), "thing")

    assert found["type"] == ("category" if kept else "text")
    assert found["role"] == ("feature" if kept else "ignored")


def test_a_code_with_many_values_is_no_number() -> None:
    draft = drafted(branch_code=list(range(100, 180)))

    assert column(draft, "branch_code") == {"role": "ignored", "type": "text"}
    assert said(draft, "branch_code") == ["is text with 80 different values; set aside"]


def test_slips_among_numbers_and_dates_in_another_form_are_named() -> None:
    draft = drafted(
        income=[str(n) for n in range(1000, 1060)] + ["n.a."],
        opened=[f"{day}.01.2020" for day in range(1, 29)],
    )

    assert said(draft, "income") == [
        "most of its cells are numbers; correct the others or leave them empty; set aside"
    ]
    assert said(draft, "opened") == [
        "its cells look like dates; write them as 2026-01-31; set aside"
    ]


def test_cells_that_no_table_can_hold_are_set_aside() -> None:
    draft = drafted(content=[b"ab", b"c"], wait=[datetime.timedelta(1)])
    table = pd.DataFrame(
        {"x": np.arange(40) % 7, "nested": [[1], [2]] * 20, "y": [0, 1, 1, 0] * 10}
    )

    nested = draft_contract(table, target="y", product="made_up")

    assert said(draft, "content") == ["its cells are no numbers, text or dates; set aside"]
    assert column(draft, "wait")["role"] == "ignored"
    assert said(nested, "nested") == ["its cells are no numbers, text or dates; set aside"]


def test_codes_for_no_answer_and_rare_codes_are_told_without_naming_the_rare() -> None:
    draft = drafted(home=["own", "rent"] * 195 + ["?"] * 6 + ["castle", "houseboat"])

    assert said(draft, "home") == [
        "the code ? may stand for no answer; it is a category now",
        "2 of its codes stand in fewer than 5 rows; group them",
    ]
    assert {"castle", "houseboat"} <= column(draft, "home")["categories"].keys()


def test_empty_text_is_no_code_and_said_to_be_refused() -> None:
    draft = drafted(home=["own", "rent", "rent", ""])

    assert list(column(draft, "home")["categories"]) == ["own", "rent"]
    assert said(draft, "home") == ["100 cells hold empty text, which is refused; make them null"]


def test_infinite_numbers_do_not_widen_the_range_and_are_said_to_be_refused() -> None:
    draft = drafted(ratio=[0.5, 1.5, 3.0, np.inf])

    assert column(draft, "ratio")["maximum"] == 5
    assert said(draft, "ratio") == ["100 rows with an infinite number, which is refused"]


def test_what_is_mostly_missing_or_mostly_one_value_is_named_and_kept() -> None:
    draft = drafted(rare=[0] * 399 + [1], empty=[None, None, 1, None, 2])

    assert said(draft, "rare") == ["has one value in 99.75% of the rows that have any"]
    assert said(draft, "empty") == ["is missing in 60% of the rows"]
    assert column(draft, "rare")["role"] == column(draft, "empty")["role"] == "feature"


def test_a_value_far_beyond_all_others_is_named_without_it() -> None:
    income = np.append(np.arange(1000, 3000), 98_765)
    table = pd.DataFrame({"income": income, "y": np.arange(2001) % 2})

    (note,) = said(draft_contract(table, target="y", product="made_up"), "income")

    # 98,765 lies 96,765 from the median of 2,000; the 99.9% quantile of 2,998 lies 998 from it.
    assert note.startswith("its largest value lies 97 times as far from the middle as 99.9% of")
    assert "98" not in note


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (3.0, 58.0, (0.0, 100.0)),
        (3.0, 46.0, (0.0, 100.0)),  # 46 x 1.1 lies above 50
        (3.0, 45.0, (0.0, 50.0)),
        (0.0, 100.0, (0.0, 100.0)),  # percent
        (0.0, 0.0, (0.0, 0.0)),
        (-0.012, 0.0018, (-0.02, 0.002)),
        (-1.79e308, 1.79e308, (-1.7976931348623157e308, 1.7976931348623157e308)),
        (0.0, 5e-324, (0.0, 5e-324)),
    ],
)
def test_ranges_are_rounded_outward_to_one_two_five(
    low: float, high: float, expected: tuple[float, float]
) -> None:
    assert outward_range(np.array([low, high])) == expected


def test_names_become_contract_names_and_equal_ones_are_numbered() -> None:
    names = {
        "NumberOfTime30-59DaysPastDue": "number_of_time30_59_days_past_due",
        "BILL_AMT1": "bill_amt1",
        "default.payment.next.month": "default_payment_next_month",
        "HTTPStatus": "http_status",
        "Größe (m²)": "groesse_m2",
        "30 days": "column_30_days",
        "收入": "column",
        "": "column_2",
        "Age": "age_2",
        "age": "age",  # it fits as it is, so it keeps its name
        "AGE": "age_3",
        "as_of": "as_of_2",  # every application has a field of this name
        "x" * 70: "x" * 64,
        "X" * 70: "x" * 62 + "_2",
    }

    assert contract_names(list(names)) == names


def test_reason_codes_are_as_long_as_codes_may_be_and_differ() -> None:
    assert reason_code("x", ()) == "X_VALUE"
    assert reason_code("y" * 64, ()) == "Y" * 40
    assert reason_code("y" * 64, ["Y" * 40]) == "Y" * 38 + "_2"


def test_a_renamed_column_is_found_under_its_name_in_the_file() -> None:
    draft = drafted(**{"Loan Amount": [1.5, 2.5]})

    assert column(draft, "loan_amount")["source_names"] == ["Loan Amount"]
    assert Contract.model_validate(draft.document).feature_names == ("loan_amount", "filler")
    assert {"code": "LOAN_AMOUNT", "text": "The value given for loan amount."} in draft.document[
        "reasons"
    ]


def test_an_example_is_no_ones_value() -> None:
    draft = drafted(income=[1234, 1235, 1236])

    (income,) = [c for c in draft.document["columns"] if c["name"] == "income"]

    assert income["example"] == 1200
