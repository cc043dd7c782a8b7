"""Time limits end what takes too long, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from serve_app.deadlines import Deadlines


def run(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


async def forever() -> None:
    await asyncio.Event().wait()


def test_what_takes_too_long_is_ended() -> None:
    async def test() -> None:
        deadlines = Deadlines()

        with pytest.raises(TimeoutError), deadlines.after(0.01) as deadline:
            await forever()

        assert deadline.has_passed
        await asyncio.sleep(0)  # the task goes on: it is not cancelled any more

    run(test)


def test_what_ends_in_time_is_left_alone() -> None:
    async def test() -> None:
        deadlines = Deadlines()
        with deadlines.after(0.1) as deadline:
            await asyncio.sleep(0)

        await asyncio.sleep(0.3)  # several looks of the timer

        assert not deadline.has_passed
        assert deadlines._timer is None  # nothing ticks while nothing runs

    run(test)


def test_an_error_of_the_block_comes_through() -> None:
    async def test() -> None:
        with pytest.raises(ValueError, match="own"), Deadlines().after(60):
            raise ValueError("own")

    run(test)


def test_a_limit_can_be_moved() -> None:
    async def test() -> None:
        deadlines = Deadlines()
        with deadlines.after(0.01) as deadline:
            deadline.at += 60
            await asyncio.sleep(0.2)
            assert not deadline.is_over
            deadline.at -= 120
            assert deadline.is_over

        assert not deadline.has_passed

    run(test)


def test_who_was_also_cancelled_from_outside_stays_cancelled() -> None:
    """A client that hangs up in the moment its time ends is gone, not late."""

    async def test() -> None:
        deadlines = Deadlines()
        found = []

        async def request() -> None:
            with deadlines.after(60) as deadline:
                found.append(deadline)
                await forever()

        task = asyncio.create_task(request())
        await asyncio.sleep(0)
        found[0].end()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(test)


def test_many_limits_share_a_timer_and_each_ends_its_own_task() -> None:
    async def test() -> None:
        deadlines = Deadlines()
        ended: list[int] = []

        async def request(number: int) -> None:
            try:
                with deadlines.after(0.01 if number % 2 else 60):
                    await asyncio.sleep(0.5)
            except TimeoutError:
                ended.append(number)

        await asyncio.gather(*(request(number) for number in range(20)))

        assert sorted(ended) == list(range(1, 20, 2))

    run(test)
