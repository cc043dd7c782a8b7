"""Dates: ISO form alone, from 1900 to 2199, kept as proleptic ordinals."""

from __future__ import annotations

import datetime
import math
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.contract import Contract, RowValidator, check_frame
from credit.errors import ApplicationInvalid
from tests import twosources
from tests.twosources import application, book

MESSAGE = "expected an ISO date such as 2026-01-31, from 1900 to 2199"


@pytest.fixture(scope="module")
def product() -> Contract:
    return twosources.contract()


def asked_on(product: Contract, sent: object) -> float:
    made = RowValidator(product).application(application(asked_on=sent))
    return made.values[product.input_positions["asked_on"]]


@pytest.mark.parametrize(
    ("text", "ordinal"),
    [
        # Day 719,163 is the first of the Unix epoch; 36,524 days are the century before 2000 less its start.
        ("1970-01-01", 719_163.0),
        ("1970-01-02", 719_164.0),
        ("2000-03-01", 719_163.0 + 30 * 365 + 7 + 31 + 29),
        ("1900-01-01", 719_163.0 - 70 * 365 - 17),
        ("2024-02-29", 719_163.0 + 54 * 365 + 13 + 31 + 28),
    ],
)
def test_a_date_becomes_its_day_number(product: Contract, text: str, ordinal: float) -> None:
    assert asked_on(product, text) == ordinal


@pytest.mark.parametrize(
    "sent",
    [
        "20260131",
        "2026-W05-6",
        "2026-1-31",
        "31.01.2026",
        "2026-02-29",
        "2026-13-01",
        "2026-01-31T00:00",
        " 2026-01-31",
        "1899-12-31",
        "2200-01-01",
        "",
        20_260_131,
        739_647.0,
        True,
        ["2026-01-31"],
    ],
)
def test_anything_but_an_iso_date_is_refused(product: Contract, sent: object) -> None:
    with pytest.raises(ApplicationInvalid) as caught:
        asked_on(product, sent)

    [failure] = caught.value.failures
    assert (failure.field, failure.rule, failure.message) == ("asked_on", "type", MESSAGE)


@pytest.mark.parametrize("text", ["1900-01-01", "2199-12-31"])
def test_the_first_and_the_last_day_are_taken(product: Contract, text: str) -> None:
    assert asked_on(product, text) == datetime.date.fromisoformat(text).toordinal()


def test_null_is_taken_only_where_the_column_is_nullable(product: Contract) -> None:
    made = RowValidator(product).application(application(employed_since=None))

    assert math.isnan(made.values[product.input_positions["employed_since"]])
    with pytest.raises(ApplicationInvalid, match="asked_on: may not be null; send an ISO date"):
        asked_on(product, None)
    with pytest.raises(ApplicationInvalid, match="asked_on: required; send an ISO date"):
        asked_on(product, ...)


@given(date=st.dates(datetime.date(1900, 1, 1), datetime.date(2199, 12, 31)))
def test_a_date_comes_back_as_it_was_sent(date: datetime.date) -> None:
    column = twosources.contract().by_name["asked_on"]

    assert column.plain(float(date.toordinal())) == date.isoformat()
    assert column.plain(math.nan) is None


# A table: files hold dates as text, Parquet and databases as dates.

DAYS = ["2026-03-01", "1900-01-01", "2024-02-29"]


@pytest.mark.parametrize(
    "cells",
    [
        DAYS,
        pd.to_datetime(DAYS),
        pd.to_datetime(DAYS).as_unit("s"),
        pd.Series([datetime.date.fromisoformat(day) for day in DAYS], dtype=object),
        pd.Series([DAYS[0], pd.Timestamp(DAYS[1]), datetime.date(2024, 2, 29)], dtype=object),
        pd.Categorical(DAYS),
    ],
)
def test_a_table_may_hold_text_or_dates(product: Contract, cells: Any) -> None:
    frame = book(3, seed=5)
    frame["asked_on"] = cells

    check = check_frame(frame, product, target=True)

    assert check.failures == ()
    assert check.good["asked_on"].tolist() == DAYS
    place = product.input_positions["asked_on"]
    assert check.raw[:, place].tolist() == [asked_on(product, day) for day in DAYS]


def test_wrong_and_empty_dates_of_a_table_are_counted(product: Contract) -> None:
    frame = book(5, seed=5)
    frame["asked_on"] = ["2026-03-01", "01/03/2026", 20260301, None, "2200-01-01"]
    frame["employed_since"] = [None, "2020-01-01", pd.NaT, float("nan"), "x"]

    check = check_frame(frame, product, target=True)

    assert [str(f) for f in check.failures] == [
        f"asked_on: {MESSAGE} (3 rows, first at row 2)",
        "asked_on: may not be empty (1 rows, first at row 4)",
        f"employed_since: {MESSAGE} (1 rows, first at row 5)",
    ]
    assert check.good.index.tolist() == [0]
    assert check.good["employed_since"].tolist() == [None]


def test_the_time_column_is_kept_as_a_date(product: Contract) -> None:
    frame = book(3, seed=5)
    frame["seen_on"] = pd.to_datetime(DAYS)

    assert check_frame(frame, product, target=True).good["seen_on"].tolist() == DAYS
