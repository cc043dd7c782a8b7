"""What the rollout bench would find wrong: an answer of the wrong arm, bundle or time."""

from __future__ import annotations

import msgspec

from cluster.bench.rollout.load import Told
from cluster.bench.rollout.watch import slowest_switch_s, wrong_answers
from credit.decision import Arm, Rollout, arm_for
from credit.decision.rollout_changes import promoted, with_share
from credit.decision.score import Answer
from serve_app.rollout import Change
from serve_app.rollout.store import Past

FIRST = with_share(
    Rollout("cards", 1, "salt", (Arm("champion", "c"), Arm("challenger", "d"))), "challenger", 400
)
SECOND = msgspec.structs.replace(promoted(FIRST, "challenger"), generation=2)
HISTORY = [
    Past(SECOND, Change("promote challenger", "ann"), "2026-11-22T10:00:10+00:00"),
    Past(FIRST, Change("serve", "ann"), "2026-11-22T10:00:00+00:00"),
]
AT = 1_795_341_600.0
"""Ten o'clock on that day, in Unix time."""


def told(applicant: str, rollout: Rollout, *, asked_at: float = AT, **changes: object) -> Told:
    """A right answer of a rollout, then changed."""
    arm, _ = arm_for(rollout, applicant)
    answer = Answer(
        decision_id="d",
        application_id="a",
        probability_of_default=0.1,
        score=550.0,
        rating="Good",
        risk_level="LOW",
        decision="approve",
        reason_codes=(),
        arm=arm.name,
        bundle=arm.bundle,
        generation=rollout.generation,
        model="lightgbm",
    )
    changed = msgspec.structs.replace(answer, **changes)
    return Told(asked_at, asked_at + 0.1, applicant, changed)


def test_right_answers_of_every_generation_pass() -> None:
    answers = [told(f"P-{i}", rollout) for i in range(200) for rollout in (FIRST, SECOND)]

    assert wrong_answers(answers, HISTORY) == []


def test_a_wrong_arm_bundle_or_generation_is_named() -> None:
    of_challenger = next(i for i in map(str, range(99)) if arm_for(FIRST, i)[0].name != "champion")
    wrong = [
        told(of_challenger, FIRST, arm="champion", bundle="c"),
        told(of_challenger, FIRST, bundle="c"),
        told(of_challenger, FIRST, generation=7),
    ]

    found = wrong_answers(wrong, HISTORY)

    assert len(found) == 3
    assert "champion with c in generation 1, where challenger with d answers" in found[0]
    assert "generation 7 never answered" in found[2]


def test_a_switch_takes_as_long_as_the_last_answer_of_before_came_late() -> None:
    answers = [
        told("a", FIRST, asked_at=AT + 10.3),  # the second generation is active since AT + 10
        told("b", FIRST, asked_at=AT + 10.1),
        told("c", FIRST, asked_at=AT + 9),
        told("d", SECOND, asked_at=AT + 15),
    ]

    assert round(slowest_switch_s(answers, HISTORY), 3) == 0.3
