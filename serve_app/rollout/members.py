"""Who serves now, and what each has loaded."""

from __future__ import annotations

import time

import msgspec
import sqlalchemy as sa

from credit.records.store.engine import begin_write, insert_into
from credit.records.store.state import ensure_tables
from serve_app.rollout.store import metadata

SILENT_AFTER_S = 10.0
"""Whoever has not been heard of for so long serves no more, and nobody waits for it."""

HEARTBEAT_S = 2.0

members = sa.Table(
    "rollout_members",
    metadata,
    sa.Column("product", sa.String(64), primary_key=True),
    sa.Column("member", sa.String(64), primary_key=True),
    sa.Column("role", sa.String(32), nullable=False),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("loaded", sa.String(64), nullable=True),
    sa.Column("seen_at", sa.Float, nullable=False),  # Unix time
)


class Member(msgspec.Struct, frozen=True):
    """One process that serves.

    Attributes
    ----------
    member
        Drawn by the process when it starts.
    role
        Such as ``gateway`` or ``explainer``.
    generation
        The generation it answers with.
    loaded
        Digest of the staged rollout whose bundles it holds; None when there is none.
    """

    member: str
    role: str
    generation: int
    loaded: str | None


def create_members(engine: sa.Engine) -> None:
    """Create the table of members, and the others of the rollout, if they are missing."""
    ensure_tables(engine, metadata)


def report_member(
    engine: sa.Engine, product: str, member: Member, *, now: float | None = None
) -> None:
    """Say that a process serves, and what it holds."""
    values = {
        "role": member.role,
        "generation": member.generation,
        "loaded": member.loaded,
        "seen_at": time.time() if now is None else now,
    }
    with begin_write(engine) as connection:
        key = {"product": product, "member": member.member}
        statement = insert_into(connection, members).values(**key, **values)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[members.c.product, members.c.member], set_=values
            )
        )


def forget_member(engine: sa.Engine, product: str, member: str) -> None:
    """Say that a process serves no more, and drop those that fell silent long ago."""
    long_silent = members.c.seen_at < time.time() - 60 * SILENT_AFTER_S
    with begin_write(engine) as connection:
        connection.execute(
            sa.delete(members).where(
                members.c.product == product, sa.or_(members.c.member == member, long_silent)
            )
        )


def serving_members(engine: sa.Engine, product: str, *, now: float | None = None) -> list[Member]:
    """Return those who were heard of within :data:`SILENT_AFTER_S`."""
    since = (time.time() if now is None else now) - SILENT_AFTER_S
    found = (
        sa.select(members.c.member, members.c.role, members.c.generation, members.c.loaded)
        .where(members.c.product == product, members.c.seen_at >= since)
        .order_by(members.c.role, members.c.member)
    )
    with engine.connect() as connection:
        return [Member(*row) for row in connection.execute(found)]
