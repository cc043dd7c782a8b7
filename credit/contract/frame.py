"""Validate a table: the good rows, and a report of failures per rule."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.contract.model import Column, Contract
from credit.contract.row import MAXIMUM_ID_LENGTH
from credit.errors import ContractError

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RuleFailure:
    """How many rows break one rule of one field.

    Attributes
    ----------
    field, rule
        As in :class:`credit.errors.Failure`.
    message
        What was expected.
    n_rows
        Number of rows that break the rule.
    first_row
        The first of them, counted from 1 below the header.
    """

    field: str
    rule: str
    message: str
    n_rows: int
    first_row: int

    def __str__(self) -> str:
        """Return the failure as a sentence without any value."""
        return (
            f"{self.field}: {self.message} ({self.n_rows:,} rows, first at row {self.first_row:,})"
        )


@dataclass(frozen=True, slots=True)
class FrameCheck:
    """The rows that satisfy the contract, and why the others do not.

    Attributes
    ----------
    good
        Columns under their contract names: references as text, numbers as float64 with NaN for
        missing, and the target as int8 when the file has it. The index is the row's position in the
        file, from 0.
    failures
        Sorted by number of rows, most first. One row may break several rules.
    n_rows
        Rows in the file.
    """

    good: pd.DataFrame
    failures: tuple[RuleFailure, ...]
    n_rows: int

    @property
    def n_bad_rows(self) -> int:
        """Rows that break at least one rule."""
        return self.n_rows - len(self.good)


def check_frame(frame: pd.DataFrame, contract: Contract, *, target: bool = False) -> FrameCheck:
    """Hold a table against a contract.

    A row is good exactly when :class:`credit.contract.RowValidator` accepts it.

    Parameters
    ----------
    frame
        Raw columns under their contract names or one of their ``source_names``, any order.
    target
        Whether the outcome must be there; when false, it is kept if present.

    Raises
    ------
    ContractError
        When columns are unknown or missing: no row can be right then.
    """
    named = _under_contract_names(frame, contract, target=target)
    failures: list[RuleFailure] = []
    bad = np.zeros(len(named), dtype=bool)
    columns: dict[str, Any] = {}
    for column in contract.columns:
        if column.name not in named or column.role in ("time", "weight"):
            continue
        if column.role in ("id", "applicant_id"):
            values, masks = _references(named[column.name], required=column.role == "id")
            columns[_reference_name(column)] = values
        else:
            values, masks = _numbers(named[column.name], column)
            columns[column.name] = values
        for rule, message, mask in masks:
            if mask.any():
                first = int(mask.argmax()) + 1
                failures.append(RuleFailure(column.name, rule, message, int(mask.sum()), first))
                bad |= mask
    good = pd.DataFrame(columns)[~bad]
    if contract.target.name in good:
        good[contract.target.name] = good[contract.target.name].astype("int8")
    ordered = sorted(failures, key=lambda failure: -failure.n_rows)
    return FrameCheck(good=good, failures=tuple(ordered), n_rows=len(named))


def _reference_name(column: Column) -> str:
    return "application_id" if column.role == "id" else "applicant_id"


def _under_contract_names(frame: pd.DataFrame, contract: Contract, *, target: bool) -> pd.DataFrame:
    alias = {source: c.name for c in contract.columns for source in (c.name, *c.source_names)}
    # A first column without a name is a saved index, which spreadsheets and pandas leave behind.
    unnamed = [n for n in frame.columns[:1] if str(n).startswith("Unnamed:") and n not in alias]
    frame = frame.drop(columns=unnamed)
    unknown = [str(name) for name in frame.columns if name not in alias]
    named = frame.rename(columns=alias)
    twice = sorted(set(named.columns[named.columns.duplicated()]))
    required = [c.name for c in contract.inputs] + [
        c.name for c in contract.columns if c.role == "id"
    ]
    if target:
        required.append(contract.target.name)
    missing = [name for name in required if name not in named]
    problems = [
        f"unknown columns {', '.join(unknown)}: remove them or add them to the contract"
        if unknown
        else "",
        f"missing columns {', '.join(missing)}: every row needs them" if missing else "",
        f"columns given twice: {', '.join(twice)}" if twice else "",
    ]
    if any(problems):
        found = "; ".join(problem for problem in problems if problem)
        raise ContractError(f"the file does not fit contract {contract.product}: {found}")
    return named


def _references(
    series: pd.Series[Any], *, required: bool
) -> tuple[Any, list[tuple[str, str, Mask]]]:
    missing = series.isna().to_numpy()
    text = _whole_numbers_as_such(series).astype("string").fillna("")
    fits = np.array(
        [len(cell) <= MAXIMUM_ID_LENGTH and cell.isprintable() for cell in text], dtype=bool
    )
    empty = (text == "").to_numpy(dtype=bool) & ~missing
    expected = f"expected 1 to {MAXIMUM_ID_LENGTH} printable characters"
    rules = [("length", expected, ~fits | empty)]
    if required:
        rules.append(("missing", "required; give the lender's reference", missing))
    references = text.to_numpy(dtype=object)
    references[missing] = None  # not pandas' NA, which no validator takes for null
    return references, rules


def _whole_numbers_as_such(series: pd.Series[Any]) -> pd.Series[Any]:
    """Undo what a file reader does to numbered references beside an empty cell: 17 becomes 17.0."""
    if not pd.api.types.is_float_dtype(series) or not (series.dropna() % 1 == 0).all():
        return series
    return series.astype("Int64")


def _numbers(
    series: pd.Series[Any], column: Column
) -> tuple[npt.NDArray[np.float64], list[tuple[str, str, Mask]]]:
    values, wrong_type = _to_float(series)
    missing = np.isnan(values) & ~wrong_type
    finite = np.isfinite(values)
    known = list(column.sentinels)
    is_sentinel = np.isin(values, known) if known else np.zeros(len(values), dtype=bool)
    rules = [
        ("type", "expected a number", wrong_type),
        ("finite", "must be finite", ~finite & ~missing & ~wrong_type),
    ]
    if column.role == "target":
        rules.append(("category", "expected 0 or 1", finite & ~np.isin(values, (0, 1))))
    if not column.nullable:
        rules.append(("null", "may not be empty", missing))
    if column.type == "integer":
        whole = ~finite | (values == np.floor(np.where(finite, values, 0.0)))
        rules.append(("type", "expected a whole number", ~whole))
    if column.minimum is not None:
        low = finite & (values < column.minimum) & ~is_sentinel
        rules.append(("minimum", f"expected at least {column.minimum:,.15g}", low))
    if column.maximum is not None:
        high = finite & (values > column.maximum) & ~is_sentinel
        rules.append(("maximum", f"expected at most {column.maximum:,.15g}", high))
    return values, rules


def _to_float(series: pd.Series[Any]) -> tuple[npt.NDArray[np.float64], Mask]:
    """Convert to float64; text cells through Python's exact parser, as a JSON client's would be."""
    if pd.api.types.is_bool_dtype(series):
        return np.full(len(series), np.nan), np.ones(len(series), dtype=bool)
    if pd.api.types.is_numeric_dtype(series):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        return values, np.zeros(len(series), dtype=bool)
    values = np.full(len(series), np.nan)
    wrong = np.zeros(len(series), dtype=bool)
    for i, cell in enumerate(series):
        if cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell)):
            continue
        # Python's parser reads 1_000 as 1000; in a file it is a slip.
        if isinstance(cell, bool | np.bool_ | bytes) or (isinstance(cell, str) and "_" in cell):
            wrong[i] = True
            continue
        try:
            values[i] = float(cell)
        except OverflowError:  # a whole number beyond float64
            values[i] = math.inf if cell > 0 else -math.inf
        except (TypeError, ValueError):
            wrong[i] = True
    return values, wrong
