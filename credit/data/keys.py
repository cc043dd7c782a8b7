"""Checks on the keys and times by which tables are put together.

Every table that meets another one (a merge, an aggregate) goes through the same checks, so that a
slip is refused in the same words wherever it is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.errors import DataError

Times = npt.NDArray[np.datetime64]


def require_columns(frame: pd.DataFrame, columns: Sequence[str], table: str) -> None:
    """Refuse a table that lacks a column, or has it twice.

    Raises
    ------
    DataError
        Names the columns.
    """
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise DataError(f"{table} table: expected the column(s) {', '.join(missing)}, not there")
    twice = [name for name in dict.fromkeys(columns) if list(frame.columns).count(name) > 1]
    if twice:
        raise DataError(f"{table} table: the column(s) {', '.join(twice)} are there twice")


def require_keys(frame: pd.DataFrame, keys: Sequence[str], table: str) -> None:
    """Refuse missing values in key columns.

    Raises
    ------
    DataError
        Says how many rows, and the first of them counted from 1; never a value.
    """
    for name in keys:
        missing = frame[name].isna().to_numpy()
        if missing.any():
            raise DataError(
                f"{table} table: key {name} is missing in {int(missing.sum()):,} rows, "
                f"{first_row(missing)}; fill the key or drop these rows"
            )


def require_same_kind(
    left: pd.DataFrame, right: pd.DataFrame, pairs: Sequence[tuple[str, str]]
) -> None:
    """Refuse keys of two kinds: the text "7" and the number 7 would never meet.

    Parameters
    ----------
    pairs
        Names of the key columns, in the left and in the right table.

    Raises
    ------
    DataError
        Names both kinds; also when one column mixes kinds.
    """
    for in_left, in_right in pairs:
        kinds = (_kind(left[in_left]), _kind(right[in_right]))
        differ = "empty" not in kinds and kinds[0] != kinds[1]
        if differ or any(kind.startswith("mixed") for kind in kinds):
            raise DataError(
                f"key {in_left}: expected one kind of values, came {kinds[0]} in the left table and "
                f"{kinds[1]} in the right table; convert the column {in_right} or {in_left}"
            )


def _kind(series: pd.Series[Any]) -> str:
    """Kind of the values: ``string``, ``integer``, ``mixed``, ...; ``empty`` without any."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        return _kind(series.cat.categories.to_series())
    return str(pd.api.types.infer_dtype(series, skipna=True))


def checked_times(frame: pd.DataFrame, column: str, table: str) -> Times:
    """Times of a column in microseconds, which neither nanosecond nor second tables overflow.

    Raises
    ------
    DataError
        When the column holds no times, holds them with a time zone, or one is missing.
    """
    series = frame[column]
    if not pd.api.types.is_datetime64_dtype(series):
        raise DataError(
            f"{table} table: expected times without a time zone in {column}, came {series.dtype}; "
            "convert it with pandas.to_datetime"
        )
    missing = series.isna().to_numpy()
    if missing.any():
        raise DataError(
            f"{table} table: time {column} is missing in {int(missing.sum()):,} rows, "
            f"{first_row(missing)}; an undated row cannot be placed before or after a decision"
        )
    return series.to_numpy().astype("datetime64[us]")


def first_row(mask: npt.NDArray[np.bool_]) -> str:
    """Phrase that says where the first true row is, counted from 1 below the header."""
    return f"first at row {int(mask.argmax()) + 1:,}"
