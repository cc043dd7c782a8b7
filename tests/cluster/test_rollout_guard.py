"""The guard on real stores: bad challengers go, healthy ones stay, and nothing is counted twice."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr
from sqlalchemy import Engine

import cluster.guard_change
import cluster.rollout_guard
from cluster.guard_change import Removal
from cluster.guard_store import read_watches
from cluster.rollout_guard import RolloutGuard
from credit.decision import Rollout
from credit.errors import RecordStoreUnavailable, RolloutMoved
from credit.experiment.guards import GuardSettings, Verdict, verdicts
from credit.records import (
    Cursor,
    Lease,
    LocalKeyFile,
    RecordWriter,
    advance_cursor,
    begin_write,
    open_state,
    read_cursor,
)
from credit.settings import Settings
from serve_app.rollout import read_rollout
from serve_app.rollout.commands import Cancel, Command, Pause, Remove, Resume, Set, Shadow, execute
from serve_app.rollout.failures import ArmCounter
from serve_app.rollout.members import Member, forget_member, report_member
from serve_app.rollout.operate import change_rollout, ensure_rollout
from serve_app.rollout.store import activate_stage, read_history, read_stage
from tests.loanbook import application
from tests.records.samples import clear_part, new_record
from tests.service import Nodes, Service

PRODUCT = "retail"
CHAMPION, CHALLENGER = "c" * 64, "d" * 64
QUICK = GuardSettings(least=40, n_learning=40, tightest_at=100)
"""As sure as in production, with less to learn before it begins."""


class Place:
    """Where a service and its guard live."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.state: Engine = open_state(settings.state)
        self._guards: list[RolloutGuard] = []
        self._generator = np.random.default_rng(7)
        ensure_rollout(self.state, PRODUCT, CHAMPION, (), challenger_share=0)
        self.do(Set(arm="challenger", bundle=CHALLENGER, share=500))

    def do(self, command: Command) -> None:
        execute(self.state, PRODUCT, command, by="ann", prepare=lambda name: name)

    @property
    def rollout(self) -> Rollout:
        found = read_rollout(self.state, PRODUCT)
        assert found is not None
        return found

    @property
    def slots(self) -> dict[str, int]:
        return {arm.name: len(arm.slots) for arm in self.rollout.arms[1:]}

    def guard(self) -> RolloutGuard:
        """Start a guard; whoever held its place is gone."""
        self.stop()
        made = RolloutGuard(self.settings, self.state, PRODUCT, guards=QUICK)
        self._guards.append(made)
        return made

    def stop(self) -> None:
        while self._guards:
            self._guards.pop().close()

    def run(self) -> None:
        """Let a guard read all that there is."""
        guard = self.guard()
        while guard.step():
            pass

    def record(
        self, n: int, *, bad: Callable[[dict[str, Any]], Any] = dict, **changes: Any
    ) -> None:
        """Record decisions of both arms, half each; the challenger's are changed by `bad`, all by `changes`."""
        records, generation = [], self.rollout.generation
        for number in range(n):
            is_challenger = number % 2 == 1
            log_odds = float(self._generator.normal(-3, 1))
            told: dict[str, Any] = {
                "contract": PRODUCT,
                "generation": generation,
                "arm": "challenger" if is_challenger else "champion",
                "bundle": CHALLENGER if is_challenger else CHAMPION,
                "probability_of_default": 1 / (1 + math.exp(-log_odds)),
                "decision": "approve" if log_odds < -2.3 else "decline",
                "latency_us": {"model": 5, "answer": int(self._generator.lognormal(7, 0.3))},
            }
            told |= bad(told) if is_challenger else {}
            records.append(new_record(clear=clear_part(**(told | changes))))
        with RecordWriter(self.settings.records, LocalKeyFile(self.settings.key_path)) as writer:
            for first in range(0, n, 500):  # the queue of a writer is bounded
                receipts = [writer.append(record) for record in records[first : first + 500]]
                for receipt in receipts:
                    receipt.result()

    def fail(self, *, champion: tuple[int, int], challenger: tuple[int, int]) -> None:
        """Count requests as a gateway does: how many were asked of an arm, and how many failed."""
        counter = ArmCounter()
        for arm, (asked, failed) in (("champion", champion), ("challenger", challenger)):
            for number in range(asked):
                counter.count(self.rollout.generation, arm, 1, failed=number < failed)
        counter.flush(self.state, PRODUCT)

    def run_without_acting(self) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Removal, "take_off", lambda *arguments: False)
            self.run()

    def verdicts(self) -> list[Verdict]:
        found = []
        for each in read_watches(self.state, f"guard-{PRODUCT}").values():
            found += verdicts(each.state, QUICK, arm=each.watch.arm)
        return found

    def counted(self) -> int:
        """Decisions that the watch of the challenger counts, of both arms."""
        state = read_watches(self.state, f"guard-{PRODUCT}")["challenger"].state
        return state.champion.n + state.challenger.n


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """A champion and a challenger that has half of all slots, on SQLite unless told otherwise."""
    settings = Settings(home=tmp_path)
    if getattr(request, "param", "sqlite") == "postgresql":
        address = SecretStr(request.getfixturevalue("postgres_database"))
        settings = Settings(home=tmp_path, records_url=address, state_url=address)
    made = Place(settings)
    yield made
    made.stop()
    made.state.dispose()


