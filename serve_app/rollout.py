"""The rollout row: which bundles answer, changed by compare-and-swap on its generation."""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Sequence

import msgspec
import sqlalchemy as sa

from credit.decision.assignment import CHALLENGER, CHAMPION, Arm, Rollout, with_share
from credit.errors import SettingsInvalid
from credit.records import begin_write
from credit.records.store.state import ensure_tables

metadata = sa.MetaData()

rollouts = sa.Table(
    "rollouts",
    metadata,
    sa.Column("product", sa.String(64), primary_key=True),
    sa.Column("generation", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("changed_at", sa.String(32), nullable=False),
)


class RolloutMoved(SettingsInvalid):
    """Somebody else changed the rollout in between."""


def read_rollout(engine: sa.Engine, product: str) -> Rollout | None:
    """Return the current rollout of a product, or None before the first one."""
    ensure_tables(engine, metadata)
    with engine.connect() as connection:
        body = connection.execute(
            sa.select(rollouts.c.body).where(rollouts.c.product == product)
        ).scalar()
    return None if body is None else msgspec.json.decode(body, type=Rollout)


def write_rollout(engine: sa.Engine, rollout: Rollout) -> None:
    """Store a rollout whose generation is one above the stored one.

    Raises
    ------
    RolloutMoved
        When the stored generation is another one.
    """
    ensure_tables(engine, metadata)
    values = {
        "generation": rollout.generation,
        "body": msgspec.json.encode(rollout),
        "changed_at": datetime.datetime.now(datetime.UTC).isoformat(),
    }
    with begin_write(engine) as connection:
        stored = connection.execute(
            sa.select(rollouts.c.generation).where(rollouts.c.product == rollout.product)
        ).scalar()
        if (stored or 0) != rollout.generation - 1:
            raise RolloutMoved(
                f"the rollout of {rollout.product} is at generation {stored or 0}, not "
                f"{rollout.generation - 1}: read it again and repeat the change"
            )
        if stored is None:
            connection.execute(rollouts.insert().values(product=rollout.product, **values))
        else:
            connection.execute(
                rollouts.update().where(rollouts.c.product == rollout.product).values(**values)
            )


def ensure_rollout(
    engine: sa.Engine,
    product: str,
    champion: str,
    challengers: Sequence[str],
    *,
    challenger_share: int,
) -> Rollout:
    """Make the stored rollout name these bundles and this share, as a new generation if it does not yet.

    The salt is drawn once per product and then kept, so that applicants keep their slots.

    Parameters
    ----------
    champion, challengers
        Bundle hashes.
    challenger_share
        Slots out of 1,000 for each challenger.
    """
    current = read_rollout(engine, product)
    base = current or Rollout(product=product, generation=0, salt=secrets.token_hex(8), arms=())
    names = [CHALLENGER if i == 0 else f"{CHALLENGER}_{i + 1}" for i in range(len(challengers))]
    kept = {arm.name: arm.slots for arm in base.arms[1:]}
    arms = [Arm(CHAMPION, champion)]
    arms += [Arm(n, b, kept.get(n, ())) for n, b in zip(names, challengers, strict=True)]
    wanted = msgspec.structs.replace(base, arms=tuple(arms))
    for name in names:
        wanted = with_share(wanted, name, challenger_share)
    if wanted == current:
        return current
    wanted = msgspec.structs.replace(wanted, generation=base.generation + 1)
    write_rollout(engine, wanted)
    return wanted
