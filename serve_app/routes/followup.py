"""What is added to a decision after it was made: an officer's review, and how the loan went."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

import msgspec
import sqlalchemy as sa

from credit.followup import Outcome, Review, record_outcome, record_review
from credit.records import RecordReader
from credit.records.lineage.gather import find_decision
from serve_app.openapi.operations import problem_response, problem_responses
from serve_app.reply import Reply
from serve_app.requests import Request
from serve_app.routes.decisions import decision_id_of
from serve_app.routes.desk import Desk, Group
from serve_app.routes.query import decoded

PATH = "/v1/decisions/{decision_id}"

Added = TypeVar("Added", Outcome, Review)

_outcome = msgspec.json.Decoder(Outcome)
_review = msgspec.json.Decoder(Review)


class FollowUp(Protocol):
    """What the routes ask of the state database."""

    async def outcome(self, tenant: str, decision_id: str, outcome: Outcome) -> str:
        """Keep how a loan went, and return when that was recorded."""
        ...

    async def review(self, tenant: str, decision_id: str, review: Review) -> str:
        """Keep what an officer decided, and return when that was recorded."""
        ...


class StoredFollowUp:
    """Keeps both in the state database, for decisions that the tenant has."""

    def __init__(self, state: sa.Engine, reader: RecordReader) -> None:
        self._state = state
        self._reader = reader

    async def outcome(self, tenant: str, decision_id: str, outcome: Outcome) -> str:
        """Keep how a loan went.

        Raises
        ------
        DecisionUnknown
            This tenant has none of this id.
        """
        return await asyncio.to_thread(self._add, record_outcome, tenant, decision_id, outcome)

    async def review(self, tenant: str, decision_id: str, review: Review) -> str:
        """Keep what an officer decided.

        Raises
        ------
        DecisionUnknown
            This tenant has none of this id.
        """
        return await asyncio.to_thread(self._add, record_review, tenant, decision_id, review)

    def _add(
        self,
        record: Callable[[sa.Engine, str, str, Added], str],
        tenant: str,
        decision_id: str,
        added: Added,
    ) -> str:
        find_decision(self._reader, tenant, decision_id)
        return record(self._state, tenant, decision_id, added)


def followup_routes(desk: Desk, followup: FollowUp) -> Group:
    """Add to decisions."""
    routes = _FollowUpRoutes(desk, followup)
    outcome = {"defaulted": False, "observed_on": "2027-11-30"}
    review = {"decision": "approve", "reason_code": "INCOME_VERIFIED", "reviewer": "officer-17"}
    return Group(
        table=[
            ("POST", f"{PATH}/outcome", routes.outcome),
            ("POST", f"{PATH}/review", routes.review),
        ],
        paths={
            f"{PATH}/outcome": _operation(
                "Say how a loan went; the newest counts", Outcome, outcome
            ),
            f"{PATH}/review": _operation("Say what an officer decided", Review, review),
        },
    )


class _FollowUpRoutes:
    def __init__(self, desk: Desk, followup: FollowUp) -> None:
        self._desk = desk
        self._followup = followup

    async def outcome(self, request: Request) -> Reply:
        """Keep how a loan went."""
        tenant, decision_id = self._desk.tenant(request), decision_id_of(request)
        outcome = decoded(_outcome, await request.json_body())
        return _kept(decision_id, await self._followup.outcome(tenant, decision_id, outcome))

    async def review(self, request: Request) -> Reply:
        """Keep what an officer decided."""
        tenant, decision_id = self._desk.tenant(request), decision_id_of(request)
        review = decoded(_review, await request.json_body())
        return _kept(decision_id, await self._followup.review(tenant, decision_id, review))


def _kept(decision_id: str, recorded_at: str) -> Reply:
    told = {"decision_id": decision_id, "recorded_at": recorded_at}
    return Reply(200, msgspec.json.encode(told))


def _operation(summary: str, of: type, example: dict[str, Any]) -> dict[str, Any]:
    (schema,), _ = msgspec.json.schema_components([of], ref_template="{name}")
    _, found = msgspec.json.schema_components([of], ref_template="{name}")
    body = {"schema": found.get(of.__name__, schema), "example": example}
    responses = problem_responses("400", "401", "408", "413", "414", "415", "422", "431", "503")
    unknown = "There is no such decision, or it is another tenant's."
    return {
        "post": {
            "summary": summary,
            "parameters": [
                {
                    "name": "decision_id",
                    "in": "path",
                    "required": True,
                    "schema": {"type": "string"},
                }
            ],
            "requestBody": {"required": True, "content": {"application/json": body}},
            "responses": {
                "200": {"description": "Kept"},
                "404": problem_response(unknown),
                **responses,
            },
        }
    }
