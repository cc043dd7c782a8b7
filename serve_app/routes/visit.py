"""The way of a request with many applications: its place, its body, its turn, its rows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from credit.contract import Application
from serve_app.admission import Place
from serve_app.batch import Asked, Outcome
from serve_app.deadlines import DeadlinePassed
from serve_app.large_bodies import HeldBody
from serve_app.problems import MalformedRequest
from serve_app.requests import Request
from serve_app.routes.desk import Desk
from serve_app.routes.query import flag, idempotency_key

Row = TypeVar("Row")
Made = TypeVar("Made")

MEBIBYTE = 2**20
IN_PLACE_BYTES = 2_048
"""Checking what is longer may take milliseconds, in which the loop could answer others."""

ROWS_OF_A_LIMIT = 1_000
"""Rows for which a batch has the time of one answer; ten milliseconds each, twenty times what one takes alone."""


class Visit:
    """One request with many applications, from its arrival to its end; made by :func:`visit`."""

    def __init__(self, desk: Desk, request: Request, place: Place, held: HeldBody) -> None:
        self._desk = desk
        self._request = request
        self._place = place
        self._held = held
        self._key = idempotency_key(request)
        self._with_shap_values = flag(request, "shap_values")

    async def body(self, content_types: Collection[bytes]) -> bytes:
        """Read the body, which has ``body_timeout_s`` for each MiB, then wait for a slot.

        Raises
        ------
        MalformedRequest
            When it is of another type, too large or too slow.
        Overloaded
            When there is no room, or no turn in time.
        """
        limits, loop = self._desk.limits, asyncio.get_running_loop()
        began = loop.time()

        def arrived(n_bytes: int) -> None:
            self._held.grow(n_bytes)
            deadline.at = began + limits.body_timeout_s * (1 + n_bytes // MEBIBYTE)

        try:
            with self._desk.deadlines.after(limits.body_timeout_s) as deadline:
                body = await self._request.body(content_types, limits.max_batch_bytes, arrived)
                deadline.at = loop.time() + limits.answer_timeout_s
                await self._place.turn(self._request.gone)
        except TimeoutError:
            if not deadline.has_passed:
                raise
            if self._request.body_is_read:
                raise self._desk.admission.late() from None
            raise MalformedRequest(
                408, f"the body did not arrive: expected a MiB within {limits.body_timeout_s:g} s"
            ) from None
        self._request.begin()
        return body

    async def take_apart(self, read: Callable[[bytes], Made], body: bytes) -> Made:
        """Make something of a body: in a thread, unless it is as short as that of a few applications."""
        if len(body) <= IN_PLACE_BYTES:
            return read(body)
        return await asyncio.to_thread(read, body)

    def decide(
        self, rows: Sequence[Row], read: Callable[[Row], Application]
    ) -> AsyncGenerator[list[Outcome], None]:
        """Decide rows, see :meth:`ManyDecisions.decide`; close what this returns.

        They have ``answer_timeout_s`` for each 1,000, or until the deadline of the client.
        """
        limit_s = self._desk.limits.answer_timeout_s * (1 + len(rows) // ROWS_OF_A_LIMIT)
        deadline = self._request.deadline
        if deadline is not None:
            limit_s = min(limit_s, deadline.at - asyncio.get_running_loop().time())
        asked = Asked(
            tenant=self._place.tenant,
            route=self._request.route,
            idempotency_key=self._key,
            with_shap_values=self._with_shap_values,
            limit_s=limit_s,
            gone=self._request.gone,
        )
        return self._in_time(self._desk.many.decide(rows, read, asked))

    async def _in_time(
        self, outcomes: AsyncGenerator[list[Outcome], None]
    ) -> AsyncGenerator[list[Outcome], None]:
        try:
            async for some in outcomes:
                yield some
        except Exception:
            deadline = self._request.deadline
            if deadline is not None and deadline.is_over:
                raise DeadlinePassed(has_begun=True) from None
            raise
        finally:
            await outcomes.aclose()


@contextmanager
def visit(desk: Desk, request: Request) -> Iterator[Visit]:
    """Give a request its place; what it holds is given back at the end.

    Raises
    ------
    Unauthorized, Overloaded
        When it may not come in, or not now.
    """
    tenant = desk.tenant(request)
    with desk.admission.arrive(tenant) as place, HeldBody(desk.large_bodies) as held:
        yield Visit(desk, request, place, held)
