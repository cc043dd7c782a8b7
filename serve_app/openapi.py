"""The OpenAPI document, generated from the contract."""

from __future__ import annotations

from typing import Any

from credit.contract import Contract
from credit.contract.column import Column

PROBLEM = {"$ref": "#/components/schemas/Problem"}
REASONS = {
    "400": "The request is malformed",
    "401": "A valid token is required",
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
}


def openapi_document(contract: Contract) -> dict[str, Any]:
    """Describe every route of the service."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Credit scoring: {contract.product}",
            "version": contract.version,
            "description": contract.description,
        },
        "security": [{"token": []}],
        "paths": {
            "/v1/score": {"post": _score_operation(contract)},
            "/v1/decisions/{decision_id}": _decision_operation(),
            "/v1/model": _get("The bundles that answer, and their figures"),
            "/v1/drift": _get("State of the drift monitor and its latest report"),
            "/v1/drift/reports": _get(
                "Drift reports, newest first", _query("limit", 20, 100), _query("offset", 0, None)
            ),
            "/metrics": _get("Metrics in the Prometheus text format"),
            "/healthz": _get("The process lives", open_to_all=True),
            "/readyz": _get("Decisions can be made and recorded", open_to_all=True),
            "/openapi.json": _get("This document", open_to_all=True),
            "/docs": _get("This document, for people", open_to_all=True),
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Application": application_schema(contract),
                "Answer": answer_schema(contract),
                "Problem": _problem_schema(),
            },
        },
    }


def application_schema(contract: Contract) -> dict[str, Any]:
    """JSON schema of a request."""
    reference = {"type": "string", "minLength": 1, "maxLength": 128}
    properties: dict[str, Any] = {
        "application_id": {
            **reference,
            "description": "The lender's reference of this application.",
        },
        "applicant_id": {
            "type": ["string", "null"],
            "minLength": 1,
            "maxLength": 128,
            "description": "The lender's reference of the person; without it the champion scores.",
        },
        "as_of": {"type": ["string", "null"], "format": "date"},
    }
    consents = {}
    if contract.consents:
        consents["consents"] = {
            "type": "array",
            "items": {"enum": list(contract.consent_sources)},
            "description": "Sources that the applicant has consented to; others are not read.",
        }
    properties |= consents
    properties |= {column.name: _column_schema(column) for column in contract.inputs}
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["application_id", *consents, *_required(contract)],
        "properties": properties,
    }


def _column_schema(column: Column) -> dict[str, Any]:
    unit = f" Unit: {column.unit}." if column.unit else ""
    described = {"description": column.description + unit}
    if column.type in ("category", "date"):
        return {**described, **_text_schema(column)}
    number: dict[str, Any] = {
        "type": column.type,
        "minimum": column.minimum,
        "maximum": column.maximum,
    }
    if column.sentinels:
        codes = [{"const": code, "title": text} for code, text in column.sentinels.items()]
        return {**described, "anyOf": [number, *codes]}
    if column.nullable:
        number["type"] = [column.type, "null"]
    return {**described, **number}


def _required(contract: Contract) -> list[str]:
    """Columns that every application has; those of a source without consent may be left out."""
    optional = set(contract.consent_sources)
    return [column.name for column in contract.inputs if column.source not in optional]


def _text_schema(column: Column) -> dict[str, Any]:
    text: dict[str, Any] = {"type": ["string", "null"] if column.nullable else "string"}
    if column.type == "date":
        return {**text, "format": "date"}
    codes = [{"const": code, "title": meaning} for code, meaning in column.categories.items()]
    return {"anyOf": [*codes, {"type": "null"}] if column.nullable else codes}


def answer_schema(contract: Contract) -> dict[str, Any]:
    """JSON schema of an answer."""
    bands = contract.policy.bands
    reason = {
        "type": "object",
        "required": ["code", "feature", "text", "points"],
        "properties": {
            "code": {"enum": sorted(contract.reason_texts)},
            "feature": {"type": "string"},
            "text": {"type": "string"},
            "points": {
                "type": ["number", "null"],
                "description": "Negative; null for a policy rule.",
            },
        },
    }
    properties: dict[str, Any] = {
        "decision_id": {"type": "string", "description": "Names the record of this decision."},
        "application_id": {"type": "string"},
        "probability_of_default": {"type": "number", "minimum": 0, "maximum": 1},
        "score": {"type": "number", "description": "600 at odds 50:1, +20 doubles the odds."},
        "rating": {"enum": [band.rating for band in bands]},
        "risk_level": {"enum": [band.risk_level for band in bands]},
        "decision": {"enum": ["approve", "review", "decline"]},
        "reason_codes": {"type": "array", "maxItems": 4, "items": reason},
        "arm": {"type": "string"},
        "bundle": {"type": "string", "description": "Hash of the model bundle."},
        "generation": {"type": "integer"},
        "model": {"type": "string"},
    }
    return {
        "type": "object",
        "required": list(properties),
        "properties": {
            **properties,
            **_fallback(contract),
            "shap_values": {
                "type": "object",
                "description": "Contributions to the log-odds of bad, when asked for.",
                "additionalProperties": {"type": "number"},
            },
        },
    }


def _fallback(contract: Contract) -> dict[str, Any]:
    if not contract.consents:
        return {}
    told = "Named when the applicant withheld a source, so that another model answered."
    return {"fallback": {"type": "string", "description": told}}


def example_application(contract: Contract) -> dict[str, Any]:
    """Return the contract's own example; a column that gives none stands at its minimum."""
    example: dict[str, Any] = {"application_id": "A-1001", "applicant_id": "P-1001"}
    if contract.consents:
        example["consents"] = list(contract.consent_sources)
    for column in contract.inputs:
        example[column.name] = _example(column)
    return example


