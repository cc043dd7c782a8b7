"""What waits travels together: nobody waits for company, nobody gets another's answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.errors import BundleUnknown
from serve_app.links import GatheringLink
from serve_app.nodes import PinnedValues

Calls = list[list[float]]


def item(value: float) -> PinnedValues:
    return PinnedValues("b", (value,))


def recording(
    calls: Calls, gate: asyncio.Event | None = None
) -> Callable[..., Awaitable[list[Any]]]:
    """A node that doubles, and says what it was called with."""

    async def send(batch: list[PinnedValues]) -> list[Any]:
        calls.append([x.values[0] for x in batch])
        if gate is not None:
            await gate.wait()
        return [2 * x.values[0] for x in batch]

    return send


def test_alone_it_goes_at_once_and_what_waits_goes_together() -> None:
    async def scenario() -> tuple[Calls, list[float]]:
        calls: Calls = []
        gate = asyncio.Event()
        link: GatheringLink[float] = GatheringLink(
            recording(calls, gate), in_flight=1, maximum=3, patience_s=60
        )
        asked = [asyncio.ensure_future(link(item(i))) for i in range(6)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert calls == [[0.0]]
        gate.set()
        return calls, await asyncio.gather(*asked)

    calls, answers = asyncio.run(scenario())

    assert calls == [[0.0], [1.0, 2.0, 3.0], [4.0, 5.0]]
    assert answers == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]


def test_a_call_that_stays_away_holds_nobody_back() -> None:
    async def scenario() -> Calls:
        calls: Calls = []
        stuck = asyncio.Event()
        link: GatheringLink[float] = GatheringLink(
            recording(calls, stuck), in_flight=1, patience_s=0.01
        )
        first = asyncio.ensure_future(link(item(1)))
        second = asyncio.ensure_future(link(item(2)))
        while len(calls) < 2:
            await asyncio.sleep(0.001)
        stuck.set()
        assert list(await asyncio.gather(first, second)) == [2.0, 4.0]
        # The place was given back once, not twice.
        stuck.clear()
        third = asyncio.ensure_future(link(item(3)))
        fourth = asyncio.ensure_future(link(item(4)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        seen = list(calls)
        stuck.set()
        await asyncio.gather(third, fourth)
        return seen

    assert asyncio.run(scenario()) == [[1.0], [2.0], [3.0]]


def test_an_item_that_fails_fails_alone_and_a_call_that_fails_fails_all_of_its_items() -> None:
    async def refusing(batch: list[PinnedValues]) -> list[Any]:
        if batch[0].values[0] < 0:
            raise ConnectionError("gone")
        return [BundleUnknown("no 3") if x.values[0] == 3 else x.values[0] for x in batch]

    async def scenario() -> list[Any]:
        link: GatheringLink[float] = GatheringLink(refusing, in_flight=1)
        asked = [asyncio.ensure_future(link(item(i))) for i in (1, 2, 3, 4)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        lost = [asyncio.ensure_future(link(item(-i))) for i in (1, 2)]
        return [*found, *await asyncio.gather(*lost, return_exceptions=True), await link(item(9))]

    one, two, three, four, lost, gone, after = asyncio.run(scenario())

    assert (one, two, four, after) == (1.0, 2.0, 4.0, 9.0)
    assert isinstance(three, BundleUnknown)
    assert isinstance(lost, ConnectionError)
    assert isinstance(gone, ConnectionError)


def test_who_has_gone_is_not_sent() -> None:
    async def scenario() -> Calls:
        calls: Calls = []
        gate = asyncio.Event()
        link: GatheringLink[float] = GatheringLink(recording(calls, gate), in_flight=1)
        asked = [asyncio.ensure_future(link(item(i))) for i in range(3)]
        await asyncio.sleep(0)
        asked[1].cancel()
        await asyncio.sleep(0)
        gate.set()
        await asyncio.gather(asked[0], asked[2])
        with pytest.raises(asyncio.CancelledError):
            await asked[1]
        return calls

    assert asyncio.run(scenario()) == [[0.0], [2.0]]


@settings(deadline=None)
@given(
    pauses=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60),
    in_flight=st.integers(1, 4),
    maximum=st.integers(1, 8),
)
def test_everyone_gets_their_own_answer_however_calls_overlap(
    pauses: list[tuple[int, int]], in_flight: int, maximum: int
) -> None:
    """Items arrive and calls return in any order; places and calls are bounded."""

    async def scenario() -> tuple[list[float], int, int]:
        running, most, largest = 0, 0, 0

        async def send(batch: list[PinnedValues]) -> list[Any]:
            nonlocal running, most, largest
            running += 1
            most, largest = max(most, running), max(largest, len(batch))
            for _ in range(int(batch[0].values[1])):
                await asyncio.sleep(0)
            running -= 1
            return [x.values[0] + 0.5 for x in batch]

        link: GatheringLink[float] = GatheringLink(
            send, in_flight=in_flight, maximum=maximum, patience_s=60
        )
        asked = []
        for i, (before, away) in enumerate(pauses):
            for _ in range(before):
                await asyncio.sleep(0)
            asked.append(asyncio.ensure_future(link(PinnedValues("b", (float(i), float(away))))))
        return await asyncio.gather(*asked), most, largest

    answers, most, largest = asyncio.run(scenario())

    assert answers == [i + 0.5 for i in range(len(pauses))]
    assert most <= in_flight
    assert largest <= maximum
