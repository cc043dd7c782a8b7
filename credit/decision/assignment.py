"""Which arm scores an applicant.

A salted hash puts each applicant into one of 1,000 slots. Each challenger owns slots and the
champion the rest, so changing a share moves only the slots that change hands, and nobody else.
"""

from __future__ import annotations

import hashlib

import msgspec

from credit.errors import SettingsInvalid

N_SLOTS = 1_000
CHAMPION = "champion"
CHALLENGER = "challenger"


class Arm(msgspec.Struct, frozen=True):
    """One bundle and the slots that it owns; the champion lists none and owns what is left."""

    name: str
    bundle: str
    slots: tuple[int, ...] = ()


class Rollout(msgspec.Struct, frozen=True):
    """Which bundles answer, as of one generation. The first arm is the champion."""

    product: str
    generation: int
    salt: str
    arms: tuple[Arm, ...]

    @property
    def champion(self) -> Arm:
        """The arm that answers whoever is in no experiment."""
        return self.arms[0]

    def share(self, arm: Arm) -> float:
        """Share of slots that an arm owns."""
        if arm.name != self.champion.name:
            return len(arm.slots) / N_SLOTS
        return 1 - sum(len(other.slots) for other in self.arms[1:]) / N_SLOTS


def slot_of(salt: str, applicant_id: str) -> int:
    """Slot of an applicant, uniform over 0 to 999 and fixed for a salt."""
    digest = hashlib.sha256(f"{salt}\x00{applicant_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % N_SLOTS


def arm_for(rollout: Rollout, applicant_id: str | None) -> tuple[Arm, int | None]:
    """Arm and slot of an applicant; without an id the champion answers, outside the experiment."""
    if applicant_id is None:
        return rollout.champion, None
    slot = slot_of(rollout.salt, applicant_id)
    owner = next((arm for arm in rollout.arms[1:] if slot in arm.slots), rollout.champion)
    return owner, slot


def with_share(rollout: Rollout, name: str, per_mille: int) -> Rollout:
    """Give a challenger a share; it takes free slots from the champion, or hands its last ones back.

    Raises
    ------
    SettingsInvalid
        When the shares of all challengers would exceed 1,000 per mille, or there is no such
        challenger.
    """
    arm = next((a for a in rollout.arms[1:] if a.name == name), None)
    if arm is None:
        raise SettingsInvalid(f"there is no challenger {name!r} in this rollout")
    taken = {slot for other in rollout.arms[1:] for slot in other.slots}
    free = [slot for slot in range(N_SLOTS) if slot not in taken]
    wanted = per_mille - len(arm.slots)
    if per_mille < 0 or wanted > len(free):
        raise SettingsInvalid(
            f"a share of {per_mille} per mille for {name}: expected 0 to {len(arm.slots) + len(free)}, "
            "what the champion and this arm hold together"
        )
    slots = (*arm.slots, *free[:wanted]) if wanted >= 0 else arm.slots[:wanted]
    changed = msgspec.structs.replace(arm, slots=slots)
    arms = tuple(changed if a is arm else a for a in rollout.arms)
    return msgspec.structs.replace(rollout, arms=arms)
