"""What people and guards do to a rollout, and how they learn what became of it."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence

import msgspec
import sqlalchemy as sa
from msgspec.structs import replace

from credit.decision import Arm, Rollout
from credit.decision.assignment import CHALLENGER, CHAMPION
from credit.decision.rollout_changes import with_bundle, with_moves, with_share
from credit.errors import RolloutRefused
from serve_app.rollout.change import Change
from serve_app.rollout.members import Member, create_members, serving_members
from serve_app.rollout.store import (
    Past,
    Stage,
    activate_stage,
    cancel_stage,
    read_past,
    read_rollout,
    read_stage,
    stage_rollout,
    write_rollout,
)

LOADING_S = 120.0
"""How long bundles may take to load everywhere before whoever asked is told who is behind."""

_LOOK_S = 0.05


class Status(msgspec.Struct, frozen=True):
    """Who answers, what is about to, and who serves."""

    active: Rollout
    change: Change | None
    changed_at: str | None
    staged: Stage | None
    members: list[Member]


def rollout_status(engine: sa.Engine, product: str) -> Status | None:
    """Read all that an operator looks at; None before the first rollout."""
    active = read_rollout(engine, product)
    if active is None:
        return None
    past = read_past(engine, product, active.generation)
    return Status(
        active,
        None if past is None else past.change,
        None if past is None else past.changed_at,
        read_stage(engine, product),
        serving(engine, product),
    )


def serving(engine: sa.Engine, product: str) -> list[Member]:
    """Return the processes that serve."""
    create_members(engine)
    return serving_members(engine, product)


def change_rollout(
    engine: sa.Engine, product: str, make: Callable[[Rollout], Rollout], change: Change
) -> Rollout:
    """Change the rollout; with nobody serving it is active at once, otherwise it is staged.

    Parameters
    ----------
    make
        Makes the new rollout of the active one; the generation is counted up here.

    Returns
    -------
    The rollout as it is to be: the active one when there is nothing to change.

    Raises
    ------
    RolloutRefused
        When it cannot be made, another change is under way, or no service ever ran.
    """
    current = read_rollout(engine, product)
    if current is None:
        raise RolloutRefused(
            f"there is no rollout of {product} yet: `credit serve` begins one with its champion"
        )
    wanted = make(current)
    if wanted == current:
        return current
    wanted = replace(with_moves(current, wanted), generation=current.generation + 1)
    _put(engine, wanted, change)
    return wanted


def roll_back(engine: sa.Engine, product: str, *, by: str, note: str = "") -> Rollout:
    """Let the generation before the active one answer again, under a new number.

    Rolling back twice goes two generations back. Shadows stay as they are: they answer nobody.

    Raises
    ------
    RolloutRefused
        When there is no earlier generation.
    """
    target = rollback_target(engine, product)

    def restored(current: Rollout) -> Rollout:
        return replace(current, arms=target.rollout.arms, is_paused=target.rollout.is_paused)

    generation = target.rollout.generation
    change = Change(f"rollback to {generation}", by, note, restores=generation)
    return change_rollout(engine, product, restored, change)


def rollback_target(engine: sa.Engine, product: str) -> Past:
    """Find the generation that a rollback restores.

    Raises
    ------
    RolloutRefused
        When there is none.
    """
    active = read_rollout(engine, product)
    current = None if active is None else read_past(engine, product, active.generation)
    if current is not None:
        # What a rollback brought back is the old generation itself: the way goes on from there.
        answers = current.change.restores or current.rollout.generation
        before = read_past(engine, product, answers - 1)
        if before is not None and before.change.restores is not None:
            before = read_past(engine, product, before.change.restores)
        if before is not None:
            return before
    raise RolloutRefused(f"there is no earlier generation of {product} to go back to")


def wait_until_active(engine: sa.Engine, wanted: Rollout, *, patience_s: float = LOADING_S) -> None:
    """Return once every process that serves answers with this generation, or a later one.

    Raises
    ------
    RolloutRefused
        When a process could not load it, it was taken back, or somebody is still loading it.
    """
    product, generation = wanted.product, wanted.generation
    deadline = time.monotonic() + patience_s
    while True:
        behind = [m for m in serving(engine, product) if m.generation < generation]
        active = read_rollout(engine, product)
        if active is not None and active.generation >= generation and not behind:
            return
        if active is not None and active.generation < generation:
            _require_waiting(engine, wanted)
            if not behind:  # whoever served is gone: nobody is left to make it active
                stage = read_stage(engine, product)
                if stage is not None:
                    activate_stage(engine, product, stage.digest)
        if time.monotonic() > deadline:
            roles = ", ".join(sorted(m.role for m in behind))
            raise RolloutRefused(
                f"generation {generation} is not loaded everywhere after {patience_s:g} s (still: {roles}); it "
                "answers when it is. Take it back with `credit rollout cancel`"
            )
        time.sleep(_LOOK_S)


def take_back(engine: sa.Engine, product: str) -> Stage:
    """Take back what waits to be loaded.

    Raises
    ------
    RolloutRefused
        When nothing does.
    """
    stage = cancel_stage(engine, product)
    if stage is None:
        raise RolloutRefused(f"no change of {product} waits to be loaded")
    return stage


def ensure_rollout(
    engine: sa.Engine,
    product: str,
    champion: str | None,
    challengers: Sequence[str] | None,
    *,
    challenger_share: int,
) -> Rollout:
    """Make the rollout name these bundles and this share, as a new generation if it does not yet.

    The salt is drawn once per product and then kept, so that applicants keep their slots.

    Parameters
    ----------
    champion, challengers
        Bundle hashes; None leaves them as they are. The first rollout of a product needs a champion.
    challenger_share
        Slots out of 1,000 for each of `challengers`.
    """
    current = read_rollout(engine, product)
    base = current or Rollout(product, 0, secrets.token_hex(8), (Arm(CHAMPION, ""),))
    wanted = base if champion is None else with_bundle(base, CHAMPION, champion)
    if challengers is not None:
        names = [CHALLENGER if i == 0 else f"{CHALLENGER}_{i + 1}" for i in range(len(challengers))]
        wanted = replace(wanted, arms=tuple(a for a in wanted.arms if a.name in (CHAMPION, *names)))
        for name, bundle in zip(names, challengers, strict=True):
            wanted = with_share(with_bundle(wanted, name, bundle), name, challenger_share)
    if wanted == current:
        return current
    if current is not None:
        wanted = with_moves(current, wanted)
    wanted = replace(wanted, generation=base.generation + 1)
    _put(engine, wanted, Change("serve", "the service's arguments"))
    return wanted


def _put(engine: sa.Engine, wanted: Rollout, change: Change) -> None:
    if serving(engine, wanted.product):
        stage_rollout(engine, wanted, change)
    else:
        write_rollout(engine, wanted, change)


def _require_waiting(engine: sa.Engine, wanted: Rollout) -> None:
    stage = read_stage(engine, wanted.product)
    if stage is None or stage.rollout.generation != wanted.generation:
        current = read_rollout(engine, wanted.product)
        if current is None or current.generation < wanted.generation:
            raise RolloutRefused(f"generation {wanted.generation} was taken back")
    elif stage.refusal is not None:
        raise RolloutRefused(
            f"generation {wanted.generation} cannot be loaded, so the one before goes on: {stage.refusal}"
        )
