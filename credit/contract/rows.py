"""Validate rows to be scored, a part of a table at a time: applications, and which rows are none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.contract.application import Application
from credit.contract.model import Contract
from credit.contract.table import BrokenRule, read_columns, under_contract_names


@dataclass(frozen=True, slots=True)
class CheckedRows:
    """Part of a table, read row by row.

    Attributes
    ----------
    applications
        The rows that satisfy the contract, in their order.
    places
        Where each of them stands in the part, from 0.
    broken
        Rules that rows break; one row may break several.
    n_rows
        Rows of the part.
    """

    applications: list[Application]
    places: npt.NDArray[np.intp]
    broken: tuple[BrokenRule, ...]
    n_rows: int


def check_rows(frame: pd.DataFrame, contract: Contract) -> CheckedRows:
    """Hold part of a table against a contract: the rows that :func:`check_frame` finds good.

    What becomes of a row does not depend on the others. Hence the outcome, if there is one, is not looked
    at: an application has none, and which of two words means good shows in a whole table only.

    Raises
    ------
    ContractError
        When columns are unknown or missing: no row can be right then.
    """
    target = contract.target
    outcome = [name for name in frame.columns if name in (target.name, *target.source_names)]
    named = under_contract_names(frame.drop(columns=outcome), contract, target=False)
    table = read_columns(named, contract)
    places = np.flatnonzero(~table.bad)
    of_people = table.values.get("applicant_id")
    withheld = _withheld(table.withheld, places)
    return CheckedRows(
        applications=list(
            map(
                Application,
                table.values["application_id"][places].tolist(),
                [None] * len(places) if of_people is None else of_people[places].tolist(),
                [None] * len(places),
                map(tuple, table.raw[places].tolist()),
                withheld,
            )
        ),
        places=places,
        broken=table.broken,
        n_rows=table.n_rows,
    )


def _withheld(
    masks: dict[str, npt.NDArray[np.bool_]], places: npt.NDArray[np.intp]
) -> list[tuple[str, ...]]:
    """Name the sources that each row withholds, in the contract's order."""
    if not masks:
        return [()] * len(places)
    rows = np.column_stack([mask[places] for mask in masks.values()]).tolist()
    return [
        tuple([source for source, gone in zip(masks, row, strict=True) if gone]) for row in rows
    ]
