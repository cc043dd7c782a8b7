"""How the route of batches is described."""

from __future__ import annotations

from typing import Any

from credit.contract import Contract
from serve_app.openapi.operations import OF_A_DECISION, TIMEOUT_HEADER, problem_responses
from serve_app.openapi.schemas import example_application

_FAILURE = {
    "type": "object",
    "required": ["field", "rule", "message"],
    "properties": {name: {"type": "string"} for name in ("field", "rule", "message")},
}

BATCH_SCHEMAS: dict[str, Any] = {
    "RefusedRow": {
        "type": "object",
        "description": "A row that was not decided.",
        "required": ["row", "errors"],
        "properties": {
            "row": {
                "type": "integer",
                "minimum": 1,
                "description": "Number of the row in the body.",
            },
            "errors": {"type": "array", "minItems": 1, "items": _FAILURE},
        },
    },
    "BatchAnswer": {
        "type": "object",
        "required": ["answers", "refused"],
        "properties": {
            "answers": {
                "type": "array",
                "description": "Of the rows that were decided, in their order.",
                "items": {"$ref": "#/components/schemas/Answer"},
            },
            "refused": {"type": "array", "items": {"$ref": "#/components/schemas/RefusedRow"}},
        },
    },
}

KEY_HEADER: dict[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "minLength": 1, "maxLength": 128},
    "description": "Printable ASCII. With a colon and the number of a row it is the key of that row: a batch that "
    "is sent again is not decided again, and gets the stored answers.",
}
SHAP_VALUES: dict[str, Any] = {
    "name": "shap_values",
    "in": "query",
    "schema": {"type": "boolean", "default": False},
}


def batch_operation(contract: Contract, content_types: list[str]) -> dict[str, Any]:
    """Describe the route.

    Parameters
    ----------
    content_types
        Of the body: JSON, JSON lines, CSV and Parquet, in this order.
    """
    application = {"$ref": "#/components/schemas/Application"}
    rows = {"type": "array", "minItems": 1, "items": application}
    wrapped = {
        "type": "object",
        "additionalProperties": False,
        "required": ["applications"],
        "properties": {"applications": rows},
    }
    in_json, in_lines, in_csv, in_parquet = content_types
    line = {
        "oneOf": [
            {"$ref": "#/components/schemas/Answer"},
            {"$ref": "#/components/schemas/RefusedRow"},
            {
                "type": "object",
                "description": "The last line of an answer that could not be finished.",
                "required": ["problem"],
                "properties": {"problem": {"$ref": "#/components/schemas/Problem"}},
            },
        ]
    }
    return {
        "summary": "Decide many applications",
        "description": "Each row is decided and recorded as /v1/score does it; rows that break the contract are "
        "told by their number. With Accept: application/x-ndjson a line is sent for each row, in their order, as "
        "soon as it is decided. The body may have CREDIT_MAX_BATCH_BYTES and CREDIT_MAX_BATCH_ROWS; it is waited "
        "for CREDIT_BODY_TIMEOUT_S for each MiB, and the answers for CREDIT_ANSWER_TIMEOUT_S for each 1,000 rows.",
        "parameters": [KEY_HEADER, TIMEOUT_HEADER, SHAP_VALUES],
        "requestBody": {
            "required": True,
            "content": {
                in_json: {
                    "schema": {"oneOf": [rows, wrapped]},
                    "example": [example_application(contract)],
                },
                in_lines: {"schema": application},
                in_csv: {
                    "schema": {
                        "type": "string",
                        "description": "With a header of the contract's names.",
                    }
                },
                in_parquet: {"schema": {"type": "string", "format": "binary"}},
            },
        },
        "responses": {
            "200": {
                "description": "What became of the rows",
                "content": {
                    "application/json": {"schema": {"$ref": "#/components/schemas/BatchAnswer"}},
                    "application/x-ndjson": {"schema": line},
                },
            },
            **problem_responses(*(s for s in OF_A_DECISION if s not in ("409", "410"))),
        },
    }
