"""The rollout row: changed by compare-and-swap, one generation at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Engine

from credit.decision import Arm, Rollout
from credit.errors import RolloutRefused
from credit.records import open_state
from serve_app.rollout import Change, RolloutMoved, read_rollout, write_rollout
from serve_app.rollout.operate import ensure_rollout

BY_TEST = Change("test", "test")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Engine]:
    engine = open_state(tmp_path / "state.db")
    yield engine
    engine.dispose()


def ensure(state: Engine, *challengers: str, champion: str = "c", share: int = 200) -> Rollout:
    return ensure_rollout(
        state,
        "cards",
        champion=champion,
        challengers=challengers,
        challenger_share=share,
    )


def test_before_the_first_one_there_is_none(state: Engine) -> None:
    assert read_rollout(state, "cards") is None


def test_what_is_written_is_read(state: Engine) -> None:
    made = ensure(state, "d")

    assert made.generation == 1
    assert [(arm.name, arm.bundle, len(arm.slots)) for arm in made.arms] == [
        ("champion", "c", 0),
        ("challenger", "d", 200),
    ]
    assert read_rollout(state, "cards") == made
    assert read_rollout(state, "loans") is None


def test_asking_for_the_same_again_changes_nothing(state: Engine) -> None:
    assert ensure(state, "d") == ensure(state, "d")


def test_a_change_is_a_new_generation_under_the_same_salt(state: Engine) -> None:
    first = ensure(state, "d")
    second = ensure(state, "d", champion="e")
    third = ensure(state, "d", "f", champion="e", share=300)

    assert [r.generation for r in (first, second, third)] == [1, 2, 3]
    assert {r.salt for r in (first, second, third)} == {first.salt}
    assert len(first.salt) == 16
    assert third.arms[1].slots[:200] == second.arms[1].slots == first.arms[1].slots
    assert [arm.name for arm in third.arms] == ["champion", "challenger", "challenger_2"]
    assert not set(third.arms[1].slots) & set(third.arms[2].slots)


def test_products_have_salts_of_their_own(state: Engine) -> None:
    other = ensure_rollout(state, "loans", champion="c", challengers=(), challenger_share=0)

    assert other.salt != ensure(state, "d").salt


def test_a_challenger_that_leaves_gives_its_slots_back(state: Engine) -> None:
    ensure(state, "d")

    alone = ensure(state)

    assert [arm.name for arm in alone.arms] == ["champion"]
    assert alone.share(alone.champion) == 1


def test_shares_beyond_everything_are_refused_and_change_nothing(state: Engine) -> None:
    before = ensure(state, "d")

    with pytest.raises(RolloutRefused, match="a share of 600 per mille for challenger_2: expected"):
        ensure(state, "d", "e", share=600)

    assert read_rollout(state, "cards") == before


@pytest.mark.parametrize("generation", [0, 1, 3, 7])
def test_a_stale_or_skipped_generation_is_refused(state: Engine, generation: int) -> None:
    before = ensure(state, "d")
    other = msgspec.structs.replace(
        before, generation=generation, arms=(Arm("champion", "somebody else's"),)
    )

    with pytest.raises(
        RolloutMoved,
        match=f"is at generation 1, not {generation - 1}: read it again and repeat the change",
    ):
        write_rollout(state, other, BY_TEST)

    assert read_rollout(state, "cards") == before


def test_the_first_one_has_generation_one(state: Engine) -> None:
    with pytest.raises(RolloutMoved, match="the rollout of cards is at generation 0, not 1"):
        write_rollout(state, Rollout(product="cards", generation=2, salt="s", arms=()), BY_TEST)


def test_of_two_writers_that_read_the_same_one_wins(state: Engine) -> None:
    read = ensure(state, "d")
    start = threading.Barrier(6)
    outcomes: list[Rollout | None] = []

    def operator(number: int) -> None:
        mine = msgspec.structs.replace(
            read, generation=2, arms=(Arm("champion", f"bundle {number}"),)
        )
        start.wait()
        try:
            write_rollout(state, mine, BY_TEST)
        except RolloutMoved:
            outcomes.append(None)
        else:
            outcomes.append(mine)

    threads = [threading.Thread(target=operator, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    winners = [outcome for outcome in outcomes if outcome is not None]
    assert len(outcomes) == 6
    assert [read_rollout(state, "cards")] == winners
