"""Whatever a table holds, its draft loads, accepts every row, and survives being written down."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import yaml
from hypothesis import given
from hypothesis import strategies as st

from credit.contract import Contract, check_frame
from credit.contract.inference import draft_contract, to_yaml

MOST_ROWS = 30

TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=70)
DATES = st.dates(datetime.date(1900, 1, 1), datetime.date(2199, 12, 31))
CELLS: dict[str, st.SearchStrategy[Any]] = {
    "whole": st.integers(-(2**53), 2**53),
    "few": st.integers(-2, 3),
    "sentinel": st.sampled_from([0, 1, 2, 3, 99, -1, 365243]),
    "float": st.floats(allow_nan=False, allow_infinity=False),
    "flag": st.booleans(),
    "text": TEXT,
    "codes": st.sampled_from(["a", "b", "?", "No", "null", "1"]),
    "digits": st.sampled_from(["1", "2", "007", "1.5", "1e3", "nan"]),
    "iso": DATES.map(str),
    "date": DATES,
    "mixed": st.one_of(st.integers(0, 3), TEXT, DATES, st.booleans(), st.floats(0, 1)),
    "nothing": st.none(),
}
TELLING = (
    "id cust_id application_id as_of consents Age AGE age defaulted zip issue_date birth Größe sex type 2x"
    " a__b loan_status number_of_things opened Kundennummer"
)
NAMES = st.one_of(
    st.sampled_from([*TELLING.split(), "Unnamed: 0", "", "x" * 90]),
    st.text(st.characters(codec="utf-8"), max_size=20),
)


@st.composite
def columns(draw: st.DrawFn, n: int) -> pd.Series[Any]:
    cells = CELLS[draw(st.sampled_from(sorted(CELLS)))]
    if draw(st.booleans()):
        cells = st.one_of(st.none(), cells)
    values = draw(st.lists(cells, min_size=n, max_size=n))
    form = draw(st.sampled_from(["as read", "object", "category"]))
    if form == "category":
        return pd.Series(pd.Categorical(pd.Series(values, dtype=object)))
    return pd.Series(values, dtype=object if form == "object" else None)


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Columns of every kind under every name, a column that can be used, and an outcome."""
    n = draw(st.integers(4, MOST_ROWS))
    names = draw(
        st.lists(NAMES, unique=True, max_size=6).filter(lambda n: not {"y", "amount"} & {*n})
    )
    table = pd.DataFrame({name: draw(columns(n)) for name in names}, index=range(n))
    table["amount"] = np.arange(n) % 5 + 0.5
    table["y"] = [0, 1, *draw(st.lists(st.sampled_from([0, 1]), min_size=n - 2, max_size=n - 2))]
    return table


@given(table=tables())
def test_a_draft_loads_and_accepts_every_row(table: pd.DataFrame) -> None:
    contract = Contract.model_validate(
        draft_contract(table, target="y", product="made_up").document
    )

    check = check_frame(table, contract, target=True)

    assert [str(failure) for failure in check.failures] == []
    assert len(check.good) == len(table)
    assert check.good[contract.target.name].tolist() == table["y"].tolist()


@given(table=tables())
def test_every_column_of_the_file_has_one_place_and_the_written_draft_is_the_same(
    table: pd.DataFrame,
) -> None:
    draft = draft_contract(table, target="y", product="made_up")
    contract = Contract.model_validate(draft.document)

    known = [name for c in contract.columns for name in (c.source_names or (c.name,))]

    assert {*table.columns} <= {*known}
    assert len(contract.columns) <= len(table.columns) + 2  # the two references
    assert Contract.model_validate(yaml.safe_load(to_yaml(draft))) == contract
