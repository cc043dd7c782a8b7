"""The door of a replica: bounded, fair between tenants, free of charge while nobody waits."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from credit.settings import Settings
from serve_app.admission import Admission, HungUp, Overloaded, Place
from serve_app.limits import DEFAULT_LIMITS, Limits
from serve_app.pace import LONGEST_RETRY_S


def limits(in_flight: int = 2, waiting: int = 8) -> Limits:
    return Limits(in_flight, waiting, body_timeout_s=5.0, answer_timeout_s=10.0)


class Clock:
    """Driven by hand."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


async def never() -> None:
    """A client that stays."""
    await asyncio.Event().wait()


async def turns_of_loop(n: int = 5) -> None:
    for _ in range(n):
        await asyncio.sleep(0)


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


async def standing(admission: Admission, *tenants: str) -> list[tuple[Place, asyncio.Task[None]]]:
    """Let requests arrive one after another and ask for their turn."""
    found = []
    for tenant in tenants:
        place = admission.arrive(tenant)
        found.append((place, asyncio.create_task(place.turn(never))))
        await turns_of_loop()
    return found


def held(places: list[tuple[Place, asyncio.Task[None]]]) -> list[bool]:
    return [place.has_slot for place, _ in places]


async def send_home(places: list[tuple[Place, asyncio.Task[None]]]) -> None:
    for _, task in places:
        task.cancel()
    await asyncio.gather(*(task for _, task in places), return_exceptions=True)


def test_who_finds_a_slot_free_does_not_wait() -> None:
    async def test() -> None:
        admission = Admission(limits())

        with admission.arrive("a") as place:
            assert (admission.in_flight, admission.waiting) == (0, 1)
            turn = place.turn(never)
            with pytest.raises(StopIteration):  # it runs to its end without giving way
                turn.send(None)
            assert (admission.in_flight, admission.waiting) == (1, 0)

        assert (admission.in_flight, admission.waiting) == (0, 0)

    run(test)


def test_no_more_are_decided_at_a_time_than_there_are_slots() -> None:
    async def test() -> None:
        admission = Admission(limits(in_flight=2))
        places = await standing(admission, "a", "a", "a")

        assert held(places) == [True, True, False]
        admission.leave(places[0][0])
        await turns_of_loop()

        assert held(places) == [True, True, True]
        assert (admission.in_flight, admission.waiting) == (2, 0)
        await send_home(places)

    run(test)


def test_one_decision_begins_in_one_turn_of_the_loop() -> None:
    """So that who arrives meanwhile is seen before the next one keeps the loop busy."""

    async def test() -> None:
        admission = Admission(limits(in_flight=8, waiting=64))
        began_in: list[int] = []
        turn = 0

        async def count_turns() -> None:
            nonlocal turn
            while True:
                turn += 1
                await asyncio.sleep(0)

        async def request() -> None:
            with admission.arrive("a") as place:
                await place.turn(never)
                began_in.append(turn)
                await asyncio.sleep(0.001)

        counting = asyncio.create_task(count_turns())
        await asyncio.gather(*(request() for _ in range(6)))
        counting.cancel()

        assert len(set(began_in)) == 6
        assert began_in[-1] - began_in[0] <= 8  # and hardly a turn goes by unused

    run(test)


def test_a_flood_of_refusals_leaves_half_of_the_time_for_decisions() -> None:
    """Each turn of the loop refuses 40 times: then eleven begin in the next one, not one."""

    async def test() -> None:
        admission = Admission(limits(in_flight=32, waiting=50))
        places = [admission.arrive("a") for _ in range(25)]
        tasks = [asyncio.create_task(place.turn(never)) for place in places]
        await asyncio.sleep(0)
        begun = [sum(place.has_slot for place in places)]

        for _ in range(40):
            with pytest.raises(Overloaded):
                while True:
                    admission.arrive("b")
        await turns_of_loop(1)
        begun.append(sum(place.has_slot for place in places))
        await turns_of_loop(1)
        begun.append(sum(place.has_slot for place in places))

        assert begun == [1, 12, 13]
        await asyncio.gather(*tasks)

    run(test)


