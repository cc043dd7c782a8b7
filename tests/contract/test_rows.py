"""Rows in parts: the same applications, and the same refusals, as one at a time and as a whole table."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.contract import Application, Contract, RowValidator, check_frame
from credit.contract.rows import CheckedRows, check_rows
from credit.contract.texts import typed_frame
from credit.errors import ApplicationInvalid, ContractError
from tests import twosources
from tests.loanbook import application, loan_book

COLUMNS = [name for name in application() if name != "applicant_id"]

CELLS = st.one_of(
    st.none(),
    st.floats(allow_nan=False).map(repr),
    st.integers(-5, 130).map(str),
    st.sampled_from(
        ["98", "+1", " 2 ", "1_0", "1e400", "-inf", "0x1", "x", "1,5", "-0", "5", "1.0"]
    ),
)


def of_texts(rows: list[dict[str, str | None]]) -> pa.Table:
    return pa.table(
        {n: pa.array([row[n] for row in rows], pa.string()) for n in rows[0]} if rows else {}
    )


def same(one: Application, other: Application) -> bool:
    """Equal to the bit, where NaN is NaN."""
    return (one.application_id, one.applicant_id, one.withheld) == (
        other.application_id,
        other.applicant_id,
        other.withheld,
    ) and np.array(one.values).tobytes() == np.array(other.values).tobytes()


def validated(contract: Contract, row: dict[str, str | None]) -> Application | None:
    """What the validator of one request makes of it once each cell is a number by Python's own parser."""
    whole = {c.name for c in contract.inputs if c.type == "integer"}
    sent: dict[str, Any] = {}
    for name, cell in row.items():
        if cell is None or name in ("application_id", "applicant_id"):
            sent[name] = cell
            continue
        try:
            number = float(cell)
        except ValueError:
            return None
        if "_" in cell:
            return None
        sent[name] = int(number) if name in whole and number.is_integer() else number
    try:
        return RowValidator(contract).application(sent)
    except ApplicationInvalid:
        return None


def good(contract: Contract) -> dict[str, str | None]:
    return {n: None if v is None else str(v) for n, v in application().items()}


@given(data=st.data())
def test_a_row_of_text_is_taken_just_when_the_request_of_it_is(
    contract: Contract, data: st.DataObject
) -> None:
    n_rows = data.draw(st.integers(1, 8))
    rows = []
    for i in range(n_rows):
        row = good(contract) | {"application_id": f"A-{i}"}
        changed = data.draw(st.lists(st.sampled_from(COLUMNS[1:]), max_size=2))
        rows.append(row | {name: data.draw(CELLS) for name in changed})

    found = check_rows(typed_frame(of_texts(rows), contract), contract)

    expected = [validated(contract, row) for row in rows]
    assert found.places.tolist() == [i for i, e in enumerate(expected) if e is not None]
    kept = [e for e in expected if e is not None]
    assert all(same(f, e) for f, e in zip(found.applications, kept, strict=True))


def test_parts_refuse_what_the_whole_table_refuses_by_the_same_rules(contract: Contract) -> None:
    book = loan_book(600, seed=3).drop(columns="defaulted")
    book["applicant_id"] = [f"P-{i}" if i % 3 else None for i in range(600)]
    book["age"] = book["age"].astype(object)
    book.loc[[4, 300, 301], "age"] = 12
    book.loc[[5, 300], "debt_ratio"] = -1.0
    book.loc[[6, 599], "application_id"] = "x" * 129
    book.loc[7, "past_due_90"] = 97

    whole = check_frame(book, contract)
    parts = [check_rows(book.iloc[i : i + 97], contract) for i in range(0, 600, 97)]

    rules: dict[tuple[str, str, str], int] = {}
    for part in parts:
        for broken in part.broken:
            key = (broken.field, broken.rule, broken.message)
            rules[key] = rules.get(key, 0) + int(broken.rows.sum())
    assert rules == {(f.field, f.rule, f.message): f.n_rows for f in whole.failures}
    assert len(rules) == 4
    found = np.array([a.values for part in parts for a in part.applications])
    assert found.tobytes() == whole.raw.tobytes()
    people = [a.applicant_id for part in parts for a in part.applications]
    assert people == whole.good["applicant_id"].tolist()


