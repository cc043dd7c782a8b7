"""The commands that change a rollout, the same from the command line and over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import msgspec
import sqlalchemy as sa

from credit.decision import Rollout
from credit.decision.assignment import CHAMPION
from credit.decision.rollout_changes import (
    paused,
    promoted,
    resumed,
    with_bundle,
    with_shadow,
    with_share,
    without,
)
from credit.errors import RolloutRefused
from serve_app.rollout.change import Change
from serve_app.rollout.operate import change_rollout, roll_back, take_back

Prepare = Callable[[str], str]
"""Brings a bundle that is named by alias, hash or folder into place, tries it, and returns its hash."""


class _Command(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="action", forbid_unknown_fields=True
):
    """What all commands carry: ``note`` is kept in the history."""

    note: str = ""


class Set(_Command, frozen=True, tag="set"):
    """Give an arm a bundle, a share of applicants out of 1,000, or both; a new name is a new challenger."""

    arm: str
    bundle: str | None = None
    share: int | None = None


class Promote(_Command, frozen=True, tag="promote"):
    """Let a challenger's bundle be the champion's."""

    arm: str


class Remove(_Command, frozen=True, tag="remove"):
    """Take a challenger or a shadow out."""

    arm: str


class Shadow(_Command, frozen=True, tag="shadow"):
    """Let a bundle score, unseen, what others answer."""

    arm: str
    bundle: str


class Pause(_Command, frozen=True, tag="pause"):
    """Let the champion answer everybody; challengers keep their slots."""


class Resume(_Command, frozen=True, tag="resume"):
    """End a pause."""


class Rollback(_Command, frozen=True, tag="rollback"):
    """Let the generation before answer again."""


class Cancel(_Command, frozen=True, tag="cancel"):
    """Take back a change that waits to be loaded."""


Command = Set | Promote | Remove | Shadow | Pause | Resume | Rollback | Cancel


def execute(
    engine: sa.Engine, product: str, command: Command, *, by: str, prepare: Prepare
) -> Rollout | None:
    """Carry a command out.

    Returns
    -------
    The rollout as it is to be, active at once where nobody serves; None after a cancellation.

    Raises
    ------
    RolloutRefused
        When it cannot be done now, or at all.
    BundleError, RegistryUnavailable
        When `prepare` cannot use the bundle.
    """
    make: Callable[[Rollout], Rollout]
    match command:
        case Cancel():
            take_back(engine, product)
            return None
        case Rollback():
            return roll_back(engine, product, by=by, note=command.note)
        case Set() if command.bundle is None and command.share is None:
            raise RolloutRefused(f"set {command.arm}: expected a bundle, a share, or both")
        case Set():
            hash_ = None if command.bundle is None else prepare(command.bundle)
            make = partial(_set, command=command, hash_=hash_)
        case Shadow():
            make = partial(with_shadow, name=command.arm, bundle=prepare(command.bundle))
        case Promote():
            make = partial(promoted, name=command.arm)
        case Remove():
            make = partial(without, name=command.arm)
        case Pause():
            make = paused
        case Resume():
            make = resumed
    return change_rollout(engine, product, make, Change(_words(command), by, command.note))


def _set(rollout: Rollout, *, command: Set, hash_: str | None) -> Rollout:
    if hash_ is not None:
        rollout = with_bundle(rollout, command.arm, hash_)
    if command.share is None:
        return rollout
    if command.arm == CHAMPION:
        raise RolloutRefused("the champion has what challengers leave: set their shares")
    return with_share(rollout, command.arm, command.share)


def _words(command: Command) -> str:
    """Say it as the history does, such as ``set challenger share 200``."""
    told = msgspec.to_builtins(command)
    words = [told["action"], told.get("arm")]
    words += [f"{name} {told[name]}" for name in ("bundle", "share") if told.get(name) is not None]
    return " ".join(str(word) for word in words if word is not None)[:200]
