"""What a guard watches: a challenger beside its champion, for as long as nothing about the two changes.

A watch begins anew when the challenger or the champion gets another bundle, and when the share of
either changes. Applicants of a Monday are others than those of a Sunday: were decisions from before and
after a change of shares thrown together, the arm that got more of them on the Sunday would look different
for that alone (Simpson's paradox).
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import Engine

from credit.decision import Arm, Rollout
from credit.records import ClearPart
from serve_app.rollout.store import read_past


class Watch(msgspec.Struct, frozen=True):
    """A challenger that answers somebody, and the champion beside it.

    Attributes
    ----------
    since
        First of the generations, without a gap up to the active one, in which all of this was so.
    n_challengers
        Challengers that answer somebody: those watched at the same time.
    """

    arm: str
    bundle: str
    champion_arm: str
    champion_bundle: str
    since: int
    n_challengers: int


def watches_of(engine: Engine, rollout: Rollout) -> list[Watch]:
    """Find the watches of the active rollout, in the order of its arms, and since when each lasts."""
    answering = [arm for arm in rollout.arms[1:] if arm.slots]
    since = _since(engine, rollout, answering)
    return [
        Watch(
            arm=arm.name,
            bundle=arm.bundle,
            champion_arm=rollout.champion.name,
            champion_bundle=rollout.champion.bundle,
            since=since[arm.name],
            n_challengers=len(answering),
        )
        for arm in answering
    ]


def is_same_pair(rollout: Rollout, other: Rollout, arm: str) -> bool:
    """Whether a challenger and its champion have the same bundles and applicants in both rollouts."""
    return _pair(rollout, arm) == _pair(other, arm)


def belongs(clear: ClearPart, product: str, watch: Watch) -> bool:
    """Whether a decision counts: in the experiment, since the watch began, by a bundle that it is about.

    Who withheld a source is answered by a fallback, another bundle: neither arm's counts.
    """
    pair = {watch.arm: watch.bundle, watch.champion_arm: watch.champion_bundle}
    return (
        clear.contract == product
        and clear.generation >= watch.since
        and clear.slot is not None
        and pair.get(clear.arm) == clear.bundle
    )


def _since(engine: Engine, rollout: Rollout, arms: Sequence[Arm]) -> dict[str, int]:
    """Walk back through the history until every arm was another."""
    since = {arm.name: rollout.generation for arm in arms}
    lasting = set(since)
    for generation in range(rollout.generation - 1, 0, -1):
        past = read_past(engine, rollout.product, generation) if lasting else None
        if past is None:
            break
        lasting = {arm for arm in lasting if is_same_pair(rollout, past.rollout, arm)}
        since.update(dict.fromkeys(lasting, generation))
    return since


def _pair(rollout: Rollout, name: str) -> tuple[object, ...] | None:
    """All that a watch hangs on; None when the challenger answers nobody."""
    challengers = [arm for arm in rollout.arms[1:] if arm.slots]
    arm = next((arm for arm in challengers if arm.name == name), None)
    if arm is None:
        return None
    taken = frozenset(slot for other in challengers for slot in other.slots)
    return arm.bundle, arm.slots, rollout.champion, taken, len(challengers)
