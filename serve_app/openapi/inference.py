"""How the routes of the Open Inference Protocol are described."""

from __future__ import annotations

from typing import Any

from serve_app.openapi.batch import KEY_HEADER
from serve_app.openapi.operations import OF_A_DECISION, REASONS, TIMEOUT_HEADER, get

_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/InferenceError"}}}
_TEXT = {"type": "string"}

_TENSOR = {
    "type": "object",
    "required": ["name", "shape", "datatype"],
    "properties": {
        "name": _TEXT,
        "shape": {"type": "array", "items": {"type": "integer"}, "description": "[n] or [n, 1]"},
        "datatype": {"enum": ["FP64", "INT64", "BYTES"]},
        "parameters": {"type": "object"},
        "data": {
            "type": "array",
            "description": "Left out when the tensor follows in binary form.",
        },
    },
}

INFERENCE_SCHEMAS: dict[str, Any] = {
    "InferenceError": {
        "type": "object",
        "required": ["error"],
        "properties": {"error": _TEXT},
    },
    "InferenceRequest": {
        "type": "object",
        "additionalProperties": False,
        "required": ["inputs"],
        "properties": {
            "id": _TEXT,
            "parameters": {"type": "object"},
            "inputs": {"type": "array", "minItems": 1, "items": _TENSOR},
            "outputs": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["name"],
                    "properties": {"name": _TEXT, "parameters": {"type": "object"}},
                },
            },
        },
    },
    "InferenceAnswer": {
        "type": "object",
        "required": ["model_name", "model_version", "outputs"],
        "properties": {
            "id": _TEXT,
            "model_name": _TEXT,
            "model_version": _TEXT,
            "outputs": {"type": "array", "items": _TENSOR},
        },
    },
}


def inference_paths(models: list[str], name: str, outputs: list[str]) -> dict[str, dict[str, Any]]:
    """Describe the routes.

    Parameters
    ----------
    models
        Paths of a model, without a version and with one.
    name
        The model that is served.
    outputs
        Names of its outputs.
    """
    health = "Decisions can be made and recorded"
    paths = {
        "/v2": _read("Open Inference Protocol: what serves", "401"),
        "/v2/health/live": _read("Open Inference Protocol: the process lives"),
        "/v2/health/ready": _read(f"Open Inference Protocol: {health.lower()}", "503"),
    }
    for path in models:
        parameters = [_part("name", f"{name}, as in the registry")]
        if "{version}" in path:
            parameters.append(_part("version", "That of the contract."))
        described = {
            path: _read("Open Inference Protocol: what the model reads and answers", "401", "404"),
            f"{path}/ready": _read(
                "Open Inference Protocol: the model can decide", "401", "404", "503"
            ),
            f"{path}/infer": {"post": _infer(outputs)},
        }
        for operations in described.values():
            for operation in operations.values():
                operation["parameters"] = [*parameters, *operation.get("parameters", [])]
        paths |= described
    return paths


def _read(summary: str, *refusals: str) -> dict[str, Any]:
    operation = get(summary, open_to_all="401" not in refusals)
    operation["get"]["responses"] |= _refusals(*refusals)
    return operation


def _infer(outputs: list[str]) -> dict[str, Any]:
    answer = {"schema": {"$ref": "#/components/schemas/InferenceAnswer"}}
    octets = {
        "schema": {
            "type": "string",
            "format": "binary",
            "description": "JSON of the length that Inference-Header-Content-Length says, then tensors.",
        }
    }
    request = {"schema": {"$ref": "#/components/schemas/InferenceRequest"}}
    return {
        "summary": "Open Inference Protocol: decide applications",
        "description": "One input named application, BYTES with the JSON of an application each; or an input for "
        "each column of the contract, FP64, INT64 or BYTES, with application_id and, if there is one, "
        "applicant_id. Null, NaN and an empty text stand for a value that is not known; consents are separated by "
        f"semicolons. Outputs: {', '.join(outputs)}. All rows are refused when one breaks the contract.",
        "parameters": [KEY_HEADER, TIMEOUT_HEADER],
        "requestBody": {
            "required": True,
            "content": {"application/json": request, "application/octet-stream": octets},
        },
        "responses": {
            "200": {
                "description": "The decisions",
                "content": {"application/json": answer, "application/octet-stream": octets},
            },
            **_refusals("404", *OF_A_DECISION),
        },
    }


def _refusals(*statuses: str) -> dict[str, Any]:
    reasons = {**REASONS, "404": "There is no such model, or version of it"}
    return {s: {"description": reasons[s], "content": _ERROR} for s in statuses}


def _part(name: str, description: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "schema": _TEXT,
        "description": description,
    }
