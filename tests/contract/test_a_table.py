"""A table: the good rows, the failures per rule, and the same verdict as row by row."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.contract import Contract, RowValidator, check_frame
from credit.contract.column import Column
from credit.errors import ApplicationInvalid, ContractError
from tests import twosources
from tests.loanbook import application, loan_book


@pytest.fixture
def table() -> pd.DataFrame:
    return loan_book(8, seed=1)


def said(frame: pd.DataFrame, contract: Contract, *, target: bool = False) -> list[str]:
    return [str(failure) for failure in check_frame(frame, contract, target=target).failures]


def test_a_good_table_keeps_every_bit(contract: Contract, book: pd.DataFrame) -> None:
    check = check_frame(book, contract, target=True)

    assert check.failures == ()
    assert check.n_bad_rows == 0
    for column in contract.inputs:
        given_bits = book[column.name].to_numpy(dtype=np.float64).view(np.int64)
        assert (check.good[column.name].to_numpy().view(np.int64) == given_bits).all()
    assert check.good["defaulted"].dtype == np.int8
    assert check.good["application_id"].tolist() == book["application_id"].tolist()


def test_columns_may_stand_in_any_order_and_under_published_names(
    contract: Contract, table: pd.DataFrame
) -> None:
    published = table.rename(columns={"debt_ratio": "DebtRatio", "application_id": "id"})
    shuffled = published[sorted(published.columns, reverse=True)]

    pd.testing.assert_frame_equal(
        check_frame(shuffled, contract).good, check_frame(table, contract).good
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.assign(shoe_size=1), "unknown columns shoe_size: remove them or add them"),
        (lambda t: t.drop(columns=["age"]), "missing columns age: every row needs them"),
        (lambda t: t.drop(columns=["defaulted"]), "missing columns defaulted"),
        (lambda t: t.assign(DebtRatio=1.0), "columns given twice: debt_ratio"),
        (lambda t: t.iloc[:, [0, 1, 1, *range(2, 12)]], "columns given twice: defaulted"),
        (
            lambda t: t.assign(shoe_size=1).drop(columns=["age", "dependents"]),
            "unknown columns shoe_size.*; missing columns age, dependents",
        ),
    ],
)
def test_columns_that_do_not_fit_are_all_named(
    contract: Contract, table: pd.DataFrame, change: Any, message: str
) -> None:
    with pytest.raises(
        ContractError, match=f"does not fit contract give_me_some_credit.*{message}"
    ):
        check_frame(change(table), contract, target=True)


def test_the_target_may_be_absent_when_nobody_learns_from_it(
    contract: Contract, table: pd.DataFrame
) -> None:
    assert check_frame(table.drop(columns=["defaulted"]), contract).failures == ()


def test_a_saved_index_is_dropped(contract: Contract, table: pd.DataFrame) -> None:
    """Where the contract does not itself read the unnamed column, as the packaged one does."""
    columns = tuple(
        c.model_copy(update={"source_names": ()}) if c.role == "id" else c for c in contract.columns
    )
    without_alias = contract.model_copy(update={"columns": columns})
    saved = table.copy()
    saved.insert(0, "Unnamed: 0", range(len(table)))

    assert check_frame(saved, without_alias).failures == ()

    elsewhere = table.assign(**{"Unnamed: 0": 1})
    with pytest.raises(ContractError, match="unknown columns Unnamed: 0"):
        check_frame(elsewhere, without_alias)


def test_failures_are_counted_and_located_most_frequent_first(
    contract: Contract, table: pd.DataFrame
) -> None:
    table["age"] = [41, 0, 17, 41, 130, 12, 41, 41]
    table.loc[6, "debt_ratio"] = -1.0

    check = check_frame(table, contract)

    assert [(f.field, f.rule, f.n_rows, f.first_row) for f in check.failures] == [
        ("age", "minimum", 3, 2),
        ("age", "maximum", 1, 5),
        ("debt_ratio", "minimum", 1, 7),
    ]
    assert check.n_bad_rows == 5
    assert check.good.index.tolist() == [0, 3, 7]
    assert str(check.failures[0]) == "age: expected at least 18 (3 rows, first at row 2)"


@pytest.mark.parametrize(
    ("name", "cell", "message"),
    [
        ("age", "forty", "age: expected a number"),
        ("age", "4_1", "age: expected a number"),
        ("age", True, "age: expected a number"),
        ("age", np.bool_(True), "age: expected a number"),
        ("age", b"41", "age: expected a number"),
        ("age", [41], "age: expected a number"),
        ("age", None, "age: may not be empty"),
        ("age", 41.5, "age: expected a whole number"),
        ("age", 10**400, "age: must be finite"),
        ("age", "inf", "age: must be finite"),
        ("past_due_90", 97, "past_due_90: expected at most 50"),
        ("defaulted", 2, "defaulted: expected 0 or 1"),
        ("defaulted", 0.5, "defaulted: expected 0 or 1"),
        ("defaulted", None, "defaulted: may not be empty"),
        ("application_id", None, "application_id: required; give the lender's reference"),
        ("application_id", "", "application_id: expected 1 to 128 printable characters"),
        ("application_id", "A" * 129, "application_id: expected 1 to 128 printable characters"),
        ("application_id", "A\t1", "application_id: expected 1 to 128 printable characters"),
    ],
)
def test_one_bad_cell_is_named_by_rule_and_row(
    contract: Contract, table: pd.DataFrame, name: str, cell: object, message: str
) -> None:
    cells: list[Any] = table[name].astype(object).tolist()
    cells[3] = cell
    table[name] = pd.Series(cells, dtype=object)

    check = check_frame(table, contract, target=True)

    assert f"{message} (1 rows, first at row 4)" in [str(f) for f in check.failures]
    assert check.good.index.tolist() == [0, 1, 2, 4, 5, 6, 7]


def test_a_column_of_booleans_is_no_column_of_numbers(
    contract: Contract, table: pd.DataFrame
) -> None:
    table["dependents"] = [True, False] * 4

    assert said(table, contract) == ["dependents: expected a number (8 rows, first at row 1)"]


def test_numbers_in_text_cells_get_the_bits_of_python(
    contract: Contract, table: pd.DataFrame
) -> None:
    texts = ["0.1", "0.30000000000000004", "1e-3", "0.802982129", "7", "0.05", " 0.5 ", "0.25"]
    table["debt_ratio"] = texts

    good = check_frame(table, contract).good

    assert good["debt_ratio"].tolist() == [float(text) for text in texts]


def test_numbered_applicants_stay_themselves_beside_an_empty_cell(
    contract: Contract, table: pd.DataFrame
) -> None:
    """A reader makes 17 to 17.0 then; as another person it would get another arm and key."""
    table["applicant_id"] = [17, 18, None, 19, 20, 21, 22, 23]

    good = check_frame(table, contract).good

    assert good["applicant_id"].tolist()[:3] == ["17", "18", None]


def test_no_message_holds_a_value(contract: Contract, table: pd.DataFrame) -> None:
    secret = 7654321
    for name in ("age", "debt_ratio", "dependents"):
        table[name] = [secret, -secret, secret + 0.5, 1, 1, 1, 1, 1]
    table["application_id"] = [str(secret) * 20] * 8

    assert str(secret) not in " ".join(said(table, contract))


# The law: a table finds a row good exactly when the row validator accepts it.


def _cells(column: Column) -> st.SearchStrategy[Any]:
    low, high = float(column.minimum or 0), float(column.maximum or 0)
    whole = st.integers(int(low), int(high))
    inside = whole if column.type == "integer" else st.floats(low, high)
    at_the_edge = st.sampled_from(
        [
            None,
            math.inf,
            -math.inf,
            low,
            high,
            low - 1,
            high + 1,
            high + 0.5,
            -0.0,
            96,
            97,
            98,
            98.5,
        ]
    )
    return st.one_of(inside, inside, inside, st.booleans(), at_the_edge, st.just(10**400))


@st.composite
def _rows(draw: st.DrawFn, contract: Contract) -> dict[str, Any]:
    row: dict[str, Any] = application()
    for column in draw(st.lists(st.sampled_from(contract.inputs), max_size=3)):
        row[column.name] = draw(_cells(column))
    if draw(st.booleans()):
        row["application_id"] = draw(st.one_of(st.none(), st.text(max_size=3)))
    if draw(st.booleans()):
        row["applicant_id"] = draw(st.one_of(st.none(), st.text(min_size=126, max_size=130)))
    return row


@given(data=st.data())
def test_a_row_is_good_in_a_table_exactly_when_it_is_good_alone(
    contract: Contract, data: st.DataObject
) -> None:
    rows = data.draw(st.lists(_rows(contract), min_size=1, max_size=6))
    validator = RowValidator(contract)

    def accepted(row: dict[str, Any]) -> tuple[float, ...] | None:
        try:
            return validator.application(row).values
        except ApplicationInvalid:
            return None

    # Cells stay Python objects: pandas would widen a column, and 10**400 has no dtype.
    frame = pd.DataFrame({n: pd.Series([r[n] for r in rows], dtype=object) for n in rows[0]})
    check = check_frame(frame, contract)

    alone = [accepted(row) for row in rows]
    assert check.good.index.tolist() == [i for i, values in enumerate(alone) if values is not None]
    names = [c.name for c in contract.inputs]
    for i in check.good.index:
        in_table = check.good.loc[i, names].to_numpy(dtype=np.float64)
        assert in_table.tobytes() == np.array(alone[i]).tobytes()


# The same law where columns are categories and dates, and rows consent to some sources only.

TEXTS = st.one_of(
    st.none(),
    st.text(max_size=3),
    st.sampled_from(
        ["own", "rent", "free", "1", "2", "10", "01", "1.0", "prepaid", "contract", "nan", ""]
    ),
    st.dates().map(lambda date: date.isoformat()),
    st.sampled_from(["1899-12-31", "1900-01-01", "2199-12-31", "2200-01-01", "2026-W05-6"]),
)
NUMBERS = st.one_of(st.none(), st.booleans(), st.floats(), st.integers(-1, 14), st.just(99))


@st.composite
def _rows_of_two_sources(draw: st.DrawFn, contract: Contract) -> dict[str, Any]:
    row = twosources.application()
    for column in draw(st.lists(st.sampled_from(contract.inputs), max_size=3)):
        # A number in a table stands for the code that looks like it, a number in a request does not.
        row[column.name] = draw(NUMBERS if column.is_number else TEXTS)
    row["consents"] = draw(
        st.lists(st.sampled_from([*twosources.SOURCES, "diary"]), unique=True, max_size=3)
    )
    return row


@given(data=st.data())
def test_categories_dates_and_consents_are_judged_alike_in_a_table_and_alone(
    data: st.DataObject,
) -> None:
    contract = twosources.contract()
    rows = data.draw(st.lists(_rows_of_two_sources(contract), min_size=1, max_size=5))
    validator = RowValidator(contract)

    def accepted(row: dict[str, Any]) -> tuple[float, ...] | None:
        # A file has no NaN apart from an empty cell, and there it is null.
        sent = {n: None if isinstance(v, float) and math.isnan(v) else v for n, v in row.items()}
        try:
            return validator.application(sent).values
        except ApplicationInvalid:
            return None

    cells = [{**row, "consents": ";".join(row["consents"])} for row in rows]
    frame = pd.DataFrame({n: pd.Series([c[n] for c in cells], dtype=object) for n in cells[0]})
    references = {"application_id": "loan_id", "applicant_id": "person"}
    check = check_frame(frame.rename(columns=references), contract)

    alone = [accepted(row) for row in rows]
    assert check.good.index.tolist() == [i for i, values in enumerate(alone) if values is not None]
    expected = np.array([values for values in alone if values is not None]).reshape(check.raw.shape)
    assert check.raw.tobytes() == expected.tobytes()
