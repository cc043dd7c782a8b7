"""Which value is bad, and what cannot be a target."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from credit.contract import Contract, check_frame
from credit.contract.inference import draft_contract
from credit.errors import ContractError, DataError


def table(outcomes: list[Any], name: str = "outcome") -> pd.DataFrame:
    """Forty rows whose outcomes repeat in the order given."""
    return pd.DataFrame(
        {
            "amount": np.arange(40) % 7 + 0.5,
            name: np.resize(np.array(outcomes, dtype=object), 40),
        }
    ).infer_objects()


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("default", 0, 1),
        ("default", 0.0, 1.0),
        ("default", "0", "1"),
        ("default", False, True),
        ("class", "good", "bad"),
        ("class", 1, 2),
        ("defaulted", "no", "yes"),
        ("late", "N", "Y"),
        ("loan_status", "Fully Paid", "Charged Off"),
        ("loan_status", "Current", "Default"),
        ("loan_status", "non-default", "default"),
        ("loan_status", "paid", "not paid"),
        ("loan_status", "settlement", "delinquent"),
        ("repaid", "yes", "no"),
        ("good", 1, 0),
        ("not_fully_paid", 0, 1),
        ("Ausfall", "nein", "ja"),
    ],
)
def test_the_bad_value_is_told_by_what_it_is_called(name: str, good: Any, bad: Any) -> None:
    rows = table([good, good, good, bad], name)

    draft = draft_contract(rows, target=name, product="made_up")

    contract = Contract.model_validate(draft.document)
    check = check_frame(rows, contract, target=True)
    assert contract.target.name == "defaulted"
    assert check.good["defaulted"].tolist() == [0, 0, 0, 1] * 10
    (asked,) = [note for note in draft.notes if note.field == name]
    assert asked.severity == "ask"
    assert asked.text.endswith("is taken to mean bad, 25.0% of the rows")


@pytest.mark.parametrize(
    "values", [["A", "B"], [1, 2, 2], [-1, 1], ["open", "closed"], ["good", "paid"], [3, 4]]
)
def test_a_value_that_does_not_say_must_be_given(values: list[Any]) -> None:
    rows = table(values)
    bad = str(values[0])

    with pytest.raises(DataError, match="it is not clear which of .* means bad; say it with bad="):
        draft_contract(rows, target="outcome", product="made_up")

    given = draft_contract(rows, target="outcome", product="made_up", bad=bad)
    check = check_frame(rows, Contract.model_validate(given.document), target=True)
    assert check.good["defaulted"].tolist() == (rows["outcome"].astype(str) == bad).tolist()
    assert [note for note in given.notes if note.field == "outcome"] == []  # nothing to confirm


def test_what_is_given_counts_more_than_what_the_values_are_called() -> None:
    rows = table([0, 1])

    draft = draft_contract(rows, target="outcome", product="made_up", bad="0")

    check = check_frame(rows, Contract.model_validate(draft.document), target=True)
    assert check.good["defaulted"].tolist() == [1, 0] * 20


def test_more_bads_than_goods_raise_the_question_whether_it_is_the_other_way() -> None:
    draft = draft_contract(table([1, 1, 0]), target="outcome", product="made_up")

    assert "warn: outcome: there would be more bads than goods; is it the other way?" in map(
        str, draft.notes
    )


def test_rows_without_an_outcome_are_counted_and_refused() -> None:
    rows = table([0, 1, None, 0])

    draft = draft_contract(rows, target="outcome", product="made_up")

    assert "warn: outcome: 10 rows without an outcome, refused to learn from" in map(
        str, draft.notes
    )
    check = check_frame(rows, Contract.model_validate(draft.document), target=True)
    assert len(check.good) == 30


@pytest.mark.parametrize(
    ("outcomes", "severity", "ending"),
    [
        (
            [0, 1],
            "warn",
            "50.0% of the rows are bad, so the average applicant is declined: write your own costs",
        ),
        ([0] * 39 + [1], "ask", "so that a PD of 9.1% or more declines; write your own costs"),
    ],
)
def test_costs_of_ten_to_one_are_said_and_put_the_cutoff_between_the_bands(
    outcomes: list[int], severity: str, ending: str
) -> None:
    draft = draft_contract(table(outcomes), target="outcome", product="made_up")

    policy = Contract.model_validate(draft.document).policy
    (note,) = [note for note in draft.notes if note.field == "the policy"]
    assert policy.cutoff == 1 / 11
    assert policy.band_edges == (0.03, 1 / 11, 0.25, 1.0)
    assert note.severity == severity
    assert note.text.endswith(ending)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            table([1]),
            "target outcome: expected two values, .* came 1; keep rows whose outcome is known",
        ),
        (table([0, 1, 2]), "target outcome: expected two values, .* came 3"),
        (table([None]), "target outcome: expected two values, .* came 0"),
        (
            table([0, 1]).drop(columns="outcome"),
            "there is no target column outcome; the table has: amount",
        ),
        (
            table([0, 1]).drop(columns="amount"),
            "no column can be a feature: the target is the only column",
        ),
        (
            table([0, 1]).assign(amount=1),
            "no column can be a feature: amount: has the same value in every row; set aside",
        ),
        (table([0, 1]).head(0), "the table holds no rows; a contract is drafted from rows with an"),
        (
            pd.concat([table([0, 1]), table([0, 1])], axis=1),
            "columns given twice: amount, outcome; rename or remove one of each",
        ),
        (
            table([0, 1]).rename(columns={"amount": 3}),
            "expected column names of text, some are not",
        ),
    ],
)
def test_a_table_that_no_contract_fits_is_refused(rows: pd.DataFrame, message: str) -> None:
    with pytest.raises(DataError, match=message):
        draft_contract(rows, target="outcome", product="made_up")


def test_a_bad_value_that_is_not_there_is_refused() -> None:
    with pytest.raises(
        DataError, match="target outcome: bad='late' is not one of its values, '0' and '1'"
    ):
        draft_contract(table([0, 1]), target="outcome", product="made_up", bad="late")


@pytest.mark.parametrize("product", ["", "My Product", "1st", "a" * 65])
def test_a_product_needs_a_name_that_contracts_take(product: str) -> None:
    with pytest.raises(ContractError, match="expected lower case letters, digits and underscores"):
        draft_contract(table([0, 1]), target="outcome", product=product)


def test_another_column_called_defaulted_keeps_its_name() -> None:
    rows = table([0, 1]).assign(defaulted=["y", "n", "y", "y"] * 10)

    contract = Contract.model_validate(
        draft_contract(rows, target="outcome", product="made_up").document
    )

    assert contract.target.name == "outcome"
    assert contract.by_name["defaulted"].role == "feature"