def test_tenants_are_served_in_turn_whatever_the_length_of_their_lines() -> None:
    async def test() -> None:
        admission = Admission(limits(in_flight=1, waiting=64))
        [(first, _)] = await standing(admission, "a")
        await standing(admission, *"aaaaaaaa", *"bb", "c")
        waiting = list(admission._lines.values())
        order = [place for line in waiting for place in line]
        served: list[str] = []

        admission.leave(first)
        while len(served) < 11:
            await turns_of_loop()
            [place] = [p for p in order if p.has_slot]
            served.append(place.tenant)
            order.remove(place)
            admission.leave(place)

        assert "".join(served) == "abcab" + "a" * 6

    run(test)


def test_a_tenant_that_floods_leaves_places_for_the_others() -> None:
    admission = Admission(limits(waiting=9))
    arrived: Counter[str] = Counter()

    def flood(tenant: str) -> None:
        with pytest.raises(Overloaded):
            while True:
                admission.arrive(tenant)
                arrived[tenant] += 1

    flood("a")
    flood("b")
    flood("c")

    assert arrived == {"a": 5, "b": 2, "c": 1}
    assert admission.waiting == 8
    assert admission.n_refused == 3


@given(st.lists(st.sampled_from("abcd"), max_size=200), st.integers(1, 40))
def test_places_are_bounded_and_the_next_tenant_finds_one(arrivals: list[str], places: int) -> None:
    """However many flood: who has none yet gets one, unless each place is somebody's."""
    admission = Admission(limits(waiting=places))
    arrived: Counter[str] = Counter()
    for tenant in arrivals:
        try:
            admission.arrive(tenant)
            arrived[tenant] += 1
        except Overloaded:
            assert arrived[tenant] >= places - arrived.total()

    assert admission.waiting == arrived.total() <= places
    if arrived.total() < places:
        admission.arrive("someone new")


@given(st.data())
def test_whatever_happens_nothing_is_left_behind(data: st.DataObject) -> None:
    """Arrivals, turns, departures and cancelled waits in any order; then all slots and places are free."""

    async def test() -> None:
        bounds = limits(
            in_flight=data.draw(st.integers(1, 3)), waiting=data.draw(st.integers(1, 9))
        )
        admission = Admission(bounds)
        inside: list[tuple[Place, asyncio.Task[None]]] = []
        for _ in range(data.draw(st.integers(0, 25))):
            step = data.draw(st.sampled_from(["arrive", "arrive", "leave", "loop"]))
            if step == "loop":
                await turns_of_loop(1)
            elif step == "arrive":
                try:
                    place = admission.arrive(data.draw(st.sampled_from("abc")))
                except Overloaded:
                    continue
                inside.append((place, asyncio.create_task(place.turn(never))))
            elif inside:
                place, task = inside.pop(data.draw(st.integers(0, len(inside) - 1)))
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                admission.leave(place)
            assert 0 <= admission.in_flight <= bounds.max_in_flight
            # Who only waits for a turn, while slots are free, takes no place.
            assert admission.waiting >= 0
            assert (
                admission.in_flight + admission.waiting <= bounds.max_in_flight + bounds.max_waiting
            )
        for _ in range(60):
            await turns_of_loop(2)
            for place, task in [p for p in inside if p[0].has_slot]:
                inside.remove((place, task))
                admission.leave(place)

        assert inside == []
        assert (admission.in_flight, admission.waiting) == (0, 0)
        assert (admission._lines, admission._in_line) == ({}, 0)
        assert admission._held == {}

    run(test)


def test_a_crowd_that_arrives_in_one_turn_is_not_refused_while_slots_are_free() -> None:
    """One begins in a turn; the others stand in line for slots that nobody has."""

    async def test() -> None:
        admission = Admission(limits(in_flight=60, waiting=4))
        enough = asyncio.Event()

        async def one() -> None:
            with admission.arrive("a") as place:
                await place.turn(never)
                await enough.wait()

        crowd = [asyncio.create_task(one()) for _ in range(60)]
        await turns_of_loop(200)
        assert (admission.in_flight, admission.waiting, admission.n_refused) == (60, 0, 0)
        enough.set()
        await asyncio.gather(*crowd)

    run(test)