def _score_operation(contract: Contract) -> dict[str, Any]:
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
                "schema": {"type": "string", "minLength": 1, "maxLength": 128},
                "description": "Printable ASCII. The same key and application get the stored answer again.",
            },
            {"name": "shap_values", "in": "query", "schema": {"type": "boolean", "default": False}},
        ],
        "requestBody": {"required": True, "content": {"application/json": body}},
        "responses": {
            "200": {"description": "The decision", "content": {"application/json": answered}},
            **{status: _problem_response(text) for status, text in REASONS.items()},
        },
    }


def _get(summary: str, *parameters: dict[str, Any], open_to_all: bool = False) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": summary,
        "responses": {"200": {"description": summary}},
    }
    if parameters:
        operation["parameters"] = list(parameters)
    if open_to_all:
        operation["security"] = []
    else:
        operation["responses"]["401"] = _problem_response(REASONS["401"])
    return {"get": operation}


def _decision_operation() -> dict[str, Any]:
    operation = _get(
        "Show one recorded decision",
        {"name": "decision_id", "in": "path", "required": True, "schema": {"type": "string"}},
    )
    unknown = "There is no such decision, or it is another tenant's."
    operation["get"]["responses"]["404"] = _problem_response(unknown)
    return operation


def _query(name: str, default: int, maximum: int | None) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer", "minimum": 0, "default": default}
    if maximum is not None:
        schema["maximum"] = maximum
    return {"name": name, "in": "query", "schema": schema}


def _problem_response(text: str) -> dict[str, Any]:
    return {"description": text, "content": {"application/problem+json": {"schema": PROBLEM}}}


def _problem_schema() -> dict[str, Any]:
    failure = {
        "type": "object",
        "properties": {name: {"type": "string"} for name in ("field", "rule", "message")},
    }
    return {
        "type": "object",
        "description": "RFC 9457",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "errors": {"type": "array", "items": failure},
            "product": {"type": "string", "description": "What is scored here."},
        },
    }


def _example(column: Column) -> float | str:
    if column.example is not None:
        whole = column.type == "integer" and not isinstance(column.example, str)
        return int(column.example) if whole else column.example
    if column.type == "category":
        return column.category_codes[0]
    if column.type == "date":
        return "2026-01-31"
    value = float(column.minimum or 0)
    return int(value) if column.type == "integer" else value
