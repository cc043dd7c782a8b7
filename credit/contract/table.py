"""The columns of a table under a contract: their values, and which rows break which rule."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    withheld_sources,
)
from credit.contract.model import Contract
from credit.contract.row import MAXIMUM_ID_LENGTH
from credit.errors import ContractError

REFERENCES = {"id": "application_id", "applicant_id": "applicant_id"}
"""Roles of columns that name an application or a person, and what such a column is called here."""


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """One rule of one field, and the rows that break it.

    Attributes
    ----------
    field, rule
        As in :class:`credit.errors.Failure`.
    message
        What was expected.
    rows
        Which rows of the table, as a mask of shape (n_rows,).
    """

    field: str
    rule: str
    message: str
    rows: Mask


@dataclass(frozen=True, slots=True)
class TableColumns:
    """What a table says, whether its rows are right or not.

    Attributes
    ----------
    n_rows
        Rows of the table.
    values
        Columns by name: references and texts as objects with None for missing, all else as float64 with
        NaN. The reference of an application stands under ``application_id``, that of a person under
        ``applicant_id``.
    raw
        The input columns as an application holds them, shape (n_rows, n_inputs).
    withheld
        Rows without consent, by source.
    broken
        Rules that at least one row breaks.
    """

    n_rows: int
    values: dict[str, npt.NDArray[Any]]
    raw: npt.NDArray[np.float64]
    withheld: dict[str, Mask]
    broken: tuple[BrokenRule, ...]

    @property
    def bad(self) -> Mask:
        """Rows that break at least one rule."""
        found = np.zeros(self.n_rows, dtype=bool)
        for broken in self.broken:
            found |= broken.rows
        return found


def read_columns(named: pd.DataFrame, contract: Contract) -> TableColumns:
    """Read a table whose columns have their contract names, see :func:`under_contract_names`."""
    broken: list[BrokenRule] = []
    withheld, masks = withheld_sources(named, contract)
    broken += _broken(CONSENTS, masks, None)
    values: dict[str, npt.NDArray[Any]] = {}
    raw = np.empty((len(named), len(contract.inputs)))
    for column in contract.columns:
        if column.name not in named or column.role == "ignored":
            continue
        cells = named[column.name]
        if column.role in REFERENCES:
            references, masks = _references(cells, required=column.role == "id")
            values[REFERENCES[column.role]] = references
            broken += _broken(column.name, masks, None)
            continue
        exempt = withheld.get(column.source or "")
        if column.type == "text" and column.role != "target":
            texts, masks = read_texts(cells, column)
            if exempt is not None:
                texts[exempt] = None
            values[column.name] = texts
        else:
            numbers, masks = read_cells(cells, column)
            if exempt is not None:
                numbers = np.where(exempt, np.nan, numbers)
            if column.name in contract.input_positions:
                raw[:, contract.input_positions[column.name]] = numbers
            values[column.name] = numbers
        broken += _broken(column.name, masks, exempt)
    return TableColumns(len(named), values, raw, withheld, tuple(broken))


def _broken(field: str, masks: Sequence[MaskedRule], exempt: Mask | None) -> Iterator[BrokenRule]:
    for rule, message, mask in masks:
        rows = mask if exempt is None else mask & ~exempt
        if rows.any():
            yield BrokenRule(field, rule, message, rows)


def under_contract_names(frame: pd.DataFrame, contract: Contract, *, target: bool) -> pd.DataFrame:
    """Give columns their contract names.

    Raises
    ------
    ContractError
        When columns are unknown, missing or given twice.
    """
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
