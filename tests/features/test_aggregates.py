"""Aggregates against a slow loop; nothing after the as-of date ever counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from credit.errors import DataError
from credit.features.aggregates import Aggregate, AggregatePlan, ChildTable, compute_aggregates

START = np.datetime64("2024-01-01T00:00")
PAYMENTS = ChildTable(key="who", time="paid_on")


def plan(*aggregates: Aggregate, inclusive: bool = False) -> AggregatePlan:
    table = PAYMENTS.model_copy(update={"inclusive": inclusive})
    return AggregatePlan(tables={"payments": table}, aggregates=aggregates)


def aggregate(name: str, function: Any, column: str | None = "amount", **more: Any) -> Aggregate:
    return Aggregate(name=name, table="payments", function=function, column=column, **more)


def times(hours: list[int]) -> Any:
    return (START + np.array(hours, dtype="timedelta64[h]")).astype("datetime64[ns]")


def loans(who: list[Any], hours: list[int]) -> pd.DataFrame:
    return pd.DataFrame(
        {"who": np.array(who, dtype=object), "applied": times(hours)},
        index=range(100, 100 + len(who)),
    )


def payments(rows: Sequence[tuple[str, int, float | None, str | None]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "who": pd.Series([r[0] for r in rows], dtype=object),
            "paid_on": times([r[1] for r in rows]),
            "amount": np.array([math.nan if r[2] is None else r[2] for r in rows], dtype=float),
            "kind": pd.Series([r[3] for r in rows], dtype=object),
        }
    )


def compute(left: pd.DataFrame, right: pd.DataFrame, wanted: AggregatePlan) -> pd.DataFrame:
    return compute_aggregates(left, {"payments": right}, wanted, key="who", as_of="applied")


def test_every_function_by_hand() -> None:
    """Known before day 10: 5 on day 1, 2 on day 8, nothing known on day 9; 100 on day 10 is too late."""
    right = payments(
        [
            ("a", 9 * 24, None, "card"),
            ("a", 10 * 24, 100.0, "card"),
            ("a", 8 * 24, 2.0, "card"),
            ("a", 1 * 24, 5.0, "cash"),
            ("b", 1 * 24, 7.0, "cash"),
        ]
    )
    wanted = plan(
        aggregate("rows", "count", None),
        aggregate("known", "count"),
        aggregate("total", "sum"),
        aggregate("average", "mean"),
        aggregate("largest", "max"),
        aggregate("smallest", "min"),
        aggregate("last", "latest"),
        aggregate("kinds", "count_distinct", "kind"),
        aggregate("last_kind", "latest", "kind"),
        aggregate("week", "sum", window_days=7),
        aggregate("large", "sum", where={"column": "amount", "above": 2.0}),
        aggregate("cash", "sum", where={"column": "kind", "equals": "cash"}),
        aggregate("twos", "count", where={"column": "amount", "equals": 2.0}),
    )

    found = compute(loans(["a"], [10 * 24]), right, wanted)

    assert found.loc[100].drop(["who", "applied"]).to_dict() == {
        "rows": 3.0,
        "known": 2.0,
        "total": 7.0,
        "average": 3.5,
        "largest": 5.0,
        "smallest": 2.0,
        "last": 2.0,
        "kinds": 2.0,
        "last_kind": "card",
        "week": 2.0,
        "large": 5.0,
        "cash": 5.0,
        "twos": 1.0,
    }


def test_rows_of_the_day_count_only_where_the_table_is_inclusive_and_never_later_hours() -> None:
    right = payments([("a", 24, 1.0, None), ("a", 30, 10.0, None), ("a", 31, 100.0, None)])
    left = loans(["a"], [30])

    for inclusive, total in ((False, 0.0), (True, 11.0)):
        found = compute(
            left, right, plan(aggregate("total", "sum", default=0), inclusive=inclusive)
        )
        assert found["total"].tolist() == [total]


def test_the_first_day_of_the_window_counts_and_the_day_before_it_does_not() -> None:
    right = payments([("a", 3 * 24 + 23, 1.0, None), ("a", 4 * 24, 10.0, None)])

    found = compute(loans(["a"], [11 * 24 + 12]), right, plan(aggregate("w", "sum", window_days=7)))

    assert found["w"].tolist() == [10.0]


def test_where_nothing_counts_the_default_stands_or_the_value_is_missing() -> None:
    wanted = plan(
        aggregate("n", "count"),
        aggregate("kinds", "count_distinct", "kind"),
        aggregate("zero", "sum", default=0.0),
        aggregate("unknown", "sum"),
        aggregate("nobody", "latest", "kind"),
    )

    found = compute(loans(["x"], [24]), payments([("a", 1, 1.0, "card")]), wanted).iloc[0]

    assert (found["n"], found["kinds"], found["zero"], found["nobody"]) == (0.0, 0.0, 0.0, None)
    assert math.isnan(found["unknown"])


def test_parents_keep_their_rows_index_and_columns() -> None:
    left = loans(["b", "a", "b"], [48, 24, 24]).assign(amount=[1, 2, 3])

    found = compute(left, payments([("b", 30, 4.0, None)]), plan(aggregate("total", "sum")))

    pd.testing.assert_frame_equal(found[left.columns.tolist()], left)
    assert found["total"].fillna(-1).tolist() == [4.0, -1.0, -1.0]


def test_of_several_tables_each_aggregate_reads_its_own_in_the_order_of_the_plan() -> None:
    reports = pd.DataFrame({"person": ["a"], "day": times([1]), "score": [7]})
    wanted = AggregatePlan(
        tables={"payments": PAYMENTS, "reports": ChildTable(key="person", time="day")},
        aggregates=(
            Aggregate(name="score", table="reports", function="latest", column="score"),
            aggregate("total", "sum"),
            Aggregate(name="n_reports", table="reports", function="count"),
        ),
    )
    right = {"payments": payments([("a", 2, 3.0, None)]), "reports": reports}

    found = compute_aggregates(loans(["a"], [48]), right, wanted, key="who", as_of="applied")

    assert found.columns.tolist() == ["who", "applied", "score", "total", "n_reports"]
    assert found.iloc[0, 2:].tolist() == [7.0, 3.0, 1.0]


# A slow loop finds the same.

AMOUNTS = st.none() | st.integers(-3, 3).map(float)
CHILDREN = st.lists(
    st.tuples(
        st.sampled_from("aac"), st.integers(0, 96), AMOUNTS, st.sampled_from(["x", "y", None])
    ),
    max_size=12,
)
PARENTS = st.lists(st.tuples(st.sampled_from("aab"), st.integers(48, 120)), min_size=1, max_size=5)
EVERY_FUNCTION = ("count", "sum", "mean", "max", "min", "latest", "count_distinct")


def slow(rows: list[Any], who: str, hour: int, spec: Aggregate, *, inclusive: bool) -> Any:
    """One aggregate of one parent, in plain Python; rows hold (who, hour, amount, kind)."""
    values = []
    for row_who, row_hour, amount, kind in sorted(rows, key=lambda row: row[1]):  # stable
        cells = {"amount": amount, "kind": kind}
        known = row_hour <= hour and (inclusive or row_hour // 24 < hour // 24)
        recent = spec.window_days is None or hour // 24 - row_hour // 24 <= spec.window_days
        holds = True
        if spec.where is not None:
            cell = cells[spec.where.column]
            above, equals = spec.where.above, spec.where.equals
            holds = cell is not None and (cell > above if above is not None else cell == equals)
        if row_who == who and known and recent and holds:
            values.append(1.0 if spec.column is None else cells[spec.column])
    values = [value for value in values if value is not None]
    if spec.is_count:
        return float(len(set(values)) if spec.function == "count_distinct" else len(values))
    if not values:
        return spec.default
    functions: dict[str, Any] = {"sum": sum, "max": max, "min": min}
    if spec.function == "mean":
        return sum(values) / len(values)
    return values[-1] if spec.function == "latest" else functions[spec.function](values)


CONDITIONS = st.sampled_from(
    [None, {"column": "amount", "above": 0.0}, {"column": "kind", "equals": "x"}]
)


@pytest.mark.parametrize("function", EVERY_FUNCTION)
@settings(max_examples=12)
@given(
    parents=PARENTS,
    rows=CHILDREN,
    window=st.none() | st.integers(1, 4),
    where=CONDITIONS,
    default=st.sampled_from([None, -9.0]),
    inclusive=st.booleans(),
)
def test_duckdb_finds_what_a_loop_finds(
    function: str,
    parents: list[tuple[str, int]],
    rows: list[Any],
    window: int | None,
    where: Any,
    default: float | None,
    inclusive: bool,
) -> None:
    spec = aggregate(
        "made",
        function,
        window_days=window,
        where=where,
        default=None if "count" in function else default,
    )
    left = loans([who for who, _ in parents], [hour for _, hour in parents])

    found = compute(left, payments(rows), plan(spec, inclusive=inclusive))["made"]

    expected = [slow(rows, who, hour, spec, inclusive=inclusive) for who, hour in parents]
    assert [None if math.isnan(v) else v for v in found] == expected


EVERYTHING = (
    aggregate("n", "count"),
    aggregate("rows", "count", None),
    aggregate("total", "sum"),
    aggregate("average", "mean"),
    aggregate("most", "max"),
    aggregate("least", "min"),
    aggregate("last", "latest"),
    aggregate("kinds", "count_distinct", "kind"),
    aggregate("last_kind", "latest", "kind"),
)


@settings(max_examples=12)
@given(
    rows=CHILDREN,
    future=st.lists(
        st.tuples(st.sampled_from("ab"), st.integers(73, 200), AMOUNTS, st.sampled_from("xyz")),
        min_size=1,
        max_size=5,
    ),
    inclusive=st.booleans(),
)
def test_rows_of_the_future_change_no_value(
    rows: list[Any], future: list[Any], inclusive: bool
) -> None:
    left = loans(["a", "b"], [72, 72])  # midnight of the fourth day
    wanted = plan(*EVERYTHING, inclusive=inclusive)
    past = [row for row in rows if row[1] <= 72]

    without = compute(left, payments(past), wanted)
    with_future = compute(left, payments(future + past), wanted)

    pd.testing.assert_frame_equal(without, with_future)


def test_a_future_row_moved_into_the_past_does_change_the_values() -> None:
    """The control of the test above: the same row, dated a day before, is seen by every aggregate."""
    left, known = loans(["a"], [72]), ("a", 5, 4.0, "x")

    without = compute(left, payments([known]), plan(*EVERYTHING)).iloc[0, 2:]
    future = compute(left, payments([known, ("a", 73, 9.0, "y")]), plan(*EVERYTHING)).iloc[0, 2:]
    past = compute(left, payments([known, ("a", 47, 9.0, "y")]), plan(*EVERYTHING)).iloc[0, 2:]

    assert future.tolist() == without.tolist()
    assert {n for n in past.index if past[n] != without[n]} == set(past.index) - {"least"}


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_order_of_the_child_rows_changes_no_bit(seed: int) -> None:
    """Amounts of all sizes, whose sum in floats depends on the order in which they are added."""
    rng = np.random.default_rng(7)
    rows = [("a", hour, float(x), None) for hour, x in enumerate(rng.lognormal(0, 9, 500))]
    right = payments(rows)
    wanted = plan(aggregate("total", "sum"), aggregate("average", "mean"))
    left = loans(["a"], [24 * 30])
    shuffled = right.sample(frac=1.0, random_state=seed)

    pd.testing.assert_frame_equal(
        compute(left, right, wanted), compute(left, shuffled, wanted), check_exact=True
    )
    naive = {right["amount"].sum(), float(shuffled["amount"].to_numpy().cumsum()[-1])}
    assert len(naive) > 1  # so the promise is not empty


# Names and values are data, never SQL.


def test_names_and_values_that_look_like_sql_are_only_names_and_values() -> None:
    nasty = 'x"; DROP TABLE parents; --'
    right = payments([("a'; --", 1, 3.0, nasty), ("b", 1, 5.0, "card")]).rename(
        columns={"amount": nasty, "kind": "c' OR '1'='1"}
    )
    wanted = AggregatePlan(
        tables={nasty: PAYMENTS},
        aggregates=(
            Aggregate(
                name="total",
                table=nasty,
                function="sum",
                column=nasty,
                where={"column": "c' OR '1'='1", "equals": nasty},
            ),
        ),
    )

    found = compute_aggregates(
        loans(["a'; --", "b"], [48, 48]), {nasty: right}, wanted, key="who", as_of="applied"
    )

    assert found["total"].fillna(-1).tolist() == [3.0, -1.0]


def test_columns_that_differ_in_case_are_two_columns() -> None:
    """DuckDB itself takes them for one."""
    right = payments([("a", 1, 3.0, None)]).assign(Amount=50.0)
    wanted = plan(aggregate("small", "sum", "amount"), aggregate("large", "sum", "Amount"))

    assert compute(loans(["a"], [48]), right, wanted).iloc[0, 2:].tolist() == [3.0, 50.0]


# What is refused.

GOOD = plan(aggregate("total", "sum"))


@pytest.mark.parametrize(
    ("left", "right", "wanted", "message"),
    [
        (
            loans(["a"], [1]).drop(columns="who"),
            payments([]),
            GOOD,
            r"parent table: expected the column\(s\) who",
        ),
        (loans([None], [1]), payments([]), GOOD, "parent table: key who is missing in 1 rows"),
        (
            loans(["a"], [1]).assign(applied="2024-01-01"),
            payments([]),
            GOOD,
            "parent table: expected times",
        ),
        (
            loans(["a"], [1]).assign(total=1),
            payments([]),
            GOOD,
            r"already has the column\(s\) total",
        ),
        (
            loans(["a"], [1]),
            payments([]).drop(columns="amount"),
            GOOD,
            r"payments table: expected the column\(s\) amount",
        ),
        (
            loans(["a"], [1]),
            payments([("a", 1, 1.0, None)]).assign(who=None),
            GOOD,
            "payments table: key who is missing in 1 rows, first at row 1",
        ),
        (
            loans(["a"], [1]),
            payments([("a", 1, 1.0, None)]).assign(who=1),
            GOOD,
            "string in the left table and integer in the right",
        ),
        (
            loans(["a"], [1]),
            payments([("a", 1, 1.0, None)]).assign(
                paid_on=np.array(["NaT"], dtype="datetime64[ns]")
            ),
            GOOD,
            "payments table: time paid_on is missing in 1 rows",
        ),
        (
            loans(["a"], [1]),
            payments([("a", 1, 1.0, "x")]),
            plan(aggregate("total", "sum", "kind")),
            "aggregate total: sum needs numbers, kind is text",
        ),
        (
            loans(["a"], [1]),
            payments([("a", 1, 1.0, "x")]),
            plan(aggregate("last", "latest", "kind", default=1)),
            "aggregate last: kind is text and takes no number as default",
        ),
        (
            loans(["a"], [1]),
            payments([("a", 1, 1.0, "x")]),
            plan(aggregate("n", "count", where={"column": "kind", "above": 1})),
            "aggregate n: kind holds text, compared with a number",
        ),
        (
            loans(["a"], [1]),
            payments([("a", 1, 1.0, "x")]),
            plan(aggregate("n", "count", where={"column": "amount", "equals": "x"})),
            "aggregate n: amount holds numbers, compared with text",
        ),
        (
            loans(["a"], [1]),
            payments([("a", 1, 1.0, "x")]).assign(amount=times([1])),
            GOOD,
            "column amount: expected numbers or text to aggregate, came datetime64",
        ),
    ],
)
def test_tables_that_do_not_fit_the_plan_are_refused(
    left: pd.DataFrame, right: pd.DataFrame, wanted: AggregatePlan, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        compute(left, right, wanted)


def test_a_table_that_is_not_given_is_named() -> None:
    with pytest.raises(DataError, match=r"needs the table\(s\) payments; add them to `children`"):
        compute_aggregates(loans(["a"], [1]), {}, GOOD, key="who", as_of="applied")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: aggregate("n", "sum", None), "aggregate n: sum needs a column"),
        (lambda: aggregate("n", "count", default=1), "count of nothing is 0, not a default"),
        (lambda: aggregate("N n", "count"), "String should match pattern"),
        (lambda: aggregate("n", "median"), "Input should be 'count'"),
        (lambda: aggregate("n", "count", window_days=0), "greater than or equal to 1"),
        (
            lambda: aggregate("n", "count", where={"column": "kind"}),
            "give either `above` or `equals`",
        ),
        (
            lambda: aggregate("n", "count", where={"column": "k", "above": 1, "equals": 1}),
            "give either `above` or `equals`",
        ),
        (lambda: plan(aggregate("n", "count"), aggregate("n", "sum")), "named twice: n"),
        (
            lambda: AggregatePlan(tables={}, aggregates=(aggregate("n", "count"),)),
            "tables that the plan does not have: payments",
        ),
        (plan, "at least 1 item"),
    ],
)
def test_a_plan_that_means_nothing_is_refused(make: Any, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make()
