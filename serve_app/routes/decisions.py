"""Decisions that were made."""

from __future__ import annotations

from typing import Any

from credit.errors import DecisionUnknown
from credit.records import RecordReader
from serve_app.decision_list import Wanted, list_decisions
from serve_app.decisions import recorded_decision
from serve_app.openapi.operations import get, problem_response, problem_responses, query
from serve_app.reply import Reply
from serve_app.requests import Request
from serve_app.routes.desk import Desk, Group
from serve_app.routes.query import number, one_of, period, require_known, text

MAXIMUM_ID_LENGTH = 64
MAXIMUM_PAGE = 100

LIST = "/v1/decisions"
ONE = "/v1/decisions/{decision_id}"
DECISIONS = ("approve", "review", "decline")


def decision_routes(desk: Desk) -> Group:
    """Show decisions to the tenant whose they are."""
    routes = _DecisionRoutes(desk)
    return Group(
        table=[("GET", LIST, routes.decisions), ("GET", ONE, routes.decision)],
        paths={LIST: _list_operation(), ONE: _operation()},
    )


class _DecisionRoutes:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def decisions(self, request: Request) -> Reply:
        """List decisions, newest first; only what is in clear of them."""
        tenant = self._desk.tenant(request)
        require_known(request, "limit", "before", "since", "until", "decision", "arm", "bundle")
        limit = number(request, "limit", 20, MAXIMUM_PAGE, minimum=1)
        before = text(request, "before")
        wanted = Wanted(
            period=period(request),
            decision=one_of(request, "decision", DECISIONS),
            arm=text(request, "arm"),
            bundle=text(request, "bundle"),
        )

        def listed(reader: RecordReader) -> bytes:
            return list_decisions(reader, tenant, wanted, limit=limit, before=before)

        return Reply(200, await self._desk.from_records(request, tenant, listed))

    async def decision(self, request: Request) -> Reply:
        """Show one recorded decision; it waits for its turn as a decision does, for it reads the database."""
        tenant = self._desk.tenant(request)
        decision_id = decision_id_of(request)

        def found(reader: RecordReader) -> bytes:
            return recorded_decision(reader, tenant, decision_id)

        return Reply(200, await self._desk.from_records(request, tenant, found))


def decision_id_of(request: Request) -> str:
    """Id of the decision that the path names.

    Raises
    ------
    DecisionUnknown
        When no decision can have it.
    """
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


def _operation() -> dict[str, Any]:
    operation = get(
        "Show one recorded decision",
        {"name": "decision_id", "in": "path", "required": True, "schema": {"type": "string"}},
    )
    unknown = "There is no such decision, or it is another tenant's."
    operation["get"]["responses"]["404"] = problem_response(unknown)
    return operation


def _list_operation() -> dict[str, Any]:
    operation = get(
        "List decisions, newest first",
        query("limit", 20, MAXIMUM_PAGE, minimum=1),
        _parameter("before", "The `next` of the page before this one."),
        _parameter("since", "Date, or date and time in ISO form; UTC unless it says otherwise."),
        _parameter("until", "The same; decisions of that moment are left out."),
        _parameter("decision", "", enum=list(DECISIONS)),
        _parameter("arm", "Such as champion."),
        _parameter("bundle", "Hash of a bundle."),
    )
    operation["get"]["description"] = (
        "Holds what is kept in clear: no field of an application. A page with a `next` may be short, or empty, "
        "when many decisions were passed over."
    )
    operation["get"]["responses"] |= problem_responses("400", "503")
    return operation


def _parameter(name: str, description: str, **schema: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": {"type": "string", **schema},
    }
