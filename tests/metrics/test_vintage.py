"""The vintage table: cumulative bad rates in fully observed cells."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from credit.errors import DataError, SettingsInvalid
from credit.metrics import vintage_table

NAN = math.nan


def test_table_by_hand() -> None:
    """January: four loans, bad in months 1 and 3, observed for 4. February: two, one bad at once."""
    opened = ["2024-01-03", "2024-01-31", "2024-01-10", "2024-01-20", "2024-02-01", "2024-02-29"]

    table = vintage_table(opened, [4, 4, 4, 4, 3, 3], [1, NAN, 3, NAN, 1, NAN])

    assert table.cohorts == ("2024-01", "2024-02")
    assert table.n.tolist() == [4, 2]
    assert table.rate[0].tolist() == [0.25, 0.25, 0.5, 0.5]
    assert table.rate[1, :3].tolist() == [0.5, 0.5, 0.5]
    assert math.isnan(table.rate[1, 3])
    assert table.n_bads[0].tolist() == [1, 1, 2, 2]


def test_intervals_are_wilsons() -> None:
    from scipy.stats import binomtest

    table = vintage_table(["2024-01-01"] * 10, [2] * 10, [2] * 3 + [NAN] * 7, level=0.9)
    expected = binomtest(3, 10).proportion_ci(0.9, method="wilson")

    assert (table.low[0, 1], table.high[0, 1]) == pytest.approx((expected.low, expected.high))
    assert table.rate[0, 0] == table.low[0, 0] == 0.0


def test_one_loan_too_young_leaves_the_cell_empty() -> None:
    table = vintage_table(["2024-01-01"] * 3, [6, 6, 2], [3, NAN, NAN])

    assert np.isnan(table.rate[0]).tolist() == [False, False, True, True, True, True]
    assert np.isnan(table.n_bads[0]).tolist() == [False, False, True, True, True, True]
    assert np.isnan(table.low[0]).tolist() == np.isnan(table.high[0]).tolist()


def test_the_fate_of_a_loan_that_went_bad_is_known_for_good() -> None:
    """Its own observation ends with the default, and hides nothing of the months after."""
    table = vintage_table(["2024-01-01"] * 2, [2, 5], [2, NAN])

    assert table.rate[0].tolist() == [0.0, 0.5, 0.5, 0.5, 0.5]


def test_quarters_and_the_turn_of_a_year() -> None:
    opened = ["2023-12-31", "2024-01-01", "2024-03-31", "1969-12-31"]

    table = vintage_table(opened, [1] * 4, [NAN] * 4, cohort="quarter")
    months = vintage_table(opened, [1] * 4, [NAN] * 4)

    assert table.cohorts == ("1969Q4", "2023Q4", "2024Q1")
    assert table.n.tolist() == [1, 1, 2]
    assert months.cohorts == ("1969-12", "2023-12", "2024-01", "2024-03")


@pytest.mark.parametrize(
    "opened",
    [
        [dt.date(2024, 5, 31), dt.date(2024, 6, 1)],
        np.array(["2024-05-31", "2024-06-01"], dtype="datetime64[D]"),
        pd.Series(pd.to_datetime(["2024-05-31", "2024-06-01"])),
    ],
)
def test_dates_come_in_many_forms(opened: ArrayLike) -> None:
    assert vintage_table(opened, [1, 1], [NAN, NAN]).cohorts == ("2024-05", "2024-06")


loans = st.lists(
    st.tuples(st.integers(0, 30), st.integers(1, 12), st.integers(1, 24)), min_size=1, max_size=40
)


@given(loans, st.integers(1, 14))
@settings(max_examples=40)
def test_equals_a_table_counted_cell_by_cell(
    drawn: list[tuple[int, int, int]], max_months: int
) -> None:
    """Each loan: month of opening since 2022, months observed, month in which it would go bad."""
    opened = [f"{2022 + month // 12}-{month % 12 + 1:02d}-15" for month, _, _ in drawn]
    observed = [months for _, months, _ in drawn]
    defaulted = [bad if bad <= months else NAN for _, months, bad in drawn]
    frame = pd.DataFrame(
        {"cohort": [text[:7] for text in opened], "observed": observed, "defaulted": defaulted}
    )

    table = vintage_table(opened, observed, defaulted, max_months=max_months)

    for cohort, row in zip(table.cohorts, table.rate, strict=True):
        of_cohort = frame[frame["cohort"] == cohort]
        for month in range(1, max_months + 1):
            bad = of_cohort["defaulted"] <= month
            known = bool((bad | (of_cohort["observed"] >= month)).all())
            expected = bad.mean() if known else NAN
            assert row[month - 1] == pytest.approx(expected, nan_ok=True)
        rates = row[~np.isnan(row)]
        assert np.all(np.diff(rates) >= 0)


def test_frame_has_cohorts_down_and_months_across() -> None:
    frame = vintage_table(["2024-01-01", "2024-02-01"], [2, 1], [2, NAN]).frame()

    assert (frame.index.name, frame.columns.name) == ("cohort", "months_on_book")
    assert list(frame.index) == ["2024-01", "2024-02"]
    assert frame.columns.equals(pd.Index([1, 2]))
    assert frame.to_numpy()[0].tolist() == [0.0, 1.0]
    assert np.isnan(frame.to_numpy()[1]).tolist() == [False, True]


@pytest.mark.parametrize(
    ("opened", "observed", "defaulted", "message"),
    [
        ([], [], [], "opened: expected one date per loan, came shape"),
        (["spring"], [1], [NAN], "opened: expected dates, such as 2023-01-31"),
        (["2024-01-01", None], [1, 1], [NAN, NAN], "opened: 1 of 2 loans have no date"),
        (["2024-01-01"], [1, 2], [NAN], "observed_months: expected one number per loan, came 2"),
        (["2024-01-01"], [1], [NAN, 1], "defaulted_month: expected one number per loan, came 2"),
        (["2024-01-01"], [1.5], [NAN], "observed_months: expected whole numbers from 0, 1 of 1"),
        (["2024-01-01"], [NAN], [NAN], "observed_months: expected whole numbers from 0, 1 of 1"),
        (["2024-01-01"], [math.inf], [NAN], "observed_months: expected whole numbers from 0"),
        (["2024-01-01"], [3], [1.5], "defaulted_month: expected whole numbers from 1, or NaN"),
        (["2024-01-01"], [3], [0], "defaulted_month: expected whole numbers from 1, or NaN"),
        (["2024-01-01"], [3], [4], "defaulted_month: expected a month within observed_months"),
        (["2024-01-01"], [0], [NAN], "observed_months: expected a full month of at least one loan"),
    ],
)
def test_loans_that_have_no_vintage(
    opened: ArrayLike, observed: ArrayLike, defaulted: ArrayLike, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        vintage_table(opened, observed, defaulted)


def test_settings_that_are_none() -> None:
    with pytest.raises(SettingsInvalid, match="cohort: expected month or quarter, came year"):
        vintage_table(["2024-01-01"], [1], [NAN], cohort="year")  # type: ignore[arg-type]
    with pytest.raises(SettingsInvalid, match="max_months: expected at least 1, came 0"):
        vintage_table(["2024-01-01"], [1], [NAN], max_months=0)
    with pytest.raises(SettingsInvalid, match=r"level: expected within \(0, 1\)"):
        vintage_table(["2024-01-01"], [1], [NAN], level=1)
