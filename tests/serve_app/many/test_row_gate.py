"""One row of all batches begins in a turn of the loop, and so many are under way at most."""

from __future__ import annotations

import asyncio

import pytest

from serve_app.admission import HungUp
from serve_app.batch.gate import RowGate
from serve_app.reply import Reply, deliver_lines


def test_one_row_begins_in_a_turn_and_batches_take_turns() -> None:
    async def run() -> list[str]:
        gate, seen = RowGate(100), list[str]()

        async def batch(name: str) -> None:
            for _ in range(4):
                await gate.enter()
                seen.append(name)

        async def clock() -> None:
            for _ in range(30):
                seen.append(".")
                await asyncio.sleep(0)

        await asyncio.gather(batch("a"), batch("b"), clock())
        return seen

    turns = "".join(asyncio.run(run())).split(".")

    assert max(len(turn) for turn in turns) == 1
    assert "".join(turns) == "abababab"


def test_no_more_are_under_way_than_there_is_room_for() -> None:
    async def run() -> list[int]:
        gate, n_inside, most = RowGate(3), 0, list[int]()

        async def row() -> None:
            nonlocal n_inside
            await gate.enter()
            n_inside += 1
            most.append(n_inside)
            for _ in range(5):
                await asyncio.sleep(0)
            n_inside -= 1
            gate.leave()

        await asyncio.gather(*(row() for _ in range(20)))
        return most

    assert max(asyncio.run(run())) == 3


@pytest.mark.parametrize("n_turns", range(6))
def test_who_is_cancelled_while_waiting_takes_no_room(n_turns: int) -> None:
    """Whenever it comes: before its turn, as it is let in, or after."""

    async def run() -> None:
        gate = RowGate(1)
        await gate.enter()
        waiting = asyncio.create_task(gate.enter())
        await asyncio.sleep(0)
        gate.leave()
        for _ in range(n_turns):
            await asyncio.sleep(0)
        if not waiting.cancel():
            gate.leave()
        await asyncio.gather(waiting, return_exceptions=True)
        async with asyncio.timeout(5):
            await gate.enter()

    asyncio.run(run())


def test_a_client_that_reads_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serve_app.reply.STALL_S", 0.05)
    closed = []

    async def lines() -> object:
        try:
            yield b"1\n"
            yield b"2\n"
        finally:
            closed.append(True)

    async def send(message: object) -> None:
        if isinstance(message, dict) and message.get("body") == b"2\n":
            await asyncio.Event().wait()

    async def run() -> None:
        rest = lines()
        first = await anext(rest)  # type: ignore[call-overload]
        await deliver_lines(Reply(200, first, rest=rest), send, lambda error: Reply(500, b""))  # type: ignore[arg-type]

    with pytest.raises(HungUp):
        asyncio.run(run())
    assert closed == [True]
