"""Processes load what is staged, all together switch to it, and let go of what no longer answers."""

from __future__ import annotations

import gc
import weakref

import pytest

from credit.decision import load_bundle, save_bundle
from credit.decision.rollout_changes import promoted, with_bundle, with_share
from credit.errors import BundleUnknown, RolloutRefused, SettingsInvalid
from serve_app.rollout import Change, RolloutFollower, follow, members, read_rollout
from serve_app.rollout.commands import Set, execute
from serve_app.rollout.operate import change_rollout, serving, take_back, wait_until_active
from serve_app.rollout.store import read_stage
from serve_app.shelf import BundleShelf
from tests.serve_app.rollout.conftest import PRODUCT, Place

BY_TEST = Change("test", "test")


def challenge(place: Place) -> int:
    """Stage a challenger with a fifth of all applicants, and return its generation."""
    wanted = change_rollout(
        place.state,
        PRODUCT,
        lambda r: with_share(with_bundle(r, "challenger", place.challenger), "challenger", 200),
        BY_TEST,
    )
    return wanted.generation


def test_a_process_begins_with_what_is_active(place: Place) -> None:
    follower = place.follower()

    assert follower.active == read_rollout(place.state, PRODUCT)
    assert [(m.role, m.generation) for m in serving(place.state, PRODUCT)] == [("gateway", 1)]


def test_without_a_rollout_nothing_starts(place: Place) -> None:
    with pytest.raises(SettingsInvalid, match="there is no rollout of loans"):
        RolloutFollower(place.open_state(), "loans", BundleShelf(place.bundles), role="gateway")


def test_nobody_answers_with_a_generation_before_all_have_loaded_it(place: Place) -> None:
    shelves = [BundleShelf(place.bundles) for _ in range(2)]
    first, second = (place.follower(shelf=shelf) for shelf in shelves)
    generation = challenge(place)

    first.step()

    assert first.active.generation == generation - 1
    assert place.challenger in shelves[0].held
    assert place.challenger not in shelves[1].held

    second.step()  # the last to load makes it active, and switches at once
    assert second.active.generation == generation
    first.step()
    assert first.active.generation == generation
    assert [m.generation for m in serving(place.state, PRODUCT)] == [generation, generation]


def test_what_is_registered_while_it_is_promoted_changes_nothing_about_it(place: Place) -> None:
    """The alias moves on and the same bundle is saved again: what was named when it was staged answers."""
    alias = {"challenger": place.challenger}
    first, second = place.follower(), place.follower()
    wanted = execute(
        place.state,
        PRODUCT,
        Set(arm="champion", bundle="challenger"),
        by="test",
        prepare=lambda name: alias[name],
    )
    first.step()

    alias["challenger"] = place.champion
    again = save_bundle(load_bundle(place.bundles / place.challenger), place.bundles)
    second.step()
    first.step()

    assert again.name == place.challenger
    assert wanted is not None
    assert first.active == second.active == wanted
    assert first.active.champion.bundle == place.challenger


def test_adopt_is_told_of_each_generation_once(place: Place) -> None:
    told: list[int] = []
    follower = RolloutFollower(
        place.open_state(),
        PRODUCT,
        BundleShelf(place.bundles),
        role="gateway",
        adopt=lambda r: told.append(r.generation),
    )
    generation = challenge(place)
    for _ in range(3):
        follower.step()
    follower.close()

    assert told == [generation]


def test_a_bundle_that_one_cannot_load_reaches_nobody(place: Place) -> None:
    good, bad = place.follower("gateway"), place.follower("explainer")
    generation = challenge(place)
    good.step()
    file = place.bundles / place.challenger / "manifest.json"
    file.write_bytes(file.read_bytes().replace(b"0", b"1", 1))

    bad.step()
    good.step()

    assert good.active.generation == bad.active.generation == generation - 1
    stage = read_stage(place.state, PRODUCT)
    assert stage is not None
    assert stage.refusal is not None
    assert stage.refusal.startswith("explainer: bundle")
    assert "at least one file was changed" in stage.refusal
    wanted = stage.rollout
    with pytest.raises(RolloutRefused, match="cannot be loaded, so the one before goes on"):
        wait_until_active(place.state, wanted, patience_s=1)


def test_after_a_refusal_the_next_change_goes_through(place: Place) -> None:
    follower = place.follower()
    change_rollout(place.state, PRODUCT, lambda r: with_bundle(r, "challenger", "f" * 64), BY_TEST)
    follower.step()
    assert follower.active.generation == 1

    generation = challenge(place)
    follower.step()

    assert follower.active.generation == generation


def test_a_change_waits_for_nobody_who_fell_silent(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive, dead = place.follower(), place.follower("explainer")
    generation = challenge(place)
    alive.step()
    assert alive.active.generation == generation - 1

    monkeypatch.setattr(members, "SILENT_AFTER_S", 0.0)
    monkeypatch.setattr(follow, "HEARTBEAT_S", -1.0)
    alive.step()

    assert alive.active.generation == generation
    assert dead.active.generation == generation - 1


def test_who_comes_late_loads_what_is_active_and_what_was_before(place: Place) -> None:
    follower = place.follower()
    challenge(place)
    follower.step()
    change_rollout(place.state, PRODUCT, lambda r: promoted(r, "challenger"), BY_TEST)
    follower.step()

    shelf = BundleShelf(place.bundles)
    late = place.follower(shelf=shelf)

    assert late.active.champion.bundle == place.challenger
    assert shelf.held == {place.champion, place.challenger}  # others may still answer with it


def test_a_bundle_that_answers_no_more_is_let_go(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = BundleShelf(place.bundles)
    follower = place.follower(shelf=shelf)
    gone = weakref.ref(shelf.get(place.champion))
    challenge(place)
    follower.step()
    change_rollout(place.state, PRODUCT, lambda r: promoted(r, "challenger"), BY_TEST)
    follower.step()
    follower.step()
    assert shelf.held == {place.champion, place.challenger}  # requests may be pinned to it

    monkeypatch.setattr(follow, "RELEASE_AFTER_S", -1.0)
    follower.step()

    assert shelf.held == {place.challenger}
    gc.collect()
    assert gone() is None
    with pytest.raises(BundleUnknown):
        shelf.get(place.champion)


def test_what_is_taken_back_is_let_go(place: Place) -> None:
    shelf, other = BundleShelf(place.bundles), place.follower("explainer")
    follower = place.follower(shelf=shelf)
    challenge(place)
    follower.step()
    take_back(place.state, PRODUCT)
    follower.step()

    assert shelf.held == {place.champion}
    assert follower.active == other.active


def test_two_changes_at_a_time_are_refused(place: Place) -> None:
    place.follower()
    challenge(place)

    with pytest.raises(RolloutRefused, match="is being loaded: wait until it answers"):
        challenge(place)


def test_a_thread_follows_by_itself(place: Place) -> None:
    follower = place.follower()
    follower.start()
    challenge(place)
    wanted = read_stage(place.state, PRODUCT)
    assert wanted is not None

    wait_until_active(place.state, wanted.rollout, patience_s=60)

    assert follower.active == wanted.rollout
