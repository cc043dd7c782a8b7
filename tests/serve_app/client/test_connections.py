"""Connections of a client that many share."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from serve_app.client import NO_RETRIES, AsyncScoringClient, ScoringClient
from tests.loanbook import application
from tests.serve_app.client.faults import Kind
from tests.serve_app.live import live_server
from tests.service import TOKEN, Service

AT_ONCE, ROUNDS = 40, 3


class Together:
    """Passes requests on once so many are there: each then has a connection of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._all_there = asyncio.Barrier(AT_ONCE)
        self.connections: set[Any] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            self.connections.add(scope["client"])
            await self._all_there.wait()
        await self._app(scope, receive, send)


def test_connections_are_not_closed_between_rounds_of_many(kind: Kind, service: Service) -> None:
    """A connection that is closed because there are many may be one that somebody has just begun to use."""
    together = Together(service.app)
    with live_server(together) as url:  # type: ignore[arg-type]
        told = _ask_with_threads(url) if kind == "sync" else asyncio.run(_ask_with_tasks(url))

    assert len(set(told)) == ROUNDS * AT_ONCE
    assert len(together.connections) == AT_ONCE


def _rows(number: int) -> list[dict[str, Any]]:
    return [application(application_id=f"{number}-{i}") for i in range(AT_ONCE)]


def _ask_with_threads(url: str) -> list[str | None]:
    told: list[str | None] = []
    with ScoringClient(url, TOKEN, retry=NO_RETRIES) as client, ThreadPoolExecutor(AT_ONCE) as pool:
        for number in range(ROUNDS):
            told += [answer.decision_id for answer in pool.map(client.score, _rows(number))]
    return told


async def _ask_with_tasks(url: str) -> list[str | None]:
    told: list[str | None] = []
    async with AsyncScoringClient(url, TOKEN, retry=NO_RETRIES) as client:
        for number in range(ROUNDS):
            answers = await asyncio.gather(*map(client.score, _rows(number)))
            told += [answer.decision_id for answer in answers]
    return told
