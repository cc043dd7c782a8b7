"""Tables of what is added to decisions, and how a row is added."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from credit.records.store.engine import begin_write
from credit.records.store.state import ensure_tables

MAXIMUM_PAGE = 1_000
"""Decisions that may be asked for at a time."""

metadata = sa.MetaData()


def _columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("tenant", sa.String(64), nullable=False),
        sa.Column("decision_id", sa.String(64), nullable=False),
        sa.Column("recorded_at", sa.String(32), nullable=False),
    )


outcomes = sa.Table(
    "outcomes",
    metadata,
    *_columns(),
    sa.Column("defaulted", sa.Boolean, nullable=False),
    sa.Column("observed_on", sa.String(10), nullable=False),
    sa.Index("outcomes_of", "tenant", "decision_id"),
)

reviews = sa.Table(
    "reviews",
    metadata,
    *_columns(),
    sa.Column("decision", sa.String(16), nullable=False),
    sa.Column("reason_code", sa.String(64), nullable=False),
    sa.Column("reviewer", sa.String(64), nullable=False),
    sa.Index("reviews_of", "tenant", "decision_id"),
)


def add_row(
    state: sa.Engine, table: sa.Table, tenant: str, decision_id: str, values: Mapping[str, Any]
) -> str:
    """Add a row unless the newest says the same; return when it was recorded."""
    ensure_tables(state, metadata)
    with begin_write(state) as connection:
        found = newest(connection, table, tenant, [decision_id]).get(decision_id)
        if found is not None and all(found[name] == value for name, value in values.items()):
            return str(found["recorded_at"])
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="microseconds")
        connection.execute(
            sa.insert(table).values(
                tenant=tenant, decision_id=decision_id, recorded_at=now, **values
            )
        )
    return now


def newest(
    connection: sa.Connection, table: sa.Table, tenant: str, decision_ids: Sequence[str]
) -> dict[str, Mapping[str, Any]]:
    """Read the newest row of each decision that has one."""
    if len(decision_ids) > MAXIMUM_PAGE:
        raise ValueError(f"decision_ids: expected at most {MAXIMUM_PAGE}, came {len(decision_ids)}")
    found = (
        sa.select(table)
        .where(table.c.tenant == tenant, table.c.decision_id.in_(decision_ids))
        .order_by(table.c.id)
    )
    return {row["decision_id"]: dict(row) for row in connection.execute(found).mappings()}
