"""Deciding one application."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from credit.contract import Contract
from credit.errors import ServiceUnavailable
from credit.records import Receipt
from serve_app.admission import Place
from serve_app.openapi.operations import OF_A_DECISION, TIMEOUT_HEADER, problem_responses
from serve_app.openapi.schemas import example_application
from serve_app.problems import MalformedRequest
from serve_app.reply import Header, Reply
from serve_app.requests import Request
from serve_app.routes.desk import Desk, Group
from serve_app.routes.query import MAXIMUM_KEY_LENGTH, flag, idempotency_key

ROUTE = "/v1/score"

REPLAYED: tuple[Header, ...] = ((b"idempotent-replayed", b"true"),)


def score_routes(desk: Desk) -> Group:
    """One application, one decision."""
    routes = _ScoreRoutes(desk)
    return Group(
        table=[("POST", ROUTE, routes.score)], paths={ROUTE: {"post": _operation(desk.contract)}}
    )


class _ScoreRoutes:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def score(self, request: Request) -> Reply:
        """Decide one application."""
        tenant = self._desk.tenant(request)
        with self._desk.admission.arrive(tenant) as place:
            key, with_shap_values = idempotency_key(request), flag(request, "shap_values")

            def decide(body: bytes) -> Awaitable[Receipt]:
                return self._desk.gateway.decide(
                    body,
                    tenant=tenant,
                    route=ROUTE,
                    idempotency_key=key,
                    with_shap_values=with_shap_values,
                )

            receipt = await decided_in_time(self._desk, request, place, decide)
        return Reply(200, receipt.answer, headers=REPLAYED if receipt.replayed else ())


async def decided_in_time(
    desk: Desk, request: Request, place: Place, decide: Callable[[bytes], Awaitable[Receipt]]
) -> Receipt:
    """Read the body of one application, wait for a slot, and decide, each within its limit.

    Raises
    ------
    MalformedRequest
        When the body is no JSON, too large or too slow.
    Overloaded
        When there was no turn in time.
    ServiceUnavailable
        When there was no answer in time.
    """
    limits = desk.limits
    try:
        with desk.deadlines.after(limits.body_timeout_s) as deadline:
            body = await request.json_body()
            deadline.at += limits.answer_timeout_s - limits.body_timeout_s
            await place.turn(request.gone)
            if deadline.is_over:
                raise desk.admission.late()
            request.begin()
            return await decide(body)
    except TimeoutError:
        if not deadline.has_passed:
            raise
        raise _too_late(desk, request) from None


def _too_late(desk: Desk, request: Request) -> Exception:
    if not request.body_is_read:
        return MalformedRequest(
            408, f"the body did not arrive within {desk.limits.body_timeout_s:g} s"
        )
    if not request.has_begun:
        return desk.admission.late()
    return ServiceUnavailable(
        f"there was no answer within {desk.limits.answer_timeout_s:g} s. It may have been decided: send the "
        "application again with the same Idempotency-Key"
    )


def _operation(contract: Contract) -> dict[str, Any]:
    body = {
        "schema": {"$ref": "#/components/schemas/Application"},
        "example": example_application(contract),
    }
    answered = {"schema": {"$ref": "#/components/schemas/Answer"}}
    return {
        "summary": "Decide one application",
        "description": "The decision is recorded before it is answered.",
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "schema": {"type": "string", "minLength": 1, "maxLength": MAXIMUM_KEY_LENGTH},
                "description": "Printable ASCII. The same key and application get the stored answer again.",
            },
            TIMEOUT_HEADER,
            {"name": "shap_values", "in": "query", "schema": {"type": "boolean", "default": False}},
        ],
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": {
            "200": {"description": "The decision", "content": {"application/json": answered}},
            **problem_responses(*OF_A_DECISION),
        },
    }
