"""Parts that the operations of all routes are described with."""

from __future__ import annotations

from typing import Any

from serve_app.client_deadlines import LONGEST_MS

OF_A_DECISION = (
    "400",
    "401",
    "408",
    "409",
    "410",
    "413",
    "414",
    "415",
    "422",
    "431",
    "500",
    "503",
    "504",
)
"""Statuses of refusals that a route which decides may give."""

PROBLEM = {"$ref": "#/components/schemas/Problem"}
REASONS = {
    "400": "The request is malformed",
    "401": "A valid token is required",
    "403": "The token does not allow this",
    "408": "The body did not arrive in time",
    "409": "The idempotency key was used for another application",
    "410": "The idempotency key names a decision whose subject was erased",
    "413": "The body is too large",
    "414": "The query is too long",
    "415": "The body is of another type",
    "422": "The application breaks the contract; `errors` names every field",
    "431": "The headers are too long",
    "500": "The decision cannot be explained, or the service could not answer",
    "503": "The decision cannot be made or recorded now, or too many wait for one; after as many seconds as "
    "Retry-After says, retry with the same Idempotency-Key",
    "504": "There was no answer within X-Request-Timeout-Ms; `detail` says whether it may have been decided",
}

TIMEOUT_HEADER: dict[str, Any] = {
    "name": "X-Request-Timeout-Ms",
    "in": "header",
    "schema": {"type": "integer", "minimum": 1, "maximum": LONGEST_MS},
    "description": "Milliseconds from the arrival of the request that the client waits for its answer. What has "
    "not begun by then is not scored. The limits of the service hold as well.",
}


def get(
    summary: str,
    *parameters: dict[str, Any],
    open_to_all: bool = False,
    has_tag: bool = False,
) -> dict[str, Any]:
    """Describe a route that is read.

    Parameters
    ----------
    has_tag
        Whether it gives an entity tag, and no body to who has it already.
    """
    operation: dict[str, Any] = {
        "summary": summary,
        "responses": {"200": {"description": summary}},
    }
    if parameters:
        operation["parameters"] = list(parameters)
    if has_tag:
        operation["responses"]["304"] = {
            "description": "As If-None-Match says: nothing has changed"
        }
    if open_to_all:
        operation["security"] = []
    else:
        operation["responses"]["401"] = problem_response(REASONS["401"])
    return {"get": operation}


def query(name: str, default: int, maximum: int | None, *, minimum: int = 0) -> dict[str, Any]:
    """Describe a whole number among the parameters of a query."""
    schema: dict[str, Any] = {"type": "integer", "minimum": minimum, "default": default}
    if maximum is not None:
        schema["maximum"] = maximum
    return {"name": name, "in": "query", "schema": schema}


def problem_responses(*statuses: str) -> dict[str, Any]:
    """Describe refusals by their statuses."""
    return {status: problem_response(REASONS[status]) for status in statuses}


def problem_response(text: str) -> dict[str, Any]:
    """Describe one refusal."""
    return {"description": text, "content": {"application/problem+json": {"schema": PROBLEM}}}
