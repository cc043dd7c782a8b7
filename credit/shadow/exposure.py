"""Amounts that were applied for, opened when a report asks for them and kept nowhere."""

from __future__ import annotations

import math
from collections.abc import Sequence

from credit.contract import Contract
from credit.errors import SettingsInvalid
from credit.records import RecordReader
from credit.records.reading.order import STORED
from credit.records.reading.reader import stored_record
from credit.records.store.schema import records

_PAGE = 500


def require_exposure(contract: Contract, column: str) -> None:
    """Refuse a column that no amount can be read from.

    Raises
    ------
    SettingsInvalid
        The contract has no such column, or it holds no numbers.
    """
    numbers = [c.name for c in contract.inputs if c.type in ("number", "integer")]
    if column not in numbers:
        raise SettingsInvalid(
            f"--exposure {column}: expected a column of {contract.product} that holds the amount at risk, "
            f"one of {', '.join(numbers)}"
        )


def read_exposures(reader: RecordReader, positions: Sequence[int], column: str) -> list[float]:
    """Open records and read one column of their applications, in the order given.

    Parameters
    ----------
    reader
        With keys.
    positions
        Of records in the store.

    Returns
    -------
    NaN where the record is closed or gone, the column is null, or the amount is not positive.

    Raises
    ------
    KeyUnavailable, RecordStoreUnavailable
        Records cannot be opened.
    """
    found: list[float] = []
    for begin in range(0, len(positions), _PAGE):
        page = positions[begin : begin + _PAGE]
        with reader.reading() as connection:
            statement = STORED.where(records.c.position.in_(page))
            rows = [] if connection is None else connection.execute(statement).all()
        stored = [stored_record(row) for row in rows]
        parts = reader.open_many(stored)
        amounts = {
            record.position: _amount(None if part is None else part.application.get(column))
            for record, part in zip(stored, parts, strict=True)
        }
        found += [amounts.get(position, math.nan) for position in page]
    return found


def _amount(value: object) -> float:
    return float(value) if isinstance(value, int | float) and value > 0 else math.nan
