"""The OpenAPI document of one service."""

from __future__ import annotations

from typing import Any

from credit.contract import Contract
from serve_app.openapi.schemas import answer_schema, application_schema, problem_schema


def openapi_document(
    contract: Contract, paths: dict[str, dict[str, Any]], schemas: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Describe a service of a product.

    Parameters
    ----------
    paths
        Its routes, as their groups describe them.
    schemas
        What the groups add to the components.
    """
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Credit scoring: {contract.product}",
            "version": contract.version,
            "description": contract.description,
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Application": application_schema(contract),
                "Answer": answer_schema(contract),
                "Problem": problem_schema(),
                **(schemas or {}),
            },
        },
    }
