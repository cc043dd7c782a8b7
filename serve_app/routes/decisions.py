"""Decisions that were made."""

from __future__ import annotations

from credit.errors import DecisionUnknown, ServiceUnavailable
from serve_app.openapi.operations import get, problem_response
from serve_app.reply import Reply
from serve_app.requests import Request
from serve_app.routes.desk import Desk, Group

MAXIMUM_ID_LENGTH = 64


def decision_routes(desk: Desk) -> Group:
    """Show decisions to the tenant whose they are."""
    routes = _DecisionRoutes(desk)
    path = "/v1/decisions/{decision_id}"
    operation = get(
        "Show one recorded decision",
        {"name": "decision_id", "in": "path", "required": True, "schema": {"type": "string"}},
    )
    unknown = "There is no such decision, or it is another tenant's."
    operation["get"]["responses"]["404"] = problem_response(unknown)
    return Group(table=[("GET", path, routes.decision)], paths={path: operation})


class _DecisionRoutes:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def decision(self, request: Request) -> Reply:
        """Show one recorded decision; it waits for its turn as a decision does, for it reads the database."""
        tenant = self._desk.tenant(request)
        decision_id = _decision_id(request)
        try:
            with (
                self._desk.admission.arrive(tenant) as place,
                self._desk.deadlines.after(self._desk.limits.answer_timeout_s),
            ):
                await place.turn(request.gone)
                return Reply(200, await self._desk.gateway.recorded(tenant, decision_id))
        except TimeoutError:
            raise ServiceUnavailable(
                f"the record store did not answer within {self._desk.limits.answer_timeout_s:g} s"
            ) from None


def _decision_id(request: Request) -> str:
    decision_id = request.path_params["decision_id"]
    if (
        len(decision_id) > MAXIMUM_ID_LENGTH
        or not decision_id.isascii()
        or not decision_id.isprintable()
    ):
        raise DecisionUnknown(
            "There is no decision of this id: expected the decision_id of an answer."
        )
    return decision_id
