"""Routes of earlier systems, for clients that cannot be changed at once: another form of the same decisions."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Awaitable
from contextlib import aclosing
from functools import partial
from time import perf_counter_ns

import msgspec

from credit.contract import Application
from credit.records import Receipt, RecordReader
from serve_app.batch import RefusedRow
from serve_app.batch.rows import json_rows
from serve_app.earlier import EarlierReader, earlier_answer, prediction_log
from serve_app.earlier.answers import EarlierAnswer
from serve_app.earlier.applications import drawn_id
from serve_app.openapi.earlier import earlier_paths
from serve_app.reply import Reply
from serve_app.requests import JSON_ONLY, Request
from serve_app.routes.desk import Desk, Group
from serve_app.routes.query import idempotency_key, number
from serve_app.routes.score import REPLAYED, decided_in_time
from serve_app.routes.visit import visit

MAXIMUM_PAGE = 1_000
MAXIMUM_OFFSET = 100_000
"""Farther back a list by numbers gets slow; ``/v1/decisions`` goes on from a cursor."""


class _Predictions(msgspec.Struct, frozen=True):
    predictions: list[EarlierAnswer]
    refused: list[RefusedRow]


def earlier_routes(desk: Desk) -> Group:
    """Decide, and tell of decisions, models and drift."""
    routes = _EarlierRoutes(desk)
    return Group(
        table=[
            ("POST", "/predict", routes.predict),
            ("POST", "/predict/batch", routes.predict_batch),
            ("GET", "/health", routes.health),
            ("GET", "/model-info", routes.model_info),
            ("GET", "/logs", routes.logs),
            ("GET", "/drift-reports", routes.drift_reports),
        ],
        paths=earlier_paths(desk.contract, MAXIMUM_PAGE, MAXIMUM_OFFSET),
    )


class _EarlierRoutes:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._reader = EarlierReader(desk.contract)
        self._version = importlib.metadata.version("credit-cluster")

    async def predict(self, request: Request) -> Reply:
        """Decide one application."""
        tenant = self._desk.tenant(request)
        with self._desk.admission.arrive(tenant) as place:
            key = idempotency_key(request)

            def decide(body: bytes) -> Awaitable[Receipt]:
                started = perf_counter_ns()
                return self._desk.gateway.decide_application(
                    self._reader.read(body, drawn_id(tenant, key)),
                    started_ns=started,
                    tenant=tenant,
                    route=request.route,
                    idempotency_key=key,
                    with_shap_values=False,
                )

            receipt = await decided_in_time(self._desk, request, place, decide)
        answer = msgspec.json.encode(earlier_answer(receipt.answer))
        return Reply(200, answer, headers=REPLAYED if receipt.replayed else ())

    async def predict_batch(self, request: Request) -> Reply:
        """Decide several, and tell which could not be by their numbers."""
        tenant, key = self._desk.tenant(request), idempotency_key(request)
        answers: list[EarlierAnswer] = []
        refused: list[RefusedRow] = []
        with visit(self._desk, request) as visiting:
            body = await visiting.body(JSON_ONLY)
            contract, maximum = self._desk.contract, self._desk.limits.max_batch_rows
            found = await visiting.take_apart(
                partial(json_rows, contract=contract, maximum=maximum), body
            )
            rows = [
                (bytes(row), drawn_id(tenant, key, place))
                for place, row in enumerate(found, start=1)
            ]
            async with aclosing(visiting.decide(rows, self._read)) as outcomes:
                async for some in outcomes:
                    for outcome in some:
                        if isinstance(outcome, RefusedRow):
                            refused.append(outcome)
                        else:
                            answers.append(earlier_answer(outcome.answer))
        return Reply(200, msgspec.json.encode(_Predictions(answers, refused)))

    def _read(self, row: tuple[bytes, str]) -> Application:
        return self._reader.read(*row)

    async def health(self, request: Request) -> Reply:
        """Answer 200 while decisions can be made and recorded."""
        await self._desk.gateway.require_ready()
        said = {"status": "healthy", "model_loaded": True, "version": self._version}
        return Reply(200, msgspec.json.encode(said))

    async def model_info(self, request: Request) -> Reply:
        """Say what the champion is: its family, its figures, what it reads."""
        self._desk.tenant(request)
        champion, contract = self._desk.gateway.describe().arms[0], self._desk.contract
        said = {
            "model": contract.registry_name,
            "family": champion.model,
            "bundle": champion.bundle,
            "features": contract.feature_names,
            "trained_columns": [column.name for column in contract.inputs],
            "metrics": champion.metrics,
        }
        return Reply(200, msgspec.json.encode(said))

    async def logs(self, request: Request) -> Reply:
        """List the latest decisions."""
        tenant = self._desk.tenant(request)
        limit = number(request, "limit", 100, MAXIMUM_PAGE, minimum=1)
        offset = number(request, "offset", 0, MAXIMUM_OFFSET)

        def listed(reader: RecordReader) -> bytes:
            return prediction_log(reader, tenant, limit, offset)

        return Reply(200, await self._desk.from_records(request, tenant, listed))

    async def drift_reports(self, request: Request) -> Reply:
        """List drift reports, newest first."""
        self._desk.tenant(request)
        limit, offset = number(request, "limit", 20, 100), number(request, "offset", 0, 10**9)
        return Reply(200, await self._desk.monitor.reports(limit, offset))
