"""Merges against loops written as plainly as possible, and every slip that is refused."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.data.merge import merge_tables
from credit.errors import DataError

CUSTOMERS = pd.DataFrame({"who": ["a", "b", "c"], "income": [10, 20, 30]})
LOANS = pd.DataFrame({"loan": [1, 2, 3], "who": ["b", "a", "b"]})
START = np.datetime64("2024-01-01")


def days(numbers: list[int]) -> pd.Series[Any]:
    return pd.Series(START + np.array(numbers, dtype="timedelta64[D]")).astype("datetime64[ns]")


def applications(who: list[Any], day: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"who": pd.Series(who, dtype=object), "applied": days(day)})


def reports(who: list[Any], day: list[int]) -> pd.DataFrame:
    row = list(range(len(who)))
    return pd.DataFrame({"who": pd.Series(who, dtype=object), "reported": days(day), "row": row})


def as_of(left: pd.DataFrame, right: pd.DataFrame, **changes: Any) -> Any:
    settings: dict[str, Any] = {
        "on": "who",
        "how": "left",
        "cardinality": "many_to_one",
        "as_of": "applied",
        "right_time": "reported",
    }
    return merge_tables(left, right, **(settings | changes))


def test_each_loan_finds_its_customer_in_the_order_of_the_loans() -> None:
    merged = merge_tables(LOANS, CUSTOMERS, on="who", how="left", cardinality="many_to_one")

    expected = pd.DataFrame({"loan": [1, 2, 3], "who": ["b", "a", "b"], "income": [20, 10, 20]})
    pd.testing.assert_frame_equal(merged.table, expected)
    assert (merged.n_left_unmatched, merged.n_right_unmatched) == (0, 1)


@pytest.mark.parametrize(("how", "loans"), [("left", [1, 2, 3]), ("inner", [2])])
def test_what_finds_no_partner_is_counted(how: Literal["left", "inner"], loans: list[int]) -> None:
    merged = merge_tables(
        LOANS, CUSTOMERS.query("who != 'b'"), on="who", how=how, cardinality="many_to_one"
    )

    assert merged.table["loan"].tolist() == loans
    assert merged.table["income"].isna().sum() == len(loans) - 1
    assert (merged.n_left_unmatched, merged.n_right_unmatched) == (2, 1)


def test_whole_numbers_stay_whole_where_every_row_has_a_partner() -> None:
    merged = merge_tables(LOANS, CUSTOMERS, on="who", how="inner", cardinality="many_to_one")

    assert merged.table["income"].dtype == np.int64


KEYS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 1)), max_size=8)


@given(left=KEYS, right=KEYS, how=st.sampled_from(["left", "inner"]))
def test_one_to_many_is_what_pandas_merges(
    left: list[tuple[str, int]], right: list[tuple[str, int]], how: Literal["left", "inner"]
) -> None:
    left = list(dict.fromkeys(left))
    tables = [pd.DataFrame(rows, columns=["k", "n"]) for rows in (left, right)]
    tables = [t.astype({"k": object, "n": np.int64}) for t in tables]
    one, many = tables[0].assign(x=range(len(left))), tables[1].assign(y=range(len(right)))

    merged = merge_tables(one, many, on=["k", "n"], how=how, cardinality="one_to_many")

    expected = one.merge(many, on=["k", "n"], how=how).sort_values(["x", "y"], ignore_index=True)
    pd.testing.assert_frame_equal(merged.table, expected, check_dtype=False)
    assert merged.n_left_unmatched == sum(key not in right for key in left)
    assert merged.n_right_unmatched == sum(key not in left for key in right)


# As of a date.


def test_the_latest_report_at_or_before_the_application_is_taken() -> None:
    left = applications(["a", "a", "a", "b"], [5, 4, 11, 5])

    merged = as_of(left, reports(["a", "a", "a", "b"], [5, 1, 10, 6]))

    assert merged.table["row"].tolist()[:3] == [0, 1, 2]
    assert np.isnan(merged.table["row"][3])  # its only report is one of the next day
    assert (merged.n_left_unmatched, merged.n_right_unmatched) == (1, 1)
    assert (merged.table["reported"] <= merged.table["applied"])[:3].all()


def test_a_report_of_the_same_day_but_a_later_hour_is_not_taken() -> None:
    left = applications(["a"], [5])
    right = reports(["a"], [5]).assign(reported=lambda t: t["reported"] + pd.Timedelta("1s"))

    assert as_of(left, right).n_left_unmatched == 1


DATED = st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 6)), max_size=10)


@given(left=DATED, right=DATED, how=st.sampled_from(["left", "inner"]))
def test_as_of_is_what_a_loop_finds(
    left: list[tuple[str, int]], right: list[tuple[str, int]], how: str
) -> None:
    expected = []
    for who, day in left:
        known = [(d, row) for row, (w, d) in enumerate(right) if w == who and d <= day]
        expected.append(max(known)[1] if known else None)  # of equal days the last row

    merged = as_of(
        applications([w for w, _ in left], [d for _, d in left]),
        reports([w for w, _ in right], [d for _, d in right]),
        ties="last",
        how=how,
    )

    found = [None if pd.isna(row) else int(row) for row in merged.table["row"]]
    assert found == [row for row in expected if how == "left" or row is not None]
    assert merged.n_left_unmatched == expected.count(None)
    assert merged.n_right_unmatched == len(right) - len(set(expected) - {None})


@given(right=DATED, later=st.lists(st.tuples(st.sampled_from("ab"), st.integers(4, 9)), max_size=5))
def test_reports_of_the_future_change_nothing(
    right: list[tuple[str, int]], later: list[tuple[str, int]]
) -> None:
    left = applications(["a", "b"], [3, 3])
    known = sorted(set(right))
    rows = {False: known, True: known + [pair for pair in set(later) if pair not in known]}

    without, with_future = (
        as_of(left, reports([w for w, _ in rows[f]], [d for _, d in rows[f]])).table
        for f in (False, True)
    )

    pd.testing.assert_frame_equal(without, with_future)


def test_times_of_another_precision_are_compared_as_times() -> None:
    left = applications(["a"], [5]).astype({"applied": "datetime64[s]"})

    assert as_of(left, reports(["a"], [5])).n_left_unmatched == 0


# What is refused.


@pytest.mark.parametrize(
    ("right", "cardinality", "message"),
    [
        (
            pd.concat([CUSTOMERS, CUSTOMERS[:1]]),
            "many_to_one",
            "right table: cardinality many_to_one allows each who once, 1 rows repeat an earlier one, "
            "first at row 4",
        ),
        (CUSTOMERS, "one_to_one", "left table: cardinality one_to_one .* first at row 3"),
        (CUSTOMERS, "one_to_many", "left table: cardinality one_to_many .* first at row 3"),
        (CUSTOMERS.assign(loan=1), "many_to_one", r"both tables have the column\(s\) loan; rename"),
        (
            CUSTOMERS.drop(columns="who"),
            "many_to_one",
            r"right table: .*column\(s\) who, not there",
        ),
        (
            pd.concat([CUSTOMERS, CUSTOMERS[["who"]]], axis=1),
            "many_to_one",
            r"right table: the column\(s\) who are there twice",
        ),
        (
            CUSTOMERS.where(CUSTOMERS["who"] == "a"),
            "many_to_one",
            "right table: key who is missing in 2 rows, first at row 2",
        ),
        (
            CUSTOMERS.assign(who=[1, 2, 3]),
            "many_to_one",
            "key who: .* came string in the left table and integer in the right table; convert",
        ),
        (CUSTOMERS.assign(who=["a", 2, "c"]), "many_to_one", "string in the left .* and mixed"),
    ],
)
def test_a_table_that_would_merge_wrongly_is_refused(
    right: pd.DataFrame, cardinality: Any, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        merge_tables(LOANS, right, on="who", how="left", cardinality=cardinality)


def test_two_reports_at_one_time_are_refused_unless_the_last_is_wanted() -> None:
    left, right = applications(["a"], [5]), reports(["a", "b", "a"], [3, 3, 3])

    with pytest.raises(
        DataError,
        match="right table: an as-of merge allows each who and reported once, .* at row 3",
    ):
        as_of(left, right)
    assert as_of(left, right, ties="last").table["row"].tolist() == [2]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"right_time": None}, "`as_of` and `right_time` go together"),
        (
            {"cardinality": "one_to_many"},
            "expected cardinality many_to_one or one_to_one, came one_to",
        ),
        ({"on": []}, "at least one key column in `on`, came none"),
    ],
)
def test_arguments_that_do_not_go_together_are_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        as_of(applications(["a"], [5]), reports(["a"], [3]), **changes)


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (["2024-01-05"], "left table: expected times without a time zone in applied, came object"),
        (
            pd.to_datetime(["2024-01-05"], utc=True),
            "without a time zone in applied, came datetime64",
        ),
        (
            np.array(["NaT"], dtype="datetime64[ns]"),
            "time applied is missing in 1 rows, first at row 1",
        ),
    ],
)
def test_times_that_cannot_be_compared_are_refused(times: Any, message: str) -> None:
    left = applications(["a"], [5]).assign(applied=times)

    with pytest.raises(DataError, match=message):
        as_of(left, reports(["a"], [3]))


def test_messages_hold_no_value() -> None:
    left = applications(["secret-name", None], [5, 5])

    with pytest.raises(DataError) as raised:
        as_of(left, reports(["secret-name"], [3]))
    assert "secret" not in str(raised.value)


def test_categories_are_keys_like_the_text_they_hold() -> None:
    right = CUSTOMERS.astype({"who": "category"})

    merged = merge_tables(LOANS, right, on="who", how="left", cardinality="many_to_one")

    assert merged.table["income"].tolist() == [20, 10, 20]
