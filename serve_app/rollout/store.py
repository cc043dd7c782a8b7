"""The rollout in the state database: what answers, what is about to, and all that did.

A change is staged under the generation that follows the one it was made from, so of two operators one
is told to look again. It becomes active once every process that serves has loaded its bundles.
"""

from __future__ import annotations

import datetime
import hashlib

import msgspec
import sqlalchemy as sa

from credit.decision import Rollout
from credit.errors import RolloutMoved, RolloutRefused
from credit.records.store.engine import begin_alone
from credit.records.store.state import ensure_tables
from serve_app.rollout.change import Change

metadata = sa.MetaData()

rollouts = sa.Table(
    "rollouts",
    metadata,
    sa.Column("product", sa.String(64), primary_key=True),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("changed_at", sa.String(32), nullable=False),
)

stages = sa.Table(
    "rollout_stages",
    metadata,
    sa.Column("product", sa.String(64), primary_key=True),
    sa.Column("digest", sa.String(64), nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("change", sa.LargeBinary, nullable=False),
    sa.Column("staged_at", sa.String(32), nullable=False),
    sa.Column("refusal", sa.Text, nullable=True),
)

history = sa.Table(
    "rollout_history",
    metadata,
    sa.Column("product", sa.String(64), primary_key=True),
    sa.Column("generation", sa.BigInteger, primary_key=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("change", sa.LargeBinary, nullable=False),
    sa.Column("changed_at", sa.String(32), nullable=False),
)


class Stage(msgspec.Struct, frozen=True):
    """A rollout that waits until all have loaded it.

    Attributes
    ----------
    digest
        Names it; whoever has loaded it reports this.
    refusal
        Why it will never be active: a process could not load it. None while it waits.
    """

    digest: str
    rollout: Rollout
    change: Change
    staged_at: str
    refusal: str | None


class Past(msgspec.Struct, frozen=True):
    """A generation that was active, and the change that made it."""

    rollout: Rollout
    change: Change
    changed_at: str


class Heads(msgspec.Struct, frozen=True):
    """What a follower looks at to see whether anything is new.

    Attributes
    ----------
    staged
        Digest of what waits to be loaded; None when nothing does.
    """

    generation: int
    staged: str | None


def create_tables(engine: sa.Engine) -> None:
    """Create those tables that are missing."""
    ensure_tables(engine, metadata)


def read_rollout(engine: sa.Engine, product: str) -> Rollout | None:
    """Return the rollout that is active, or None before the first one."""
    create_tables(engine)
    with engine.connect() as connection:
        body = connection.execute(
            sa.select(rollouts.c.body).where(rollouts.c.product == product)
        ).scalar()
    return None if body is None else msgspec.json.decode(body, type=Rollout)


def read_heads(engine: sa.Engine, product: str) -> Heads | None:
    """Return what is active and what waits; cheap enough to be asked several times a second."""
    with engine.connect() as connection:
        row = connection.execute(_HEADS, {"product": product}).one_or_none()
    return None if row is None else Heads(row.generation, row.digest)


def read_stage(engine: sa.Engine, product: str) -> Stage | None:
    """Return what waits to be loaded, or was refused, if anything."""
    with engine.connect() as connection:
        return _stage(connection, product)


def read_history(engine: sa.Engine, product: str, *, limit: int = 100) -> list[Past]:
    """Return generations that were active, the newest first."""
    create_tables(engine)
    found = (
        sa.select(history)
        .where(history.c.product == product)
        .order_by(history.c.generation.desc())
        .limit(limit)
    )
    with engine.connect() as connection:
        return [_past(row) for row in connection.execute(found)]


def read_past(engine: sa.Engine, product: str, generation: int) -> Past | None:
    """Return one generation that was active, None when it is not known."""
    found = sa.select(history).where(
        history.c.product == product, history.c.generation == generation
    )
    with engine.connect() as connection:
        row = connection.execute(found).one_or_none()
    return None if row is None else _past(row)


def stage_rollout(engine: sa.Engine, rollout: Rollout, change: Change) -> Stage:
    """Propose a rollout whose generation is one above the active one.

    Raises
    ------
    RolloutMoved
        When another generation is active.
    RolloutRefused
        When another change waits to be loaded.
    """
    create_tables(engine)
    body = msgspec.json.encode(rollout)
    stage = Stage(hashlib.sha256(body).hexdigest(), rollout, change, _now(), None)
    with begin_alone(engine) as connection:
        _require_next(connection, rollout)
        waiting = _stage(connection, rollout.product)
        if waiting is not None and waiting.refusal is None:
            raise RolloutRefused(
                f"generation {waiting.rollout.generation} of {rollout.product} ({waiting.change}) is being "
                "loaded: wait until it answers, or take it back with `credit rollout cancel`"
            )
        connection.execute(sa.delete(stages).where(stages.c.product == rollout.product))
        connection.execute(
            sa.insert(stages).values(
                product=rollout.product,
                digest=stage.digest,
                body=body,
                change=msgspec.json.encode(change),
                staged_at=stage.staged_at,
            )
        )
    return stage


def activate_stage(engine: sa.Engine, product: str, digest: str) -> Rollout | None:
    """Make a staged rollout the one that answers; None when it is no longer staged."""
    with begin_alone(engine) as connection:
        stage = _stage(connection, product)
        if stage is None or stage.digest != digest or stage.refusal is not None:
            return None
        connection.execute(sa.delete(stages).where(stages.c.product == product))
        _write(connection, stage.rollout, stage.change)
    return stage.rollout


def refuse_stage(engine: sa.Engine, product: str, digest: str, why: str) -> None:
    """Say that a staged rollout will never be active; what answers goes on."""
    with begin_alone(engine) as connection:
        connection.execute(
            sa.update(stages)
            .where(stages.c.product == product, stages.c.digest == digest)
            .values(refusal=why)
        )


def cancel_stage(engine: sa.Engine, product: str) -> Stage | None:
    """Take back what is staged, and return it; None when nothing is."""
    create_tables(engine)
    with begin_alone(engine) as connection:
        stage = _stage(connection, product)
        connection.execute(sa.delete(stages).where(stages.c.product == product))
    return stage


def write_rollout(engine: sa.Engine, rollout: Rollout, change: Change) -> None:
    """Make a rollout active at once, which is for when nobody serves.

    Raises
    ------
    RolloutMoved
        When its generation is not one above the active one.
    """
    create_tables(engine)
    with begin_alone(engine) as connection:
        _require_next(connection, rollout)
        connection.execute(sa.delete(stages).where(stages.c.product == rollout.product))
        _write(connection, rollout, change)


_HEADS = (
    sa.select(rollouts.c.generation, stages.c.digest)
    .select_from(
        rollouts.outerjoin(
            stages, sa.and_(stages.c.product == rollouts.c.product, stages.c.refusal.is_(None))
        )
    )
    .where(rollouts.c.product == sa.bindparam("product"))
)


def _require_next(connection: sa.Connection, rollout: Rollout) -> None:
    stored = _active_generation(connection, rollout.product)
    if stored != rollout.generation - 1:
        raise RolloutMoved(
            f"the rollout of {rollout.product} is at generation {stored}, not "
            f"{rollout.generation - 1}: read it again and repeat the change"
        )


def _active_generation(connection: sa.Connection, product: str) -> int:
    found = sa.select(rollouts.c.generation).where(rollouts.c.product == product)
    return connection.execute(found).scalar() or 0


def _stage(connection: sa.Connection, product: str) -> Stage | None:
    row = connection.execute(sa.select(stages).where(stages.c.product == product)).one_or_none()
    if row is None:
        return None
    return Stage(
        row.digest,
        msgspec.json.decode(row.body, type=Rollout),
        msgspec.json.decode(row.change, type=Change),
        row.staged_at,
        row.refusal,
    )


def _past(row: sa.Row[tuple[object, ...]]) -> Past:
    return Past(
        msgspec.json.decode(row.body, type=Rollout),
        msgspec.json.decode(row.change, type=Change),
        row.changed_at,
    )


def _write(connection: sa.Connection, rollout: Rollout, change: Change) -> None:
    values = {
        "generation": rollout.generation,
        "body": msgspec.json.encode(rollout),
        "changed_at": _now(),
    }
    moved = connection.execute(
        sa.update(rollouts).where(rollouts.c.product == rollout.product).values(**values)
    )
    if moved.rowcount == 0:
        connection.execute(sa.insert(rollouts).values(product=rollout.product, **values))
    connection.execute(
        sa.insert(history).values(
            product=rollout.product, change=msgspec.json.encode(change), **values
        )
    )


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat()
