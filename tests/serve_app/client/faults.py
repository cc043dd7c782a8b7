"""A service behind a real server whose next answers go wrong as the test says, and both clients as one."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from credit.answer import Answer
from serve_app.client import AsyncScoringClient, RefusedRow, RetryPolicy, ScoringClient
from tests.serve_app.live import live_server
from tests.service import TOKEN

Kind = Literal["sync", "async"]
SWIFT = RetryPolicy(first_pause_s=0.001, longest_pause_s=0.01)


class Faulty:
    """Passes requests on, after the faults that are due.

    Faults: ``drop`` ends the connection unanswered, ``die`` does so after the application has answered, ``cut`` in
    the middle of its body, and a number answers with this status.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.due: deque[str | int] = deque()
        self.retry_after: bytes | None = b"0"
        self.n_requests = 0
        self.keys: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        self.n_requests += 1
        self.keys.append(dict(scope["headers"]).get(b"idempotency-key", b""))
        fault = self.due.popleft() if self.due else None
        if fault is None:
            await self._app(scope, receive, send)
        elif isinstance(fault, int):
            await self._refuse(fault, send)
        else:
            if fault != "drop":
                await self._app(scope, receive, self._lossy(fault, send))
            # A server that is left with half an answer ends the connection.
            if fault != "cut":
                await send({"type": "http.response.start", "status": 200, "headers": []})

    async def _refuse(self, status: int, send: Send) -> None:
        told = [] if self.retry_after is None else [(b"retry-after", self.retry_after)]
        headers = [*told, (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    def _lossy(self, fault: str, send: Send) -> Send:
        is_cut = fault == "die"

        async def lossy(message: Message) -> None:
            nonlocal is_cut
            if is_cut:
                return
            if message["type"] == "http.response.start":
                await send(message)
                return
            is_cut = True
            half = message["body"][: len(message["body"]) // 2]
            await send({**message, "body": half, "more_body": True})

        return lossy


@contextmanager
def faulty_server(app: ASGIApp) -> Iterator[tuple[str, Faulty]]:
    """Serve an application with faults."""
    faulty = Faulty(app)
    with live_server(faulty) as url:  # type: ignore[arg-type]
        yield url, faulty


def ask(kind: Kind, url: str, method: str, *values: Any, **named: Any) -> Any:
    """Call a method of a client, in its own way."""
    retry = named.pop("retry", SWIFT)
    if kind == "sync":
        with ScoringClient(url, TOKEN, retry=retry) as client:
            return getattr(client, method)(*values, **named)

    async def asked() -> Any:
        async with AsyncScoringClient(url, TOKEN, retry=retry) as client:
            return await getattr(client, method)(*values, **named)

    return asyncio.run(asked())


def ask_many(
    kind: Kind, url: str, rows: Sequence[dict[str, Any]], **named: Any
) -> list[Answer | RefusedRow]:
    """Score many with a client."""
    retry = named.pop("retry", SWIFT)
    if kind == "sync":
        with ScoringClient(url, TOKEN, retry=retry) as client:
            return list(client.score_many(rows, **named))

    async def asked() -> list[Answer | RefusedRow]:
        async with AsyncScoringClient(url, TOKEN, retry=retry) as client:
            return [told async for told in client.score_many(rows, **named)]

    return asyncio.run(asked())
