"""What operators do: promote, roll back, pause; with history, and refusals that say why."""

from __future__ import annotations

import pytest

from credit.errors import RolloutRefused
from serve_app.rollout import read_rollout
from serve_app.rollout.commands import (
    Cancel,
    Command,
    Pause,
    Promote,
    Remove,
    Resume,
    Rollback,
    Set,
    Shadow,
    execute,
)
from serve_app.rollout.operate import rollout_status
from serve_app.rollout.store import read_history
from tests.serve_app.rollout.conftest import PRODUCT, Place


def do(place: Place, command: Command) -> None:
    execute(place.state, PRODUCT, command, by="ann", prepare=lambda name: f"hash of {name}")


def bundles(place: Place) -> list[str]:
    active = read_rollout(place.state, PRODUCT)
    assert active is not None
    return [arm.bundle for arm in active.arms]


def test_every_command_is_kept_with_who_and_why(place: Place) -> None:
    do(place, Set(arm="challenger", bundle="x", share=100, note="less of last year"))
    do(place, Pause())
    do(place, Resume())
    do(place, Shadow(arm="unseen", bundle="y"))
    do(place, Remove(arm="unseen"))
    do(place, Promote(arm="challenger"))

    history = read_history(place.state, PRODUCT)
    assert [past.change.action for past in history] == [
        "promote challenger",
        "remove unseen",
        "shadow unseen bundle y",
        "resume",
        "pause",
        "set challenger bundle x share 100",
        "serve",
    ]
    assert {past.change.by for past in history[:-1]} == {"ann"}
    assert history[-2].change.note == "less of last year"
    assert [past.rollout.generation for past in history] == [7, 6, 5, 4, 3, 2, 1]


def test_rolling_back_twice_goes_two_generations_back(place: Place) -> None:
    first = bundles(place)
    do(place, Set(arm="champion", bundle="second"))
    do(place, Set(arm="champion", bundle="third"))

    do(place, Rollback())
    assert bundles(place) == ["hash of second"]
    do(place, Rollback())
    assert bundles(place) == first

    with pytest.raises(RolloutRefused, match="there is no earlier generation"):
        do(place, Rollback())
    do(place, Set(arm="champion", bundle="fourth"))
    do(place, Rollback())
    assert bundles(place) == first


def test_a_rollback_right_at_the_beginning_is_refused(place: Place) -> None:
    with pytest.raises(RolloutRefused, match=f"no earlier generation of {PRODUCT}"):
        do(place, Rollback())


def test_a_rollback_of_a_promotion_brings_the_challenger_back_with_its_slots(place: Place) -> None:
    do(place, Set(arm="challenger", bundle="x", share=100))
    before = read_rollout(place.state, PRODUCT)
    assert before is not None
    do(place, Promote(arm="challenger"))
    do(place, Rollback())

    after = read_rollout(place.state, PRODUCT)
    assert after is not None
    assert after.arms == before.arms
    assert after.generation == before.generation + 2


def test_asking_for_what_is_so_already_changes_nothing(place: Place) -> None:
    do(place, Set(arm="challenger", bundle="x", share=100))
    do(place, Set(arm="challenger", bundle="x", share=100))

    assert [past.rollout.generation for past in read_history(place.state, PRODUCT)] == [2, 1]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (Set(arm="challenger"), "expected a bundle, a share, or both"),
        (Set(arm="challenger", share=10), "there is no challenger 'challenger'"),
        (Set(arm="champion", share=10), "the champion has what challengers leave"),
        (Promote(arm="challenger"), "there is no challenger 'challenger'"),
        (Remove(arm="champion"), "the champion is no challenger"),
        (Cancel(), "no change of give_me_some_credit waits"),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(
    place: Place, command: Command, why: str
) -> None:
    before = read_rollout(place.state, PRODUCT)

    with pytest.raises(RolloutRefused, match=why):
        do(place, command)

    assert read_rollout(place.state, PRODUCT) == before


def test_shares_over_a_thousand_are_refused(place: Place) -> None:
    do(place, Set(arm="challenger", bundle="x", share=600))

    with pytest.raises(
        RolloutRefused, match="a share of 500 per mille for other: expected 0 to 400"
    ):
        do(place, Set(arm="other", bundle="y", share=500))


def test_the_status_shows_what_answers_what_waits_and_who_serves(place: Place) -> None:
    place.follower()
    do(place, Set(arm="challenger", bundle="x", share=100))

    status = rollout_status(place.state, PRODUCT)

    assert status is not None
    assert status.active.generation == 1
    assert status.staged is not None
    assert status.staged.rollout.generation == 2
    assert [member.role for member in status.members] == ["gateway"]
    do(place, Cancel())
    after = rollout_status(place.state, PRODUCT)
    assert after is not None
    assert after.staged is None
