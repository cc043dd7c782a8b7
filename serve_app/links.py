"""How the gateway reaches a node: in its own process, or in another deployment."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, Generic, Protocol, TypeVar

from credit.errors import CreditError
from serve_app.nodes import Node, PinnedValues

Out = TypeVar("Out")
Answered = TypeVar("Answered", covariant=True)

BATCHES_IN_FLIGHT = 1
"""Calls on their way to one node from one gateway; what comes meanwhile gathers for the next.

One, because calls cost a gateway its time, and the fewer there are, the more each carries. Answers a second of the
graph on two cores, at 16 and at 64 connections: 335 and 835 with one call, 224 and 503 with two, 185 and 367
with four; 126 and 156 with a call for each item, gathered on the node's side by ``@serve.batch`` without a wait.
"""

MAXIMUM_BATCH = 64
"""Items in one call: bounds how long an item waits behind others."""


PATIENCE_S = 0.05
"""A call that has been away for so long no longer holds others back: its replica may be stuck, or slow."""


class Link(Protocol[Answered]):
    """One call to one node.

    Attributes
    ----------
    is_local
        Whether the node answers on the spot, so that there is nothing to do meanwhile.
    """

    is_local: bool

    async def __call__(self, item: PinnedValues) -> Answered:
        """Send an item and return the node's answer; its error is raised here."""
        ...


class LocalLink(Generic[Out]):
    """The node lives in this process."""

    is_local = True

    def __init__(self, node: Node[Out]) -> None:
        self._node = node

    async def __call__(self, item: PinnedValues) -> Out:
        """Call the node on the spot: it takes less than a switch to a thread would."""
        return _unwrap(self._node([item])[0])


class GatheringLink(Generic[Out]):
    """The node is a deployment; what waits travels together.

    A call over a hop costs about a millisecond of this process, whatever it carries. An item that
    finds fewer than :data:`BATCHES_IN_FLIGHT` calls under way goes at once, alone. Others wait for one
    to return, at most :data:`PATIENCE_S`, and then go as one call: nothing ever waits for
    company, and the busier the gateway, the larger the calls.

    Parameters
    ----------
    send
        Calls the node with a list of items, and returns their results in order.
    """

    is_local = False

    def __init__(
        self,
        send: Callable[[list[PinnedValues]], Awaitable[list[Any]]],
        *,
        in_flight: int = BATCHES_IN_FLIGHT,
        maximum: int = MAXIMUM_BATCH,
        patience_s: float = PATIENCE_S,
    ) -> None:
        self._send = send
        self._free = in_flight
        self._maximum = maximum
        self._patience_s = patience_s
        self._waiting: deque[tuple[PinnedValues, asyncio.Future[Out]]] = deque()
        self._calls: set[asyncio.Task[None]] = set()

    async def __call__(self, item: PinnedValues) -> Out:
        """Send the item at once, or with the next call."""
        answer: asyncio.Future[Out] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        self._go()
        return await answer

    def _go(self) -> None:
        while self._free and self._waiting:
            batch: list[tuple[PinnedValues, asyncio.Future[Out]]] = []
            while self._waiting and len(batch) < self._maximum:
                waiting = self._waiting.popleft()
                if not waiting[1].done():  # whoever asked has gone
                    batch.append(waiting)
            if not batch:
                return
            call = asyncio.get_running_loop().create_task(self._call(batch, self._taken_place()))
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)

    def _taken_place(self) -> Callable[[], None]:
        """Take one of the places, and return how to give it back: once, at the latest when patience ends."""
        self._free -= 1
        is_taken = True

        def give_back() -> None:
            nonlocal is_taken
            if is_taken:
                is_taken = False
                timer.cancel()
                self._free += 1
                self._go()

        timer = asyncio.get_running_loop().call_later(self._patience_s, give_back)
        return give_back

    async def _call(
        self,
        batch: list[tuple[PinnedValues, asyncio.Future[Out]]],
        give_back: Callable[[], None],
    ) -> None:
        try:
            results = await self._send([item for item, _ in batch])
            for (_, answer), result in zip(batch, results, strict=True):
                _settle(answer, result)
        except BaseException as error:
            # The call failed as a whole: each of its items learns so. Cancelled calls end their items.
            for _, answer in batch:
                _settle(answer, error)
            if not isinstance(error, Exception):
                raise
        finally:
            give_back()


def _settle(answer: asyncio.Future[Any], result: Any) -> None:
    if answer.done():
        return
    if isinstance(result, asyncio.CancelledError):
        answer.cancel()
    elif isinstance(result, BaseException):
        answer.set_exception(result)
    else:
        answer.set_result(result)


def _unwrap(result: Out | CreditError) -> Out:
    if isinstance(result, CreditError):
        raise result
    return result
