"""The query behind the aggregates of one child table.

No name or value from outside enters the SQL: columns are handed to DuckDB under positions (``v0``,
``v1``, ...), keys as numbers, values of conditions as parameters. The database lives in memory, has no
access to files or the network, and is closed with the query.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.data.keys import checked_times
from credit.errors import DataError

if TYPE_CHECKING:
    from credit.features.aggregates import Aggregate, ChildTable

Parameter = int | float | str


def run_query(
    parents: pd.DataFrame,
    child: pd.DataFrame,
    table: ChildTable,
    aggregates: Sequence[Aggregate],
) -> dict[str, pd.Series]:
    """Compute the aggregates of one child table.

    Parameters
    ----------
    parents
        Key and time of each row, in this order; checked.
    child
        Holds the key, the time and every column that is read; checked.

    Returns
    -------
    dict
        One series per aggregate, in the order of `parents`, indexed from 0.

    Raises
    ------
    DataError
        A column is not of a type that its function or condition reads.
    """
    import duckdb

    names = list(dict.fromkeys(column for a in aggregates for column in a.reads))
    values = {name: _values(child[name], name) for name in names}
    for aggregate in aggregates:
        _check_types(aggregate, values)
    parent_rows, child_rows = _rows(parents, child, table)
    place = {name: f"v{i}" for i, name in enumerate(names)}
    child_rows = child_rows.assign(**{place[name]: values[name] for name in names})
    # In inclusive tables rows of the same day count, up to the very time of the decision.
    before = "c.time <= p.time" if table.inclusive else "c.day < p.day"
    parameters: list[Parameter] = []
    columns = [_expression(a, place, parameters) for a in aggregates]
    query = (
        f"SELECT {', '.join(columns)} FROM parents p LEFT JOIN child c "  # noqa: S608 (built of constants)
        f"ON c.key = p.key AND {before} GROUP BY p.row ORDER BY p.row"
    )
    with duckdb.connect(":memory:", config={"enable_external_access": "false"}) as database:
        database.register("parents", parent_rows)
        database.register("child", child_rows)
        rows = database.execute(query, parameters).fetchdf()
    return {a.name: _series(rows.iloc[:, i], a) for i, a in enumerate(aggregates)}


def _rows(
    parents: pd.DataFrame, child: pd.DataFrame, table: ChildTable
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Keys, times and rows as whole numbers, which every engine compares the same way."""
    key, as_of = parents.columns
    both = pd.concat([parents[key], child[table.key]], ignore_index=True)
    codes = pd.factorize(both)[0]
    parts = []
    for rows, time, of_keys in (
        (parents, checked_times(parents, as_of, "parent"), codes[: len(parents)]),
        (child, checked_times(child, table.time, "child"), codes[len(parents) :]),
    ):
        parts.append(
            pd.DataFrame(
                {
                    "row": np.arange(len(rows), dtype=np.int64),
                    "key": of_keys.astype(np.int64),
                    "time": time.astype(np.int64),
                    "day": time.astype("datetime64[D]").astype(np.int64),
                }
            )
        )
    return parts[0], parts[1]


def _values(series: pd.Series, name: str) -> npt.NDArray[np.float64] | npt.NDArray[np.object_]:
    """Values as float64 with NaN for missing, or as text with None for missing."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(series.cat.categories.dtype)
    if pd.api.types.is_numeric_dtype(series):
        return series.to_numpy(dtype=np.float64, na_value=np.nan)
    if pd.api.types.infer_dtype(series, skipna=True) in ("string", "empty"):
        return np.array([None if pd.isna(v) else str(v) for v in series], dtype=object)
    raise DataError(f"column {name}: expected numbers or text to aggregate, came {series.dtype}")


def _is_text(values: npt.NDArray[np.float64] | npt.NDArray[np.object_]) -> bool:
    return values.dtype == object


def _check_types(
    aggregate: Aggregate,
    values: dict[str, npt.NDArray[np.float64] | npt.NDArray[np.object_]],
) -> None:
    name, column, where = aggregate.name, aggregate.column, aggregate.where
    if column is not None and _is_text(values[column]):
        if aggregate.function not in ("count", "count_distinct", "latest"):
            raise DataError(
                f"aggregate {name}: {aggregate.function} needs numbers, {column} is text"
            )
        if aggregate.default is not None:
            raise DataError(f"aggregate {name}: {column} is text and takes no number as default")
    if where is not None:
        wanted = isinstance(where.equals, str)
        if _is_text(values[where.column]) != wanted:
            kinds = ("text", "a number") if not wanted else ("numbers", "text")
            raise DataError(
                f"aggregate {name}: {where.column} holds {kinds[0]}, compared with {kinds[1]}"
            )


def _expression(aggregate: Aggregate, place: dict[str, str], parameters: list[Parameter]) -> str:
    """SQL of one aggregate; appends the parameters in the order of their marks."""
    conditions = ["c.row IS NOT NULL"]  # a parent without children still has one joined row
    values: list[Parameter] = []
    if aggregate.window_days is not None:
        conditions.append("c.day >= p.day - ?")
        values.append(aggregate.window_days)
    if aggregate.where is not None and aggregate.where.above is not None:
        conditions.append(f"c.{place[aggregate.where.column]} > ?")
        values.append(aggregate.where.above)
    elif aggregate.where is not None and aggregate.where.equals is not None:
        conditions.append(f"c.{place[aggregate.where.column]} = ?")
        values.append(aggregate.where.equals)
    kept = f"FILTER (WHERE {' AND '.join(conditions)})"
    if aggregate.column is None:
        calls = ["count(*)"]
    else:
        v = f"c.{place[aggregate.column]}"
        # Added in order of size, so that the order of the child rows cannot change a bit.
        calls = {
            "count": [f"count({v})"],
            "count_distinct": [f"count(DISTINCT {v})"],
            "sum": [f"sum({v} ORDER BY {v})"],
            "mean": [f"sum({v} ORDER BY {v})", f"count({v})"],
            "max": [f"max({v})"],
            "min": [f"min({v})"],
            "latest": [f"arg_max({v}, (c.time, c.row))"],
        }[aggregate.function]
    parameters += values * len(calls)
    return " / ".join(f"{call} {kept}" for call in calls)


def _series(values: pd.Series, aggregate: Aggregate) -> pd.Series:
    if aggregate.is_count:
        return values.astype(np.float64)
    if values.dtype == object:
        return values.where(values.notna(), None)
    numbers = values.astype(np.float64)
    return numbers if aggregate.default is None else numbers.fillna(aggregate.default)
