"""How the routes of earlier systems are described."""

from __future__ import annotations

from typing import Any

from credit.contract import Contract
from serve_app.openapi.batch import KEY_HEADER
from serve_app.openapi.operations import (
    OF_A_DECISION,
    TIMEOUT_HEADER,
    get,
    problem_responses,
    query,
)
from serve_app.openapi.schemas import application_schema, example_application

_TEXT = {"type": "string"}


def earlier_paths(
    contract: Contract, maximum_page: int, maximum_offset: int
) -> dict[str, dict[str, Any]]:
    """Describe the routes, by path."""
    one = _application(contract)
    many = {"type": "array", "minItems": 1, "items": one}
    wrapped = {
        "type": "object",
        "additionalProperties": False,
        "required": ["applications"],
        "properties": {"applications": many},
    }
    named = {
        name: value
        for name, value in example_application(contract).items()
        if name not in ("application_id", "applicant_id")
    }
    answer = _answer(contract)
    logged = {
        **answer["properties"],
        "timestamp": {"type": "string", "description": "When it was decided, UTC."},
    }
    del logged["risk_level"]
    page = (query("limit", 100, maximum_page, minimum=1), query("offset", 0, maximum_offset))
    logs = get("The latest decisions, newest first, in earlier words", *page)
    logs["get"]["responses"] |= {
        **problem_responses("400", "503"),
        "200": _ok("Decisions", {"logs": {"type": "array", "items": _object(logged)}}),
    }
    health = get("Decisions can be made and recorded", open_to_all=True)
    health["get"]["responses"] |= {
        **problem_responses("503"),
        "200": _ok(
            "They can", {"status": _TEXT, "model_loaded": {"const": True}, "version": _TEXT}
        ),
    }
    information = get("The champion: its family, its figures and what it reads")
    names = {"type": "array", "items": _TEXT}
    information["get"]["responses"]["200"] = _ok(
        "The champion",
        {
            **dict.fromkeys(("model", "family", "bundle"), _TEXT),
            **dict.fromkeys(("features", "trained_columns"), names),
            "metrics": {"type": "object"},
        },
    )
    drift = get("Drift reports, newest first", query("limit", 20, 100), query("offset", 0, None))
    drift["get"]["responses"] |= problem_responses("400", "503")
    refused = {"type": "array", "items": {"$ref": "#/components/schemas/RefusedRow"}}
    predictions = {"predictions": {"type": "array", "items": answer}, "refused": refused}
    return {
        "/predict": {
            "post": _post(
                "Decide one application, in earlier words", one, named, answer, OF_A_DECISION
            )
        },
        "/predict/batch": {
            "post": _post(
                "Decide several applications, in earlier words",
                {"oneOf": [wrapped, many]},
                {"applications": [named]},
                _object(predictions),
                tuple(status for status in OF_A_DECISION if status not in ("409", "410")),
            )
        },
        "/health": health,
        "/model-info": information,
        "/logs": logs,
        "/drift-reports": drift,
    }


def _application(contract: Contract) -> dict[str, Any]:
    named = application_schema(contract)
    required = [name for name in named["required"] if name != "application_id"]
    n_values = len(contract.inputs)
    beside = ("application_id", "as_of", "consents")
    listed = {
        "type": "object",
        "additionalProperties": False,
        "required": ["features", *(["consents"] if contract.consents else [])],
        "properties": {
            **{name: s for name, s in named["properties"].items() if name in beside},
            "client_id": named["properties"]["applicant_id"],
            "features": {
                "type": "array",
                "minItems": n_values,
                "maxItems": n_values,
                "description": f"Values of {', '.join(c.name for c in contract.inputs)}, in this order.",
            },
        },
    }
    return {"oneOf": [{**named, "required": required}, listed]}


def _answer(contract: Contract) -> dict[str, Any]:
    bands = contract.policy.bands
    return _object(
        {
            "decision_id": _TEXT,
            "probability": {"type": "number", "minimum": 0, "maximum": 1},
            "risk_level": {"enum": [band.risk_level for band in bands]},
            "credit_score": {"type": "integer"},
            "rating": {"enum": [band.rating for band in bands]},
            "decision": {"enum": ["approve", "manual review", "reject"]},
        }
    )


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": properties}


def _ok(description: str, properties: dict[str, Any]) -> dict[str, Any]:
    content = {"application/json": {"schema": _object(properties)}}
    return {"description": description, "content": content}


def _post(
    summary: str, body: Any, example: Any, answer: Any, refusals: tuple[str, ...]
) -> dict[str, Any]:
    return {
        "summary": summary,
        "description": "For clients of earlier systems. Decided and recorded as /v1/score does it; a reference "
        "that does not come with an application is drawn.",
        "parameters": [KEY_HEADER, TIMEOUT_HEADER],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": body, "example": example}},
        },
        "responses": {
            "200": {
                "description": "The decision",
                "content": {"application/json": {"schema": answer}},
            },
            **problem_responses(*refusals),
        },
    }
