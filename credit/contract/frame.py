"""Validate a table: the good rows, and a report of failures per rule."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.contract.cells import (
    CONSENTS,
    Mask,
    MaskedRule,
    read_cells,
    read_texts,
    shown_values,
    withheld_sources,
)
from credit.contract.column import Column
from credit.contract.model import Contract
from credit.contract.row import MAXIMUM_ID_LENGTH
from credit.errors import ContractError


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
        missing, categories as their codes and dates as ISO text with None for missing, and the
        target as int8 when the file has it. The index is the row's position in the file, from 0.
    raw
        The input columns of the good rows as an application holds them, shape (n_good, n_inputs).
    failures
        Sorted by number of rows, most first. One row may break several rules.
    n_rows
        Rows in the file.
    """

    good: pd.DataFrame
    raw: npt.NDArray[np.float64]
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
        Raw columns under their contract names or one of their ``source_names``, any order. Where
        sources need consent, a column ``consents`` lists those of each row, separated by
        semicolons; columns of a source that every row withholds may be absent.
    target
        Whether the outcome must be there, as it must to learn; when false, it is kept if present.
        A table to learn from may lack references, which are then numbers, and ``consents``: it holds
        what was consented to.

    Raises
    ------
    ContractError
        When columns are unknown or missing: no row can be right then.
    """
    named = _under_contract_names(frame, contract, target=target)
    failures: list[RuleFailure] = []
    bad = np.zeros(len(named), dtype=bool)

    def note(field: str, masks: Sequence[MaskedRule], exempt: Mask | None = None) -> None:
        for rule, message, broken in masks:
            mask = broken if exempt is None else broken & ~exempt
            if mask.any():
                first = int(mask.argmax()) + 1
                failures.append(RuleFailure(field, rule, message, int(mask.sum()), first))
                bad[mask] = True

    withheld, masks = withheld_sources(named, contract)
    note(CONSENTS, masks)
    columns: dict[str, Any] = {}
    raw = np.empty((len(named), len(contract.inputs)))
    for column in contract.columns:
        if column.name not in named or column.role == "ignored":
            continue
        if column.role in ("id", "applicant_id"):
            values, masks = _references(named[column.name], required=column.role == "id")
            columns[_reference_name(column)] = values
            note(column.name, masks)
            continue
        exempt = withheld.get(column.source or "")
        if column.type == "text" and column.role != "target":
            texts, masks = read_texts(named[column.name], column)
            note(column.name, masks, exempt)
            if exempt is not None:
                texts[exempt] = None
            columns[column.name] = texts
            continue
        numbers, masks = read_cells(named[column.name], column)
        note(column.name, masks, exempt)
        if exempt is not None:
            numbers = np.where(exempt, np.nan, numbers)
        if column.name in contract.input_positions:
            raw[:, contract.input_positions[column.name]] = numbers
        columns[column.name] = shown_values(numbers, column)
    if CONSENTS in named:
        columns[CONSENTS] = named[CONSENTS].to_numpy()
    if "application_id" not in columns:
        columns = {
            "application_id": np.arange(1, len(named) + 1).astype(str).astype(object)
        } | columns
    good = pd.DataFrame(columns)[~bad]
    if contract.target.name in good:
        good[contract.target.name] = good[contract.target.name].astype("int8")
    ordered = sorted(failures, key=lambda failure: -failure.n_rows)
    return FrameCheck(
        good=good,
        raw=np.ascontiguousarray(raw[~bad]),
        failures=tuple(ordered),
        n_rows=len(named),
    )


def _reference_name(column: Column) -> str:
    return "application_id" if column.role == "id" else "applicant_id"


def _under_contract_names(frame: pd.DataFrame, contract: Contract, *, target: bool) -> pd.DataFrame:
    alias = {source: c.name for c in contract.columns for source in (c.name, *c.source_names)}
    alias |= {CONSENTS: CONSENTS} if contract.consents else {}
    # A first column without a name is a saved index, which spreadsheets and pandas leave behind.
    unnamed = [n for n in frame.columns[:1] if str(n).startswith("Unnamed:") and n not in alias]
    frame = frame.drop(columns=unnamed)
    unknown = [str(name) for name in frame.columns if name not in alias]
    named = frame.rename(columns=alias)
    twice = sorted(set(named.columns[named.columns.duplicated()]))
    unread = set() if twice else _withheld_by_all(named, contract)
    absent = [c.name for c in contract.inputs if c.source in unread and c.name not in named]
    named = named.assign(**dict.fromkeys(absent))
    required = [c.name for c in contract.inputs]
    if target:
        required.append(contract.target.name)
    else:
        required += [c.name for c in contract.columns if c.role == "id"]
        required += [CONSENTS] if contract.consents else []
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


def _withheld_by_all(named: pd.DataFrame, contract: Contract) -> set[str]:
    withheld, _ = withheld_sources(named, contract)
    return {source for source, mask in withheld.items() if mask.size and mask.all()}


def _references(series: pd.Series[Any], *, required: bool) -> tuple[Any, list[MaskedRule]]:
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
