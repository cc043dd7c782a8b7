"""The rows of a CSV or Parquet table that came as a body, read as ``credit score`` reads files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow.parquet

from credit.contract import Application, Contract
from credit.contract.cells import CONSENTS
from credit.contract.rows import check_rows
from credit.contract.texts import reference_texts, typed_frame
from credit.data.parsing import UNREADABLE
from credit.data.parts import Part, parts_of
from credit.errors import ApplicationInvalid, ContractError, DataError, Failure
from serve_app.batch.rows import Row, too_many_rows

MAXIMUM_COLUMNS = 1_000

MAXIMUM_EXPANSION = 16
"""Most bytes that a byte of Parquet may say to stand for: a file of zeros packs a thousandfold."""

_TORN = Failure("row", "length", "expected as many fields as the header has")


def table_rows(
    body: bytes, kind: Literal["csv", "parquet"], contract: Contract, maximum: int
) -> list[Row]:
    """Check the rows of a table.

    Raises
    ------
    DataError
        When it cannot be read. The reader's own words are left out: they quote cells.
    ContractError
        When it has not the contract's columns.
    MalformedRequest
        When it has too many rows.
    """
    rows: list[Row] = []
    try:
        if kind == "parquet":
            _check_size(body, maximum)
        for part in parts_of(body, ".csv" if kind == "csv" else ".parquet"):
            if len(rows) + part.n_rows > maximum:
                raise too_many_rows(maximum)
            rows += _rows_of(part, contract)
    except UNREADABLE:
        expected = "a header and rows, in UTF-8" if kind == "csv" else "a Parquet file"
        raise DataError(f"the body cannot be read: expected {expected}") from None
    return rows


def _check_size(body: bytes, maximum: int) -> None:
    """Refuse what is too large by its own metadata, before any of it is unpacked."""
    metadata = pyarrow.parquet.read_metadata(pyarrow.BufferReader(body))
    if metadata.num_rows > maximum:
        raise too_many_rows(maximum)
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    if sum(group.total_byte_size for group in groups) > MAXIMUM_EXPANSION * max(len(body), 2**20):
        raise DataError(
            f"the body unpacks to more than {MAXIMUM_EXPANSION} times its size; send it as CSV, or in several "
            "requests"
        )


def _rows_of(part: Part, contract: Contract) -> Iterator[Row]:
    checked = check_rows(_frame_of(part, contract), contract)
    found: dict[int, Application] = dict(
        zip(checked.places.tolist(), checked.applications, strict=True)
    )
    failures: dict[int, list[Failure]] = {}
    for broken in checked.broken:
        failure = Failure(broken.field, broken.rule, broken.message)
        for place in np.flatnonzero(broken.rows).tolist():
            failures.setdefault(place, []).append(failure)
    places = {number: place for place, number in enumerate(part.numbers.tolist())}
    for number in range(part.first, part.first + part.n_rows):
        row = places.get(number)
        if row is None:
            yield ApplicationInvalid([_TORN])
        else:
            yield found.get(row) or ApplicationInvalid(failures[row])


def _frame_of(part: Part, contract: Contract) -> pd.DataFrame:
    table = part.table
    if isinstance(table, pd.DataFrame):
        return table
    _check_columns(table.column_names, contract)
    if part.is_text:
        return typed_frame(table, contract)
    frame: pd.DataFrame = reference_texts(table, contract).to_pandas()
    return frame


def _check_columns(names: list[str], contract: Contract) -> None:
    """Refuse other columns in words of our own: without a header, the names are a person's values."""
    known = {name for c in contract.columns for name in (c.name, *c.source_names)} | {CONSENTS}
    unknown = [
        place
        for place, name in enumerate(names, start=1)
        if name not in known and not _is_index(place, name)
    ]
    sent = set(names)
    optional = set(contract.consent_sources)
    needed = [c for c in contract.columns if c.role == "id"]
    needed += [c for c in contract.inputs if c.source not in optional]
    missing = [c.name for c in needed if not sent & {c.name, *c.source_names}]
    if missing or unknown or len(names) > MAXIMUM_COLUMNS:
        told = [f"missing columns {', '.join(missing)}"] if missing else []
        told += (
            [f"{len(unknown)} unknown columns, the first at place {unknown[0]}"] if unknown else []
        )
        raise ContractError(
            f"the table does not fit contract {contract.product}: {'; '.join(told) or 'too many columns'}. "
            "Expected a header with the contract's names"
        )


def _is_index(place: int, name: str) -> bool:
    """Whether a column is a saved index, which spreadsheets and pandas leave behind."""
    return (place == 1 and name.startswith("Unnamed:")) or name.startswith("__index_level_")