BOTH = pytest.mark.parametrize("place", ["sqlite", "postgresql"], indirect=True)


def declining(told: dict[str, Any]) -> dict[str, Any]:
    return {"decision": "decline"}


def riskier(told: dict[str, Any]) -> dict[str, Any]:
    odds = 3 * told["probability_of_default"] / (1 - told["probability_of_default"])
    return {"probability_of_default": odds / (1 + odds)}


def slower(told: dict[str, Any]) -> dict[str, Any]:
    return {"latency_us": {"answer": 4 * told["latency_us"]["answer"]}}


@pytest.mark.parametrize(
    ("place", "rail", "bad"),
    [
        ("sqlite", "approval", declining),
        ("sqlite", "score_shift", riskier),
        ("sqlite", "latency", slower),
        ("postgresql", "score_shift", riskier),
    ],
    indirect=["place"],
)
def test_a_bad_challenger_is_taken_off(
    place: Place, rail: str, bad: Callable[[dict[str, Any]], Any]
) -> None:
    place.record(600, bad=bad)

    place.run()

    assert place.slots == {"challenger": 0}
    [change] = [past.change for past in read_history(place.state, PRODUCT, limit=1)]
    assert change.action == "guard takes challenger off"
    assert change.by == "guard"
    assert [v.rail for v in place.verdicts() if v.tripped] == [rail]
    assert change.note == next(v.sentence for v in place.verdicts() if v.tripped)


def test_a_challenger_that_fails_is_taken_off_without_any_record(place: Place) -> None:
    place.fail(champion=(60, 0), challenger=(30, 25))

    assert not place.guard().step()

    assert place.slots == {"challenger": 0}


def test_a_healthy_challenger_stays(place: Place) -> None:
    place.record(700)
    place.fail(champion=(350, 1), challenger=(355, 0))

    place.run()

    assert place.slots == {"challenger": 500}
    assert [(v.rail, v.tripped, v.low is None) for v in place.guard().status()] == [
        ("errors", False, False),
        ("latency", False, False),
        ("approval", False, False),
        ("score_shift", False, False),
    ]


def test_a_champion_is_never_taken_off(place: Place) -> None:
    """It fails every request and the challenger none; then it declines some and the challenger none."""
    champion = place.rollout.champion
    place.fail(champion=(500, 500), challenger=(500, 0))
    place.run()
    assert place.slots == {"challenger": 500}

    place.record(500, bad=lambda told: {"decision": "approve"})
    place.run()

    assert place.slots == {"challenger": 0}
    assert place.rollout.champion == champion


