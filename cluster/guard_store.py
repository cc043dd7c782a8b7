"""What was counted in each watch, in the state database, beside the cursor that it moves with."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from cluster.guard_watch import Watch
from credit.experiment.guards import GuardState
from credit.records.store.engine import insert_into
from credit.records.store.state import ensure_tables

metadata = sa.MetaData()

guard_watches = sa.Table(
    "guard_watches",
    metadata,
    sa.Column("consumer", sa.String(128), primary_key=True),
    sa.Column("arm", sa.String(64), primary_key=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
)


class Watched(msgspec.Struct, frozen=True):
    """A watch and what was counted in it."""

    watch: Watch
    state: GuardState


def create_watches(engine: sa.Engine) -> None:
    """Create the table of watches if it is missing."""
    ensure_tables(engine, metadata)


def read_watches(engine: sa.Engine, consumer: str) -> dict[str, Watched]:
    """Read what was counted, by arm; an arm that was taken off keeps its last watch."""
    found = (
        sa.select(guard_watches.c.arm, guard_watches.c.body)
        .where(guard_watches.c.consumer == consumer)
        .order_by(guard_watches.c.arm)
    )
    with engine.connect() as connection:
        rows = connection.execute(found).all()
    return {row.arm: msgspec.json.decode(row.body, type=Watched) for row in rows}


def save_watches(connection: sa.Connection, consumer: str, watched: Sequence[Watched]) -> None:
    """Store what was counted, in the caller's write transaction: the one that moves the cursor."""
    for each in watched:
        body = msgspec.json.encode(each)
        statement = insert_into(connection, guard_watches).values(
            consumer=consumer, arm=each.watch.arm, body=body
        )
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[guard_watches.c.consumer, guard_watches.c.arm], set_={"body": body}
            )
        )


def drop_watches(connection: sa.Connection, consumer: str, arms: Sequence[str]) -> None:
    """Forget arms that are no longer in the rollout."""
    connection.execute(
        sa.delete(guard_watches).where(
            guard_watches.c.consumer == consumer, guard_watches.c.arm.in_(arms)
        )
    )
