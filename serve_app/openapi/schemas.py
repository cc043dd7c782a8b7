"""JSON schemas of what travels, generated from the contract."""

from __future__ import annotations

from typing import Any

from credit.contract import Contract
from credit.contract.column import Column


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


def problem_schema() -> dict[str, Any]:
    """JSON schema of a refusal."""
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
            "instance": {
                "type": "string",
                "description": "Names the request, as X-Request-Id does.",
            },
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
