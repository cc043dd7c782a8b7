"""Reports in the state database, beside the cursor that they move with."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    Text,
    UniqueConstraint,
    insert,
    select,
)

from credit.records.store.state import ensure_tables
from drift.result import DriftReport, decode_report, encode_report

metadata = MetaData()

drift_reports = Table(
    "drift_reports",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("consumer", String, nullable=False),
    Column("first_position", BigInteger, nullable=False),
    Column("last_position", BigInteger, nullable=False),
    Column("created_at", String, nullable=False),
    Column("level", String, nullable=False),
    Column("body", Text, nullable=False),
    # The second lock on the door: the cursor already lets only one report in for each window.
    UniqueConstraint("consumer", "first_position"),
)


def create_tables(state: Engine) -> None:
    """Create the table of reports if it is missing."""
    ensure_tables(state, metadata)


def save_report(connection: Connection, consumer: str, report: DriftReport) -> None:
    """Store a report in the caller's write transaction, the one that moves the cursor."""
    connection.execute(
        insert(drift_reports).values(
            consumer=consumer,
            first_position=report.first_position,
            last_position=report.last_position,
            created_at=report.created_at,
            level=report.level,
            body=encode_report(report).decode(),
        )
    )


def latest_report(state: Engine, consumer: str = "drift") -> DriftReport | None:
    """Return the report about the newest window, None before the first."""
    return next(iter(list_reports(state, consumer, limit=1)), None)


def list_reports(
    state: Engine, consumer: str = "drift", *, limit: int = 100, offset: int = 0
) -> list[DriftReport]:
    """Return reports, the newest window first."""
    with state.begin() as connection:
        bodies = connection.execute(_newest_first(consumer).limit(limit).offset(offset)).scalars()
        return [decode_report(body) for body in bodies]


def _newest_first(consumer: str) -> Select[Any]:
    return (
        select(drift_reports.c.body)
        .where(drift_reports.c.consumer == consumer)
        .order_by(drift_reports.c.id.desc())
    )
