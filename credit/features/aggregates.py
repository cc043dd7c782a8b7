"""What happened before: aggregates of a child table as of each row's date, declared and run by DuckDB.

A plan names child tables (bureau reports, payments, account movements) and the numbers to make of
them. Nothing that lies after a row's date can reach its numbers, so they are the same whether they are
computed on the day of the decision or years later. They become raw columns of a contract: scoring
itself computes none and stays a pure function of the application.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, Self

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator

from credit.contract.part import Name
from credit.data.keys import checked_times, require_columns, require_keys, require_same_kind
from credit.errors import DataError
from credit.features.aggregate_query import run_query

Function = Literal["count", "sum", "mean", "max", "min", "latest", "count_distinct"]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Where(_Spec):
    """Only rows of the child table whose `column` lies above a bound, or equals a value, count."""

    column: str
    above: float | None = None
    equals: float | str | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if (self.above is None) == (self.equals is None):
            raise ValueError(f"where {self.column}: give either `above` or `equals`")
        return self


class ChildTable(_Spec):
    """A table with any number of dated rows for each key.

    Attributes
    ----------
    key
        Column that holds the parent's key.
    time
        Column with the time at which the row was known, not the time of what it tells.
    inclusive
        Whether rows of the as-of date itself count. False is the safe choice where the table holds
        dates alone: a row of that day may have been written after the decision.
    """

    key: str
    time: str
    inclusive: bool = False


class Aggregate(_Spec):
    """One number for each parent row.

    Values that are missing are passed over by every function.

    Attributes
    ----------
    name
        Name of the column that is made.
    table
        Name of the child table in the plan.
    column
        What is aggregated: numbers, or text for ``count``, ``count_distinct`` and ``latest``. ``count``
        without a column counts rows.
    function
        ``latest`` takes the value with the latest time; of several at that time, the last in the
        table's order.
    window_days
        Only rows of at most so many calendar days before the as-of date; None: all of the past.
    default
        Value where no row counts; None: missing. ``count`` and ``count_distinct`` are 0 there and take
        no default.
    """

    name: Name
    table: str
    function: Function
    column: str | None = None
    window_days: Annotated[int, Field(ge=1)] | None = None
    where: Where | None = None
    default: float | None = None

    @property
    def is_count(self) -> bool:
        """Whether it is a number of rows or values."""
        return self.function in ("count", "count_distinct")

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns of the child table that it reads, key and time aside."""
        used = (self.column, self.where.column if self.where else None)
        return tuple(dict.fromkeys(name for name in used if name is not None))

    @model_validator(mode="after")
    def _parts_go_together(self) -> Self:
        if self.column is None and self.function != "count":
            raise ValueError(f"aggregate {self.name}: {self.function} needs a column")
        if self.is_count and self.default is not None:
            raise ValueError(
                f"aggregate {self.name}: {self.function} of nothing is 0, not a default"
            )
        return self


class AggregatePlan(_Spec):
    """Child tables by name, and the aggregates made of them."""

    tables: dict[str, ChildTable]
    aggregates: Annotated[tuple[Aggregate, ...], Field(min_length=1)]

    def of(self, table: str) -> tuple[Aggregate, ...]:
        """Aggregates of one table, in the plan's order."""
        return tuple(a for a in self.aggregates if a.table == table)

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        names = [a.name for a in self.aggregates]
        twice = sorted({name for name in names if names.count(name) > 1})
        unknown = sorted({a.table for a in self.aggregates} - self.tables.keys())
        if twice:
            raise ValueError(f"aggregates named twice: {', '.join(twice)}")
        if unknown:
            raise ValueError(
                f"aggregates of tables that the plan does not have: {', '.join(unknown)}"
            )
        return self


def compute_aggregates(
    parents: pd.DataFrame,
    children: Mapping[str, pd.DataFrame],
    plan: AggregatePlan,
    *,
    key: str,
    as_of: str,
) -> pd.DataFrame:
    """Add the plan's aggregates to each parent row, as of its date.

    A child row counts for a parent row of the same key when its time is not after the parent's and,
    unless its table is `inclusive`, its date lies before the parent's date.

    Parameters
    ----------
    parents
        Rows to decide on, such as loans; keys may repeat.
    children
        The plan's tables by name, rows in any order.
    key, as_of
        Columns of `parents`: the key, and the time of the decision without a time zone.

    Returns
    -------
    DataFrame
        The parents, rows and index as they came, followed by the aggregates in the plan's order:
        float64, or objects where ``latest`` reads text. The same numbers give the same bits in any
        order of the child rows.

    Raises
    ------
    DataError
        A table or column is not there, a key or time is missing, keys differ in kind, a column is not
        of a type that its function reads, or a name is taken. Messages hold no value.
    """
    require_columns(parents, [key, as_of], "parent")
    require_keys(parents, [key], "parent")
    checked_times(parents, as_of, "parent")
    taken = [a.name for a in plan.aggregates if a.name in parents.columns]
    if taken:
        raise DataError(f"parent table: it already has the column(s) {', '.join(taken)}")
    absent = sorted({a.table for a in plan.aggregates} - children.keys())
    if absent:
        raise DataError(f"the plan needs the table(s) {', '.join(absent)}; add them to `children`")
    made: dict[str, pd.Series] = {}
    for name, table in plan.tables.items():
        aggregates = plan.of(name)
        if aggregates:
            _check_child(parents, children[name], name, table, aggregates, key)
            made |= run_query(parents[[key, as_of]], children[name], table, aggregates)
    columns = pd.DataFrame({a.name: made[a.name] for a in plan.aggregates})
    columns.index = parents.index
    return pd.concat([parents, columns], axis=1)


def _check_child(
    parents: pd.DataFrame,
    child: pd.DataFrame,
    name: str,
    table: ChildTable,
    aggregates: tuple[Aggregate, ...],
    key: str,
) -> None:
    used = dict.fromkeys(column for a in aggregates for column in a.reads)
    require_columns(child, [*dict.fromkeys([table.key, table.time, *used])], name)
    require_keys(child, [table.key], name)
    require_same_kind(parents, child, [(key, table.key)])
    checked_times(child, table.time, name)
