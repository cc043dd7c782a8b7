"""Decide many applications for one request, without keeping anybody else waiting.

Row by row through :meth:`Gateway.decide_application`, the very function of ``/v1/score``, with some rows
under way at a time. That gives the same bits and the same record by construction, and it fits both
placements: with the nodes in other deployments the links gather the rows that are under way into one call,
and with the nodes in this process a row takes half a millisecond, its record included, so no thread is needed
to give the loop back. Scoring a batch in one vectorised call would save the smaller part of that, and be a
second way to a decision that only one of the placements could go; who has files of millions has
``credit score`` for that.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from credit.contract import Application
from credit.errors import ServiceUnavailable
from credit.records import Receipt
from serve_app.admission import HungUp
from serve_app.batch.gate import RowGate
from serve_app.batch.refusals import OF_ONE_ROW, RefusedRow, refused_row
from serve_app.gateway import Gateway

ROWS_UNDER_WAY = 64
"""Of all batches together: a call of the graph holds as many, and the queue of the record store 16 times more."""

Row = TypeVar("Row")
Outcome = Receipt | RefusedRow


@dataclass(frozen=True)
class Asked:
    """What one request wants of its rows.

    Attributes
    ----------
    idempotency_key
        Of the request; with ``:`` and the number of a row it is the key of that row.
    limit_s
        Seconds within which all rows must be decided.
    gone
        Waits until the client hangs up.
    """

    tenant: str
    route: str
    idempotency_key: str | None
    with_shap_values: bool
    limit_s: float
    gone: Callable[[], Awaitable[None]]


class ManyDecisions:
    """Decides the rows of all batches of one event loop."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._gate = RowGate(ROWS_UNDER_WAY)

    async def decide(
        self, rows: Sequence[Row], read: Callable[[Row], Application], asked: Asked
    ) -> AsyncGenerator[list[Outcome], None]:
        """Decide rows; gives what became of them in their order, some at a time. Close it.

        Parameters
        ----------
        read
            Checks one row; raises InvalidInput for one that is no application.

        Raises
        ------
        HungUp
            When the client did. What was handed to the record store stays there, no further row begins.
        ServiceUnavailable
            When it takes too long.
        CreditError
            When a row cannot be decided for a reason that is not its own, such as a store that is down.
        """
        ends_at = asyncio.get_running_loop().time() + asked.limit_s
        under_way: deque[asyncio.Task[Outcome]] = deque()
        gone = asyncio.ensure_future(asked.gone())
        try:
            for number, row in enumerate(rows, start=1):
                while under_way and not self._gate.has_room:
                    await _first_of(under_way[0], gone, ends_at)
                    yield _taken(under_way)
                await self._enter(gone, ends_at)
                under_way.append(self._begin(number, row, read, asked))
                if ready := _taken(under_way):
                    yield ready
            while under_way:
                await _first_of(under_way[0], gone, ends_at)
                yield _taken(under_way)
        except TimeoutError:
            raise _too_late(asked) from None
        finally:
            for task in (gone, *under_way):
                task.cancel()
            await asyncio.gather(gone, *under_way, return_exceptions=True)

    async def _enter(self, gone: asyncio.Future[None], ends_at: float) -> None:
        if gone.done():
            raise HungUp
        if asyncio.get_running_loop().time() >= ends_at:
            raise TimeoutError
        if self._gate.has_room:
            await self._gate.enter()
            return
        # Other batches hold all the room, perhaps for long.
        entering = asyncio.ensure_future(self._gate.enter())
        try:
            await _first_of(entering, gone, ends_at)
        except BaseException:
            if not entering.cancel():
                self._gate.leave()
            raise

    def _begin(
        self, number: int, row: Row, read: Callable[[Row], Application], asked: Asked
    ) -> asyncio.Task[Outcome]:
        task = asyncio.get_running_loop().create_task(self._one(number, row, read, asked))
        # Not in a `finally` of the coroutine: one that is cancelled before it began never gets there.
        task.add_done_callback(lambda _: self._gate.leave())
        return task

    async def _one(
        self, number: int, row: Row, read: Callable[[Row], Application], asked: Asked
    ) -> Outcome:
        started = time.perf_counter_ns()
        key = asked.idempotency_key
        try:
            return await self._gateway.decide_application(
                read(row),
                started_ns=started,
                tenant=asked.tenant,
                route=asked.route,
                idempotency_key=None if key is None else f"{key}:{number}",
                with_shap_values=asked.with_shap_values,
            )
        except OF_ONE_ROW as error:
            return refused_row(number, error)


def _taken(under_way: deque[asyncio.Task[Outcome]]) -> list[Outcome]:
    """Take the outcomes that are there, in order; an error comes alone, after what was decided before it."""
    outcomes: list[Outcome] = []
    while under_way and under_way[0].done():
        if outcomes and under_way[0].exception() is not None:
            break
        outcomes.append(under_way.popleft().result())
    return outcomes


async def _first_of(task: asyncio.Task[Any], gone: asyncio.Future[None], ends_at: float) -> None:
    """Wait for a row, as long as there is somebody to tell and time to do so."""
    if task.done():
        return
    left_s = max(0.0, ends_at - asyncio.get_running_loop().time())
    await asyncio.wait((task, gone), timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        return
    raise HungUp if gone.done() else TimeoutError


def _too_late(asked: Asked) -> ServiceUnavailable:
    return ServiceUnavailable(
        f"not all rows were decided within {asked.limit_s:g} s. Those that were are recorded: send the batch "
        "again with the same Idempotency-Key, or a smaller one"
    )
