"""Validate a table: the good rows, and a report of failures per rule."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.contract.cells import CONSENTS, shown_values
from credit.contract.model import Contract
from credit.contract.table import REFERENCES, read_columns, under_contract_names


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
    named = under_contract_names(frame, contract, target=target)
    table = read_columns(named, contract)
    by_name = contract.by_name
    columns = {
        name: values if name in REFERENCES.values() else shown_values(values, by_name[name])
        for name, values in table.values.items()
    }
    if CONSENTS in named:
        columns[CONSENTS] = named[CONSENTS].to_numpy()
    if "application_id" not in columns:
        numbers = np.arange(1, len(named) + 1).astype(str).astype(object)
        columns = {"application_id": numbers} | columns
    kept = ~table.bad
    good = pd.DataFrame(columns)[kept]
    if contract.target.name in good:
        good[contract.target.name] = good[contract.target.name].astype("int8")
    failures = [
        RuleFailure(b.field, b.rule, b.message, int(b.rows.sum()), int(b.rows.argmax()) + 1)
        for b in table.broken
    ]
    return FrameCheck(
        good=good,
        raw=np.ascontiguousarray(table.raw[kept]),
        failures=tuple(sorted(failures, key=lambda failure: -failure.n_rows)),
        n_rows=len(named),
    )
