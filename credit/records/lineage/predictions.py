"""Decisions under the names that earlier systems logged them by: the view ``predictions``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from sqlalchemy import Float, Select, String, column, select, table

from credit.records.reading.order import STORED
from credit.records.reading.reader import RecordReader, stored_record
from credit.records.reading.selection import PAGE, Period, id_at
from credit.records.store.schema import records

_view = table(
    "predictions",
    column("decision_id", String),
    column("tenant", String),
    column("timestamp", String),
    column("input", String),
    column("default_probability", Float),
    column("credit_score", Float),
    column("rating", String),
    column("decision", String),
    column("arm", String),
    column("model", String),
)


class Prediction(msgspec.Struct, frozen=True):
    """One row of the view.

    Attributes
    ----------
    timestamp
        When the decision was made, UTC.
    input
        The application as JSON; null when it was not opened, or may not be.
    """

    decision_id: str
    tenant: str
    timestamp: str
    input: str | None
    default_probability: float
    credit_score: float
    rating: str
    decision: str
    arm: str
    model: str

    def __repr__(self) -> str:
        """Show no value of the application."""
        return f"Prediction(decision_id={self.decision_id!r})"


def predictions(
    reader: RecordReader, wanted: Period, *, tenant: str, opened: bool
) -> Iterator[list[Prediction]]:
    """Read predictions of a tenant in the order of time, in pages.

    Parameters
    ----------
    opened
        Whether to open applications; the reader needs keys then.
    """
    last = ""
    while True:
        statement = _of(wanted, tenant).where(_view.c.decision_id > last)
        page = _read(reader, statement.order_by(_view.c.decision_id).limit(PAGE), opened=opened)
        if not page:
            return
        yield page
        last = page[-1].decision_id


def newest_predictions(
    reader: RecordReader,
    wanted: Period,
    n: int,
    *,
    tenant: str,
    opened: bool,
    offset: int = 0,
) -> list[Prediction]:
    """Read the newest `n` predictions of a tenant, newest first, behind the `offset` newest."""
    statement = _of(wanted, tenant).order_by(_view.c.decision_id.desc()).limit(n).offset(offset)
    return _read(reader, statement, opened=opened)


def _of(wanted: Period, tenant: str) -> Select[Any]:
    statement = select(_view).where(_view.c.tenant == tenant)
    if wanted.since is not None:
        statement = statement.where(_view.c.decision_id >= id_at(wanted.since))
    if wanted.until is not None:
        statement = statement.where(_view.c.decision_id < id_at(wanted.until))
    return statement


def _read(reader: RecordReader, statement: Select[Any], *, opened: bool) -> list[Prediction]:
    with reader.reading() as connection:
        if connection is None:
            return []
        page = [Prediction(**row) for row in connection.execute(statement).mappings()]
        if not opened or not page:
            return page
        ids = [row.decision_id for row in page]
        rows = connection.execute(STORED.where(records.c.decision_id.in_(ids))).all()
    stored = [stored_record(row) for row in rows]
    parts = zip(stored, reader.open_many(stored), strict=True)
    inputs = {
        record.decision_id: msgspec.json.encode(part.application).decode()
        for record, part in parts
        if part is not None
    }
    return [msgspec.structs.replace(row, input=inputs.get(row.decision_id)) for row in page]
