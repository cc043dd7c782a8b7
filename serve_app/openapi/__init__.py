"""The OpenAPI document, generated from the contract."""

from serve_app.openapi.document import openapi_document
from serve_app.openapi.schemas import answer_schema, application_schema, example_application

__all__ = ["answer_schema", "application_schema", "example_application", "openapi_document"]