@BOTH
def test_it_goes_on_after_a_restart_exactly_where_it_was(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read in pages of 37, each by another instance, the counts have the bits of one that read all at once."""
    place.record(300, bad=riskier)
    place.fail(champion=(150, 1), challenger=(152, 2))
    place.run_without_acting()
    monkeypatch.setattr(Removal, "take_off", lambda *arguments: False)
    monkeypatch.setattr(cluster.rollout_guard, "MAX_READ", 37)

    n_instances = 1
    while _one_step(place, consumer="other"):
        n_instances += 1

    at_once = read_watches(place.state, f"guard-{PRODUCT}")
    assert n_instances == 9
    assert read_watches(place.state, "other") == at_once
    assert place.counted() == 300
    assert at_once["challenger"].state.challenger.n_asked == 152


def _one_step(place: Place, consumer: str) -> bool:
    guard = RolloutGuard(place.settings, place.state, PRODUCT, guards=QUICK, consumer=consumer)
    try:
        return guard.step()
    finally:
        guard.close()


def test_a_crash_between_counting_and_the_cursor_leaves_neither(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.record(100)
    with monkeypatch.context() as patch:
        patch.setattr(cluster.rollout_guard, "drop_watches", _crash)
        with pytest.raises(KeyboardInterrupt):
            place.guard().step()
    assert read_watches(place.state, f"guard-{PRODUCT}") == {}

    place.run()

    assert place.counted() == 100


def test_a_crash_before_acting_is_made_up_for(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.record(240, bad=declining)
    with monkeypatch.context() as patch:
        patch.setattr(cluster.guard_change, "change_rollout", _crash)
        with pytest.raises(KeyboardInterrupt):
            place.guard().step()
    assert place.slots == {"challenger": 500}

    assert not place.guard().step()

    assert place.slots == {"challenger": 0}
    assert place.counted() == 240


def _crash(*arguments: object) -> None:
    raise KeyboardInterrupt


def test_what_another_instance_has_counted_is_not_counted_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It wakes up between reading and storing, when its lease is over and its work is done."""
    monkeypatch.setattr(Lease, "hold", lambda lease: True)
    place.record(100)
    late = place.guard()
    other = RolloutGuard(place.settings, place.state, PRODUCT, guards=QUICK)
    read = late._reader.after

    def read_and_sleep(cursor: Cursor, limit: int) -> Any:
        found = read(cursor, limit)
        other.step()
        return found

    monkeypatch.setattr(late._reader, "after", read_and_sleep)

    assert not late.step()
    other.close()
    assert place.counted() == 100


def test_one_instance_works_at_a_time(place: Place) -> None:
    place.record(100)
    first = place.guard()
    second = RolloutGuard(place.settings, place.state, PRODUCT, guards=QUICK)

    first.step()
    assert place.counted() == 100
    place.record(10)
    second.step()
    assert place.counted() == 100
    place.stop()
    second.step()
    assert place.counted() == 110

    second.close()
    assert place.counted() == 110


@pytest.mark.parametrize(
    "other",
    [
        {"contract": "cards"},
        {"generation": 1},
        {"slot": None},
        {"bundle": "e" * 64},
        {"arm": "somebody"},
    ],
    ids=lambda other: next(iter(other)),
)
def test_decisions_that_are_not_of_the_experiment_do_not_count(
    place: Place, other: dict[str, Any]
) -> None:
    place.record(60)
    place.record(400, bad=declining, **other)

    place.run()

    assert place.counted() == 60
    assert place.slots == {"challenger": 500}


@pytest.mark.parametrize(
    ("commands", "n_counted"),
    [
        ([Set(arm="challenger", bundle="e" * 64)], 0),
        ([Set(arm="champion", bundle="e" * 64)], 0),
        ([Set(arm="challenger", share=300)], 0),
        ([Set(arm="challenger", share=0), Set(arm="challenger", share=500)], 0),
        ([Set(arm="other", bundle="e" * 64, share=100)], 0),
        ([Set(arm="other", bundle="e" * 64)], 60),
        ([Shadow(arm="unseen", bundle="e" * 64)], 60),
        ([Pause(), Resume()], 60),
    ],
)
@pytest.mark.parametrize("has_looked", [True, False])
def test_a_watch_begins_anew_when_one_of_the_two_is_another_or_gets_others(
    place: Place, commands: list[Command], n_counted: int, has_looked: bool
) -> None:
    """Whether somebody looked in between does not matter."""
    place.record(60)
    place.fail(champion=(30, 3), challenger=(30, 2))
    if has_looked:
        place.run()
    for command in commands:
        place.do(command)

    place.run()

    assert place.counted() == n_counted
    found = read_watches(place.state, f"guard-{PRODUCT}")["challenger"].state
    assert (found.challenger.n_failed, found.champion.n_failed) == ((2, 3) if n_counted else (0, 0))


def test_what_was_counted_under_an_earlier_generation_of_the_watch_counts(place: Place) -> None:
    place.record(60)
    place.do(Shadow(arm="unseen", bundle="e" * 64))
    place.record(40)

    place.run()

    assert place.counted() == 100


def test_two_bad_challengers_go_in_one_change(place: Place) -> None:
    place.do(Set(arm="challenger", share=400))
    place.do(Set(arm="other", bundle="e" * 64, share=100))
    place.fail(champion=(100, 0), challenger=(100, 90))
    counter = ArmCounter()
    for _ in range(100):
        counter.count(place.rollout.generation, "other", 1, failed=True)
    counter.flush(place.state, PRODUCT)

    place.run()

    assert place.slots == {"challenger": 0, "other": 0}
    [change] = [past.change for past in read_history(place.state, PRODUCT, limit=1)]
    assert change.action == "guard takes challenger, other off"


def test_somebody_who_was_faster_does_not_keep_a_bad_challenger_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def moved_once(*arguments: Any) -> Rollout:
        calls.append(1)
        if len(calls) == 1:
            place.do(Shadow(arm="unseen", bundle="e" * 64))
            raise RolloutMoved("somebody was faster")
        return change_rollout(*arguments)

    monkeypatch.setattr(cluster.guard_change, "change_rollout", moved_once)
    place.fail(champion=(60, 0), challenger=(60, 60))

    place.run()

    assert len(calls) == 2
    assert place.slots == {"challenger": 0}
    assert [shadow.name for shadow in place.rollout.shadows] == ["unseen"]


def test_a_challenger_that_got_another_bundle_meanwhile_stays(place: Place) -> None:
    place.fail(champion=(60, 0), challenger=(60, 60))
    place.run_without_acting()
    before = place.rollout
    place.do(Set(arm="challenger", bundle="e" * 64))

    made = Removal(place.state, PRODUCT).take_off(
        before, [v for v in place.verdicts() if v.tripped]
    )

    assert not made
    assert place.slots == {"challenger": 500}


def test_where_processes_serve_it_is_staged_once_and_answers_when_they_have_loaded_it(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    report_member(place.state, PRODUCT, Member("m", "gateway", 2, None))
    place.fail(champion=(60, 0), challenger=(60, 60))
    guard = place.guard()

    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            guard.step()

    stage = read_stage(place.state, PRODUCT)
    assert stage is not None
    assert [len(arm.slots) for arm in stage.rollout.arms] == [0, 0]
    assert place.slots == {"challenger": 500}
    assert [line for line in caplog.messages if "guard takes challenger off" in line] == [
        f"generation 3: guard takes challenger off: {stage.change.note}"
    ]
    activate_stage(place.state, PRODUCT, stage.digest)
    guard.step()
    assert place.slots == {"challenger": 0}


def test_another_change_that_is_being_loaded_is_waited_for(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    report_member(place.state, PRODUCT, Member("m", "gateway", 2, None))
    place.do(Shadow(arm="unseen", bundle="e" * 64))
    place.fail(champion=(60, 0), challenger=(60, 60))
    guard = place.guard()

    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            guard.step()

    assert place.slots == {"challenger": 500}
    [said] = [line for line in caplog.messages if "guard takes challenger off" in line]
    assert "but not yet: generation 3 of retail" in said
    forget_member(place.state, PRODUCT, "m")
    place.do(Cancel())
    guard.step()
    assert place.slots == {"challenger": 0}


def test_the_status_keeps_what_an_arm_was_taken_off_for(place: Place) -> None:
    place.record(240, bad=declining)
    place.run()
    guard = place.guard()
    guard.step()

    [tripped] = [v for v in guard.status() if v.tripped]
    assert (tripped.arm, tripped.rail) == ("challenger", "approval")
    place.do(Remove(arm="challenger"))
    guard.step()
    assert guard.status() == []


def test_a_challenger_that_was_put_back_is_watched_anew(place: Place) -> None:
    place.record(240, bad=declining)
    place.run()
    place.do(Set(arm="challenger", share=500))

    place.run()
    assert place.slots == {"challenger": 500}
    place.record(240, bad=declining)
    place.run()

    assert place.slots == {"challenger": 0}


def test_without_a_rollout_there_is_nothing_to_guard(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    state = open_state(settings.state)
    guard = RolloutGuard(settings, state, PRODUCT)

    assert not guard.step()
    assert guard.status() == []
    guard.close()
    state.dispose()


def test_records_and_state_of_different_backups_are_refused(place: Place) -> None:
    with begin_write(place.state) as connection:
        advance_cursor(connection, f"guard-{PRODUCT}", Cursor(0, 0), Cursor(0, 99))

    with pytest.raises(RecordStoreUnavailable, match="come from different backups"):
        place.guard().step()


def test_decisions_of_a_real_service_are_counted(
    service: Service, nodes: Nodes, tmp_path: Path
) -> None:
    """What the gateway records is what the guard reads: product, arms, bundles, slots, and the latency."""
    settings = Settings(home=tmp_path)
    state = open_state(settings.state)
    product, bundles = nodes.rollout.product, nodes.rollout.bundles
    service.gateway.adopt(
        ensure_rollout(state, product, bundles[0], [bundles[1]], challenger_share=500)
    )
    answers = [service.score(application(applicant_id=f"P-{n}")).json() for n in range(150)]
    assert service.score(application(applicant_id=None)).json()["arm"] == "champion"
    guard = RolloutGuard(settings, state, product, guards=QUICK)

    guard.step()

    counted = read_watches(state, f"guard-{product}")["challenger"].state
    for arm, found in (("champion", counted.champion), ("challenger", counted.challenger)):
        of_arm = [told for told in answers if told["arm"] == arm]
        assert found.n == len(of_arm) > 50
        assert found.n_approved == sum(told["decision"] == "approve" for told in of_arm)
        odds = [
            told["probability_of_default"] / (1 - told["probability_of_default"]) for told in of_arm
        ]
        assert found.log_odds.total == pytest.approx(math.fsum(map(math.log, odds)))
        assert 0 < found.n_timed < found.n + 1
    assert counted.slow_above_us is not None
    assert counted.slow_above_us > 0
    guard.close()
    state.dispose()


@BOTH
def test_decisions_that_nobody_is_watched_in_are_passed_over_unread(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.do(Set(arm="challenger", share=0))
    place.record(30)
    guard = place.guard()
    with monkeypatch.context() as patch:
        patch.setattr(guard._reader, "after", _crash)
        guard.step()
    assert read_cursor(place.state, f"guard-{PRODUCT}") == guard._reader.end()

    place.do(Set(arm="challenger", share=500))
    place.record(20)
    guard.step()
    guard.step()

    assert place.counted() == 20


def test_a_watch_that_begins_while_decisions_are_passed_over_misses_none(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first decisions are in the store when the guard looks where that ends, and it knows of no watch yet."""
    place.do(Set(arm="challenger", share=0))
    guard = place.guard()
    guard.step()
    end = guard._reader.end

    def begun() -> Cursor:
        place.do(Set(arm="challenger", share=500))
        place.record(20)
        return end()

    with monkeypatch.context() as patch:
        patch.setattr(guard._reader, "end", begun)
        guard.step()
    guard.step()

    assert place.counted() == 20