def checked(contract: Contract, **cells: str | None) -> CheckedRows:
    return check_rows(typed_frame(of_texts([good(contract) | cells]), contract), contract)


@pytest.mark.parametrize(
    ("cell", "reference"),
    [
        ("007", "007"),
        ("17.0", "17"),
        ("0.0", "0"),
        ("007.0", "007.0"),
        ("17.50", "17.50"),
        ("1e5", "1e5"),
        ("9007199254740993", "9007199254740993"),
        ("Ärztin 7", "Ärztin 7"),
    ],
)
def test_a_reference_is_what_the_file_says(contract: Contract, cell: str, reference: str) -> None:
    [found] = checked(contract, application_id=cell, applicant_id=cell).applications

    assert (found.application_id, found.applicant_id) == (reference, reference)


@pytest.mark.parametrize("outcome", ["0", "7", "x", None])
def test_the_outcome_is_not_looked_at(contract: Contract, outcome: str | None) -> None:
    for name in ("defaulted", "SeriousDlqin2yrs"):
        assert len(checked(contract, **{name: outcome}).applications) == 1


def test_columns_that_do_not_fit_end_it_all(contract: Contract) -> None:
    row = good(contract)
    row["colour"] = "red"
    del row["age"]

    with pytest.raises(ContractError, match="unknown columns colour: .*; missing columns age"):
        check_rows(typed_frame(of_texts([row]), contract), contract)


# A product with categories, dates and sources that need consent.


def two(**cells: str | None) -> CheckedRows:
    contract = twosources.contract()
    row: dict[str, str | None] = {
        "loan_id": "A-1",
        "person": "P-1",
        "consents": "employment;digital",
        **{
            name: str(value)
            for name, value in twosources.application().items()
            if name not in ("application_id", "applicant_id", "consents")
        },
    }
    return check_rows(typed_frame(of_texts([row | cells]), contract), contract)


@pytest.mark.parametrize(
    ("cell", "place"), [("2", 0.0), ("2.0", 0.0), ("10", 1.0), ("1e1", 1.0), ("1", 2.0)]
)
def test_a_code_that_is_a_number_may_be_written_as_one(cell: str, place: float) -> None:
    [found] = two(purpose=cell).applications

    names = [c.name for c in twosources.contract().inputs]
    assert found.values[names.index("purpose")] == place


@pytest.mark.parametrize("cell", ["3", "1.5", "1_0", "car", "True", "inf", "nan1"])
def test_what_is_no_code_is_refused(cell: str) -> None:
    found = two(purpose=cell)

    assert found.applications == []
    [broken] = found.broken
    assert (broken.field, broken.rule) == ("purpose", "category")


@pytest.mark.parametrize("cell", ["20260301", "2026-3-1", "01.03.2026", "2026-02-30"])
def test_what_is_no_iso_date_is_refused(cell: str) -> None:
    [broken] = two(asked_on=cell).broken

    assert (broken.field, broken.rule) == ("asked_on", "type")


def test_what_is_withheld_is_dropped_unread() -> None:
    [found] = two(consents="employment", phone="no such thing").applications

    names = [c.name for c in twosources.contract().inputs]
    assert found.withheld == ("digital",)
    assert math.isnan(found.values[names.index("phone")])
    assert found.values[names.index("payroll")] == 11.0


def test_everything_may_be_withheld() -> None:
    [found] = two(consents=None).applications

    assert found.withheld == ("employment", "digital")


def test_a_part_without_rows_has_none(contract: Contract) -> None:
    found = check_rows(pd.DataFrame(columns=list(good(contract)), dtype=object), contract)

    assert (found.applications, found.n_rows, found.broken) == ([], 0, ())
