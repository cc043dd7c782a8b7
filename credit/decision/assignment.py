"""Which arm scores an applicant.

A salted hash puts each applicant into one of 1,000 slots. Each challenger owns slots and the
champion the rest, so changing a share moves only the slots that change hands, and nobody else.
"""

from __future__ import annotations

import bisect
import hashlib

import msgspec

N_SLOTS = 1_000
CHAMPION = "champion"
CHALLENGER = "challenger"


class Arm(msgspec.Struct, frozen=True):
    """One bundle and the slots that it owns; the champion lists none and owns what is left."""

    name: str
    bundle: str
    slots: tuple[int, ...] = ()


class Rollout(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which bundles answer, as of one generation. The first arm is the champion.

    Attributes
    ----------
    shadows
        Bundles that score what others answered, off the path; they own no slots.
    is_paused
        The champion answers everybody. Challengers keep their slots for when it ends.
    moved
        Slots, ascending, that another arm answered in an earlier generation: an application that was decided
        there stays with that arm, see :meth:`keeps`.
    """

    product: str
    generation: int
    salt: str
    arms: tuple[Arm, ...]
    shadows: tuple[Arm, ...] = ()
    is_paused: bool = False
    moved: tuple[int, ...] = ()

    @property
    def champion(self) -> Arm:
        """The arm that answers whoever is in no experiment."""
        return self.arms[0]

    @property
    def bundles(self) -> tuple[str, ...]:
        """Hashes of the bundles that answer, each once."""
        return tuple(dict.fromkeys(arm.bundle for arm in self.arms))

    def share(self, arm: Arm) -> float:
        """Share of slots that an arm owns, whether or not the rollout is paused."""
        if arm.name != self.champion.name:
            return len(arm.slots) / N_SLOTS
        return 1 - sum(len(other.slots) for other in self.arms[1:]) / N_SLOTS

    def owner(self, slot: int) -> Arm:
        """Arm that answers a slot."""
        if self.is_paused:
            return self.champion
        return next((arm for arm in self.arms[1:] if slot in arm.slots), self.champion)

    def has_moved(self, slot: int) -> bool:
        """Whether another arm answered a slot before."""
        at = bisect.bisect_left(self.moved, slot)
        return at < len(self.moved) and self.moved[at] == slot

    def keeps(self, arm: str, bundle: str) -> Arm | None:
        """Arm that goes on with what was decided before by an arm and its bundle; None when there is none.

        It is who has that bundle now, else the arm of that name, with another bundle. A challenger that was taken
        off traffic goes on with nothing.
        """
        if self.is_paused:
            return None
        answering = [other for other in self.arms if other is self.champion or other.slots]
        same_bundle = [other for other in answering if other.bundle == bundle]
        same_name = [other for other in answering if other.name == arm]
        both = [other for other in same_bundle if other.name == arm]
        return next(iter([*both, *same_bundle, *same_name]), None)


def slot_of(salt: str, applicant_id: str) -> int:
    """Slot of an applicant, uniform over 0 to 999 and fixed for a salt."""
    digest = hashlib.sha256(f"{salt}\x00{applicant_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % N_SLOTS


def arm_for(rollout: Rollout, applicant_id: str | None) -> tuple[Arm, int | None]:
    """Arm and slot of an applicant; without an id the champion answers, outside the experiment.

    While the rollout is paused nobody is in the experiment.
    """
    if applicant_id is None or rollout.is_paused:
        return rollout.champion, None
    slot = slot_of(rollout.salt, applicant_id)
    return rollout.owner(slot), slot
