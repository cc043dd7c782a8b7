"""What may be done to a rollout: each change is a pure function of the one before.

None of them counts the generation up: whoever stores the result does.
"""

from __future__ import annotations

import re

from msgspec.structs import replace

from credit.decision.assignment import CHAMPION, N_SLOTS, Arm, Rollout
from credit.errors import RolloutRefused

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


def with_bundle(rollout: Rollout, name: str, bundle: str) -> Rollout:
    """Let an arm answer with another bundle; a name that is new becomes a challenger without slots.

    Raises
    ------
    RolloutRefused
        When the name is none that an arm may have, or it is a shadow's.
    """
    _require_name(name)
    if any(shadow.name == name for shadow in rollout.shadows):
        raise RolloutRefused(f"{name!r} is a shadow: end it, or choose another name for the arm")
    arms = tuple(replace(arm, bundle=bundle) if arm.name == name else arm for arm in rollout.arms)
    if not any(arm.name == name for arm in arms):
        arms = (*arms, Arm(name, bundle))
    return replace(rollout, arms=arms)


def with_share(rollout: Rollout, name: str, per_mille: int) -> Rollout:
    """Give a challenger a share; it takes free slots from the champion, or hands its last ones back.

    Raises
    ------
    RolloutRefused
        When the shares of all challengers would exceed 1,000 per mille, or there is no such
        challenger.
    """
    arm = _challenger(rollout, name)
    taken = {slot for other in rollout.arms[1:] for slot in other.slots}
    free = [slot for slot in range(N_SLOTS) if slot not in taken]
    wanted = per_mille - len(arm.slots)
    if per_mille < 0 or wanted > len(free):
        raise RolloutRefused(
            f"a share of {per_mille} per mille for {name}: expected 0 to {len(arm.slots) + len(free)}, "
            "what the champion and this arm hold together"
        )
    slots = (*arm.slots, *free[:wanted]) if wanted >= 0 else arm.slots[:wanted]
    changed = replace(arm, slots=slots)
    return replace(rollout, arms=tuple(changed if a is arm else a for a in rollout.arms))


def without(rollout: Rollout, name: str) -> Rollout:
    """Take a challenger or a shadow out; the champion gets its slots.

    Raises
    ------
    RolloutRefused
        When there is none of this name.
    """
    if any(shadow.name == name for shadow in rollout.shadows):
        return replace(rollout, shadows=tuple(s for s in rollout.shadows if s.name != name))
    arm = _challenger(rollout, name)
    return replace(rollout, arms=tuple(a for a in rollout.arms if a is not arm))


def promoted(rollout: Rollout, name: str) -> Rollout:
    """Make a challenger's bundle the champion's; the challenger is gone, and the others keep their slots.

    Raises
    ------
    RolloutRefused
        When there is no such challenger: it may have been promoted already.
    """
    arm = _challenger(rollout, name)
    champion = replace(rollout.champion, bundle=arm.bundle)
    others = tuple(other for other in rollout.arms[1:] if other is not arm)
    return replace(rollout, arms=(champion, *others))


def paused(rollout: Rollout) -> Rollout:
    """Let the champion answer everybody; challengers keep their slots."""
    return replace(rollout, is_paused=True)


def resumed(rollout: Rollout) -> Rollout:
    """Let challengers answer in their slots again."""
    return replace(rollout, is_paused=False)


def with_shadow(rollout: Rollout, name: str, bundle: str) -> Rollout:
    """Let a bundle score, unseen, what others answer.

    Raises
    ------
    RolloutRefused
        When the name is none that a shadow may have, or it is an arm's.
    """
    _require_name(name)
    if any(arm.name == name for arm in rollout.arms):
        raise RolloutRefused(f"{name!r} is an arm: choose another name for the shadow")
    others = tuple(shadow for shadow in rollout.shadows if shadow.name != name)
    return replace(rollout, shadows=(*others, Arm(name, bundle)))


def with_moves(before: Rollout, after: Rollout) -> Rollout:
    """Note in what follows a rollout which slots another arm answers than before, beside those noted already."""
    moved = {s for s in range(N_SLOTS) if before.owner(s).name != after.owner(s).name}
    return replace(after, moved=tuple(sorted(moved.union(before.moved))))


def _challenger(rollout: Rollout, name: str) -> Arm:
    for arm in rollout.arms[1:]:
        if arm.name == name:
            return arm
    there = ", ".join(arm.name for arm in rollout.arms[1:]) or "none"
    if name == CHAMPION:
        raise RolloutRefused(f"the champion is no challenger; challengers here: {there}")
    raise RolloutRefused(f"there is no challenger {name!r} in this rollout; challengers: {there}")


def _require_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise RolloutRefused(
            f"{name[:32]!r} is no name of an arm: expected a small letter, then at most 31 small "
            "letters, digits or _"
        )
