"""Changes of a rollout: pure functions, so they are held against laws."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.decision import Arm, Rollout, arm_for
from credit.decision.rollout_changes import (
    paused,
    promoted,
    resumed,
    with_bundle,
    with_moves,
    with_shadow,
    with_share,
    without,
)
from credit.errors import RolloutRefused


def rollout(**shares: int) -> Rollout:
    made = Rollout("cards", 4, "salt", (Arm("champion", "c"),))
    for name, share in shares.items():
        made = with_share(with_bundle(made, name, f"bundle of {name}"), name, share)
    return made


def test_a_new_name_is_a_challenger_without_slots() -> None:
    made = with_bundle(rollout(), "challenger", "d")

    assert made.arms == (Arm("champion", "c"), Arm("challenger", "d"))
    assert made.share(made.champion) == 1


def test_another_bundle_keeps_the_slots() -> None:
    before = rollout(challenger=200)

    after = with_bundle(before, "challenger", "e")

    assert after.arms[1] == Arm("challenger", "e", before.arms[1].slots)
    assert with_bundle(before, "champion", "e").champion.bundle == "e"


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_promotion_moves_nobody_between_the_other_arms(first: int, second: int) -> None:
    before = rollout(challenger=first, challenger_2=second)

    after = promoted(before, "challenger")

    assert after.champion.bundle == "bundle of challenger"
    for applicant in map(str, range(200)):
        was, is_ = arm_for(before, applicant)[0], arm_for(after, applicant)[0]
        assert is_.name == ("champion" if was.name == "challenger" else was.name)


def test_promoting_twice_is_refused() -> None:
    once = promoted(rollout(challenger=200), "challenger")

    with pytest.raises(RolloutRefused, match="there is no challenger 'challenger'.*: none"):
        promoted(once, "challenger")
    with pytest.raises(RolloutRefused, match="the champion is no challenger"):
        promoted(once, "champion")


def test_a_pause_keeps_slots_and_sends_everybody_to_the_champion() -> None:
    running = rollout(challenger=400)

    stopped = paused(running)

    assert {arm_for(stopped, str(i)) for i in range(500)} == {(running.champion, None)}
    assert resumed(stopped) == running


def test_who_leaves_gives_its_slots_to_the_champion() -> None:
    assert without(rollout(challenger=200), "challenger") == rollout()
    with pytest.raises(RolloutRefused, match="there is no challenger 'nobody'"):
        without(rollout(), "nobody")


def test_a_shadow_is_no_arm_and_an_arm_no_shadow() -> None:
    made = with_shadow(rollout(challenger=100), "unseen", "u")

    assert made.shadows == (Arm("unseen", "u"),)
    assert made.arms == rollout(challenger=100).arms
    assert with_shadow(made, "unseen", "v").shadows == (Arm("unseen", "v"),)
    assert without(made, "unseen") == rollout(challenger=100)
    with pytest.raises(RolloutRefused, match="is a shadow"):
        with_bundle(made, "unseen", "x")
    with pytest.raises(RolloutRefused, match="is an arm"):
        with_shadow(made, "challenger", "x")


@pytest.mark.parametrize("name", ["", "Challenger", "9th", "a b", "a-b", "x" * 33, "ünseen"])
def test_names_are_plain(name: str) -> None:
    with pytest.raises(RolloutRefused, match="is no name of an arm"):
        with_bundle(rollout(), name, "d")


@pytest.mark.parametrize("share", [-1, 1001])
def test_shares_stay_within_everything(share: int) -> None:
    with pytest.raises(RolloutRefused, match="expected 0 to 1000"):
        with_share(rollout(challenger=0), "challenger", share)


@given(st.lists(st.tuples(st.sampled_from(["challenger", "challenger_2"]), st.integers(0, 500))))
def test_every_slot_that_ever_changed_hands_is_noted(steps: list[tuple[str, int]]) -> None:
    """By the names of its owners over the generations; a slot that is not noted had one all along."""
    states = [rollout(challenger=0, challenger_2=0)]
    for name, share in steps:
        states.append(with_moves(states[-1], with_share(states[-1], name, share)))

    for slot in range(0, 1_000, 7):
        owners = {state.owner(slot).name for state in states}
        assert states[-1].has_moved(slot) == (len(owners) > 1)


def test_a_pause_moves_the_slots_of_challengers() -> None:
    running = rollout(challenger=3)

    assert with_moves(running, paused(running)).moved == running.arms[1].slots


def test_what_was_decided_stays_with_its_bundle_or_else_with_its_arm() -> None:
    running = rollout(challenger=10, challenger_2=0)
    champion, challenger, _ = running.arms

    assert running.keeps("challenger", challenger.bundle) == challenger
    assert running.keeps("challenger", "an earlier one") == challenger
    assert running.keeps("champion", challenger.bundle) == challenger  # a promotion was rolled back
    assert running.keeps("gone", champion.bundle) == champion
    twins = with_bundle(running, "challenger", "c")
    assert twins.keeps("challenger", "c") == twins.arms[1]
    assert twins.keeps("champion", "c") == twins.champion


def test_what_answers_nobody_keeps_nothing() -> None:
    running = rollout(challenger=10, challenger_2=0)

    assert running.keeps("challenger_2", "bundle of challenger_2") is None
    assert running.keeps("gone", "gone") is None
    assert paused(running).keeps("challenger", "bundle of challenger") is None
