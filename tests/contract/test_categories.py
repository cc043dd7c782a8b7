"""Categories: codes are text, their order gives them their number, and no other code is taken."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from credit.contract import Contract, RowValidator, check_frame
from credit.decision.policy import applicable_rules
from credit.errors import ApplicationInvalid, ContractError
from credit.features import FeatureTransform
from tests import twosources
from tests.twosources import application, book


@pytest.fixture(scope="module")
def product() -> Contract:
    return twosources.contract()


def value(product: Contract, name: str, row: dict[str, Any]) -> float:
    return RowValidator(product).application(row).values[product.input_positions[name]]


def refusals(product: Contract, row: dict[str, Any]) -> list[tuple[str, str, str]]:
    with pytest.raises(ApplicationInvalid) as caught:
        RowValidator(product).application(row)
    return [(f.field, f.rule, f.message) for f in caught.value.failures]


def purposes(cells: list[Any], **table: Any) -> pd.DataFrame:
    """A table of good rows with these cells in the column `purpose`."""
    frame = book(len(cells), seed=5)
    frame["purpose"] = pd.Series(cells, **table)
    return frame


@pytest.mark.parametrize(("code", "place"), [("rent", 0.0), ("own", 1.0), ("free", 2.0)])
def test_a_code_becomes_its_place_in_the_contract(
    product: Contract, code: str, place: float
) -> None:
    assert value(product, "housing", application(housing=code)) == place


def test_null_is_taken_only_where_the_column_is_nullable(product: Contract) -> None:
    assert math.isnan(value(product, "housing", application(housing=None)))
    assert refusals(product, application(purpose=None)) == [
        ("purpose", "null", "may not be null; send one of its codes")
    ]
    assert refusals(product, application(purpose=...)) == [
        ("purpose", "missing", "required; send one of its codes")
    ]
    [(_, _, message)] = refusals(product, application(housing=...))
    assert message == "required; send one of its codes or null when it is not known"


@pytest.mark.parametrize("sent", ["owned", "Own", " own", "", 1, 1.0, True, ["own"], {"own": 1}])
def test_an_unknown_code_is_refused_and_the_known_ones_named(
    product: Contract, sent: object
) -> None:
    assert refusals(product, application(housing=sent)) == [
        ("housing", "category", "expected one of the codes rent, own, free, as text")
    ]


def test_a_number_is_no_code_even_where_codes_look_like_numbers(product: Contract) -> None:
    assert value(product, "purpose", application(purpose="10")) == 1.0
    assert refusals(product, application(purpose=10)) == [
        ("purpose", "category", "expected one of the codes 2, 10, 1, as text")
    ]


def test_of_many_codes_the_first_are_named() -> None:
    document = twosources.document()
    [housing] = [c for c in document["columns"] if c["name"] == "housing"]
    housing["categories"] |= {f"kind_{i}": "x" for i in range(20)}
    crowded = Contract.model_validate(document)

    [(_, _, message)] = refusals(crowded, application(housing="x"))

    assert message.startswith("expected one of the codes rent, own, free, kind_0, ")
    assert message.endswith("kind_8, ... (23 in all), as text")


# A table. A file reader guesses types; codes are text again here.


@pytest.mark.parametrize(
    "cells",
    [
        [1, 2, 10],
        [1.0, 2.0, 10.0],
        ["1", "2", "10"],
        pd.array([1, 2, 10], dtype="Int64"),
        pd.Categorical(["1", "2", "10"]),
        pd.array([1, 2, "10"], dtype=object),
    ],
)
def test_whole_numbers_in_a_table_are_codes(product: Contract, cells: Any) -> None:
    frame = book(3, seed=5)
    frame["purpose"] = cells

    check = check_frame(frame, product, target=True)

    assert check.failures == ()
    assert check.good["purpose"].tolist() == ["1", "2", "10"]
    assert check.raw[:, product.input_positions["purpose"]].tolist() == [2.0, 0.0, 1.0]


def test_codes_beside_an_empty_cell_of_a_csv_file_stay_codes(product: Contract) -> None:
    """pandas reads such a column as 1.0, NaN, 10.0."""
    document = twosources.document()
    [purpose] = [c for c in document["columns"] if c["name"] == "purpose"]
    purpose["nullable"] = True
    frame = pd.read_csv(io.StringIO(purposes([1, None, 10]).to_csv(index=False)))
    assert frame["purpose"].dtype == np.float64

    good = check_frame(frame, Contract.model_validate(document), target=True).good

    assert good["purpose"].tolist() == ["1", None, "10"]


@pytest.mark.parametrize("cell", [3, 1.5, "01", "1.0", "", True, [1], b"1", math.inf])
def test_an_unknown_code_in_a_table_is_counted_and_named(product: Contract, cell: object) -> None:
    frame = purposes([1, 2, cell, 10], dtype=object)

    check = check_frame(frame, product, target=True)

    assert [str(f) for f in check.failures] == [
        "purpose: expected one of the codes 2, 10, 1, as text (1 rows, first at row 3)"
    ]
    assert check.good.index.tolist() == [0, 1, 3]


def test_an_empty_cell_is_refused_unless_the_column_is_nullable(product: Contract) -> None:
    frame = purposes(["1", None, float("nan"), pd.NA], dtype=object)
    frame["housing"] = None

    check = check_frame(frame, product, target=True)

    assert [str(f) for f in check.failures] == [
        "purpose: may not be empty (3 rows, first at row 2)"
    ]
    assert check.good["housing"].tolist() == [None]


def test_no_message_holds_a_value(product: Contract) -> None:
    frame = purposes(["secret"] * 3)

    said = [str(f) for f in check_frame(frame, product, target=True).failures]

    assert said
    assert "secret" not in " ".join(said)
    assert "secret" not in str(refusals(product, application(purpose="secret")))


# The order of codes is their number: nothing may change it on the way.


def test_the_canonical_form_keeps_the_number_of_every_code(product: Contract) -> None:
    again = Contract.model_validate_json(product.canonical_json())

    for column in product.columns:
        assert again.by_name[column.name].category_places == column.category_places
    assert list(product.by_name["housing"].categories) == ["rent", "own", "free"]
    assert again.digest() == product.digest()


def test_another_order_of_codes_is_another_contract(product: Contract) -> None:
    document = twosources.document()
    [housing] = [c for c in document["columns"] if c["name"] == "housing"]
    housing["categories"] = dict(reversed(housing["categories"].items()))

    assert Contract.model_validate(document).digest() != product.digest()


def test_keys_in_another_order_are_the_same_contract(product: Contract) -> None:
    document = twosources.document()
    shuffled = {key: document[key] for key in reversed(document)}
    shuffled["columns"] = [
        {key: column[key] for key in reversed(column)} for column in document["columns"]
    ]

    assert Contract.model_validate(shuffled).digest() == product.digest()


# Rules about a category.


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({}, []),
        ({"housing": "free"}, ["LIVES_FREE"]),
        ({"purpose": "10"}, ["TRAVEL"]),
        ({"housing": None, "purpose": "2"}, []),
        ({"payroll": 0, "housing": "free"}, ["LIVES_FREE", "NO_SALARY"]),
    ],
)
def test_a_rule_meets_the_codes_it_lists(
    product: Contract, changes: dict[str, Any], codes: list[str]
) -> None:
    """Code "10" has place 1, and code "1" place 2: a rule reads codes, never places."""
    transform = FeatureTransform(product, {"amount": 1e6})
    values = RowValidator(product).application(application(**changes)).values

    assert [rule.code for rule in applicable_rules(product, transform, values)] == codes


# The other columns of the language.


def test_the_target_says_which_value_is_bad(product: Contract) -> None:
    """The most frequent other value is the good one; a third is a slip, not a good."""
    frame = book(5, seed=5)
    frame["outcome"] = ["repaid", "written off", "Written off", "repaid", None]

    check = check_frame(frame, product, target=True)

    assert check.good["outcome"].tolist() == [0, 1, 0]
    assert check.good["outcome"].dtype == np.int8
    assert [str(f) for f in check.failures] == [
        "outcome: may not be empty (1 rows, first at row 5)",
        "outcome: expected one of two outcomes (1 rows, first at row 3)",
    ]


def test_a_target_of_numbers_is_compared_as_text(product: Contract) -> None:
    document = twosources.document()
    [outcome] = [c for c in document["columns"] if c["name"] == "outcome"]
    outcome |= {"type": "integer", "bad": "0"}
    frame = book(3, seed=5)
    frame["outcome"] = [0.0, 1.0, math.nan]

    check = check_frame(frame, Contract.model_validate(document), target=True)

    assert check.good["outcome"].tolist() == [1, 0]
    assert str(check.failures[0]) == "outcome: may not be empty (1 rows, first at row 3)"


def test_an_ignored_column_is_not_read_and_need_not_be_there(product: Contract) -> None:
    frame = book(3, seed=5)

    with_it = check_frame(frame.assign(remark=3.5), product, target=True)

    assert with_it.failures == ()
    assert "remark" not in with_it.good
    pd.testing.assert_frame_equal(with_it.good, check_frame(frame, product, target=True).good)
    assert ("remark", "unknown", "unknown field; remove it") in refusals(
        product, application(remark="x")
    )


def test_a_protected_column_of_text_is_kept_as_text(product: Contract) -> None:
    texts = {"region": ["north", None, "south"], "group": ["A", None, "B"]}
    frame = book(3, seed=5).assign(**{n: pd.Series(t, dtype=object) for n, t in texts.items()})

    check = check_frame(frame, product, target=True)

    assert check.failures == ()
    assert check.good["region"].tolist() == ["north", None, "south"]
    assert check.good["group"].tolist() == ["A", None, "B"]
    assert check.raw.shape[1] == len(product.inputs)


def test_a_table_to_learn_from_needs_no_references(product: Contract) -> None:
    without = book(3, seed=5).drop(columns=["loan_id"])

    assert check_frame(without, product, target=True).good["application_id"].tolist() == [
        "1",
        "2",
        "3",
    ]
    with pytest.raises(ContractError, match="missing columns loan_id"):
        check_frame(without.assign(consents=""), product)
