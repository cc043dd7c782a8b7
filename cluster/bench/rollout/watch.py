"""Hold each answer against the history of the rollout: the right arm, its bundle, and soon enough."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from cluster.bench.rollout.load import Told
from credit.decision import arm_for
from serve_app.rollout.store import Past


def wrong_answers(told: Sequence[Told], history: Sequence[Past]) -> list[str]:
    """Name answers whose arm or bundle is not what their generation says."""
    rollouts = {past.rollout.generation: past.rollout for past in history}
    wrong = []
    for one in told:
        rollout = rollouts.get(one.answer.generation)
        if rollout is None:
            wrong.append(f"{one.applicant_id}: generation {one.answer.generation} never answered")
            continue
        arm, _ = arm_for(rollout, one.applicant_id)
        if (arm.name, arm.bundle) != (one.answer.arm, one.answer.bundle):
            wrong.append(
                f"{one.applicant_id}: {one.answer.arm} with {one.answer.bundle[:12]} in generation "
                f"{rollout.generation}, where {arm.name} with {arm.bundle[:12]} answers"
            )
    return wrong


def slowest_switch_s(told: Sequence[Told], history: Sequence[Past]) -> float:
    """Longest time from the moment a generation was active until the last request began that an older one answered.

    Only requests that were answered at the first try can tell: a repeat may get the stored answer of before.
    """
    since = sorted(
        (datetime.datetime.fromisoformat(past.changed_at).timestamp(), past.rollout.generation)
        for past in history
    )
    late = 0.0
    for one in told:
        newer = [at for at, generation in since if generation > one.answer.generation]
        if newer and one.told_at - one.asked_at < 1.0:
            late = max(late, one.asked_at - min(newer))
    return late