def test_who_hangs_up_in_line_frees_the_place() -> None:
    async def test() -> None:
        admission = Admission(limits(in_flight=1))
        [(first, _)] = await standing(admission, "a")
        hung_up = asyncio.Event()

        async def leaves() -> None:
            with admission.arrive("b") as place:
                await place.turn(hung_up.wait)

        waiting = asyncio.create_task(leaves())
        await turns_of_loop()
        assert admission.waiting == 1
        hung_up.set()
        with pytest.raises(HungUp):
            await waiting

        assert (admission.in_flight, admission.waiting) == (1, 0)
        admission.leave(first)

    run(test)


def test_who_is_cancelled_with_the_slot_just_given_returns_it() -> None:
    async def test() -> None:
        admission = Admission(limits(in_flight=1))
        [(first, _)] = await standing(admission, "a")
        place = admission.arrive("b")

        async def waits() -> None:
            with place:
                await place.turn(never)

        task = asyncio.create_task(waits())
        await turns_of_loop()
        admission.leave(first)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

        assert admission.in_flight == 0

    run(test)


def test_retry_after_is_the_time_until_the_waiting_have_left() -> None:
    """4 wait, one leaves every 3 s: the fifth would leave after 15 s."""

    async def test() -> None:
        clock = Clock()
        admission = Admission(limits(in_flight=1, waiting=8), clock=clock)
        places = await standing(admission, *"abcdefgh")
        assert admission.retry_after_s() == 1  # nothing is known yet

        for place, _ in places[:3]:
            clock.now += 3
            admission.leave(place)
            await turns_of_loop()

        assert admission.waiting == 4
        assert admission.retry_after_s() == 15
        clock.now += 20  # nobody leaves any more
        assert admission.retry_after_s() == 20
        clock.now += 3_600
        assert admission.retry_after_s() == LONGEST_RETRY_S
        await send_home(places)

    run(test)


def test_a_burst_after_an_idle_hour_is_told_to_come_soon() -> None:
    async def test() -> None:
        clock = Clock()
        admission = Admission(limits(in_flight=1, waiting=2), clock=clock)
        [(place, _)] = await standing(admission, "a")
        admission.leave(place)
        clock.now += 3_600

        places = await standing(admission, "a", "a")

        assert admission.retry_after_s() == 1
        await send_home(places)

    run(test)


def test_the_log_counts_refusals_and_is_not_flooded(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    admission = Admission(limits(waiting=1), clock=clock)
    admission.arrive("Mustermann GmbH")
    with caplog.at_level(logging.DEBUG):
        for second in range(25):
            clock.now = 1_000.0 + second
            for _ in range(100):
                with pytest.raises(Overloaded) as caught:
                    admission.arrive("Mustermann GmbH")

    assert [record.getMessage() for record in caplog.records] == [
        "1 requests were refused: 0 in flight, 1 waiting",
        "1000 requests were refused: 0 in flight, 1 waiting",
        "1000 requests were refused: 0 in flight, 1 waiting",
    ]
    assert "Mustermann" not in str(caught.value) + admission.metrics().decode()


def test_metrics_tell_what_stands_at_the_door() -> None:
    admission = Admission(limits(waiting=1))
    admission.arrive("a")
    with pytest.raises(Overloaded):
        admission.arrive("a")
    admission.late()

    lines = admission.metrics().decode().splitlines()
    told = {line.partition("{")[0]: line.rpartition(" ")[2] for line in lines if line[0] != "#"}

    assert told == {
        "credit_requests_in_flight": "0",
        "credit_requests_waiting": "1",
        "credit_requests_refused_total": "1",
        "credit_requests_late_total": "1",
        "credit_requests_unavailable_total": "0",
        "credit_requests_hung_up_total": "0",
        "credit_requests_deadline_passed_total": "0",
    }


def test_the_defaults_are_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDIT_MAX_IN_FLIGHT", "7")

    assert Limits.of(Settings()).max_in_flight == 7
    assert Limits(64, 128, body_timeout_s=5.0, answer_timeout_s=10.0) == DEFAULT_LIMITS


@pytest.mark.parametrize(
    "bad",
    [{"max_in_flight": 0}, {"max_waiting": 0}, {"body_timeout_s": 0}, {"answer_timeout_s": 601}],
)
def test_bounds_have_bounds(bad: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="greater than|less than or equal"):
        Settings(**bad)
    with pytest.raises(
        ValidationError, match="body_timeout_s 11 > answer_timeout_s 10: a body must"
    ):
        Settings(body_timeout_s=11)
