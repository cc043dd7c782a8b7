"""HTTP routes: decode, call the gateway, encode. Nothing is decided here."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from credit.errors import CreditError
from serve_app.auth import TokenGuard, Unauthorized
from serve_app.docs_page import docs_page
from serve_app.gateway import Gateway
from serve_app.openapi import openapi_document
from serve_app.problems import MalformedRequest, problem, problem_for

logger = logging.getLogger(__name__)

MAXIMUM_BODY_BYTES = 64 * 1024
"""An application takes about 500 bytes; anything far beyond is a mistake."""

MAXIMUM_KEY_LENGTH = 128
JSON = "application/json"
Handler = Callable[[Request], Awaitable[Response]]


class Monitor(Protocol):
    """What the routes ask of the drift node."""

    async def status(self) -> bytes:
        """State of the monitor and its latest report, as JSON."""
        ...

    async def reports(self, limit: int, offset: int) -> bytes:
        """Reports, newest first, as JSON."""
        ...

    async def metrics(self) -> bytes:
        """Metrics in the Prometheus text format."""
        ...


def build_http_app(gateway: Gateway, guard: TokenGuard, monitor: Monitor) -> Starlette:
    """Wire the routes of one service."""
    routes = _Routes(gateway, guard, monitor)
    description = openapi_document(gateway.contract)
    document = msgspec.json.encode(description)
    page = docs_page(gateway.contract, description)

    async def openapi(request: Request) -> Response:
        return Response(document, media_type=JSON)

    async def docs(request: Request) -> Response:
        return HTMLResponse(page)

    table: list[tuple[str, str, Handler]] = [
        ("POST", "/v1/score", routes.score),
        ("GET", "/v1/decisions/{decision_id}", routes.decision),
        ("GET", "/v1/model", routes.model),
        ("GET", "/v1/drift", routes.drift),
        ("GET", "/v1/drift/reports", routes.drift_reports),
        ("GET", "/metrics", routes.metrics),
        ("GET", "/healthz", routes.health),
        ("GET", "/readyz", routes.ready),
        ("GET", "/openapi.json", openapi),
        ("GET", "/docs", docs),
    ]
    handled: dict[Any, Any] = {
        404: _no_such_route,
        405: _wrong_method,
    }
    return Starlette(
        routes=[
            Route(path, _answering(handler), methods=[method]) for method, path, handler in table
        ],
        exception_handlers=handled,
    )


class _Routes:
    def __init__(self, gateway: Gateway, guard: TokenGuard, monitor: Monitor) -> None:
        self._gateway = gateway
        self._guard = guard
        self._monitor = monitor

    async def score(self, request: Request) -> Response:
        """Decide one application."""
        tenant = self._admit(request)
        row = await _json_object(request)
        receipt = await self._gateway.decide(
            row,
            tenant=tenant,
            route="/v1/score",
            idempotency_key=_idempotency_key(request),
            with_shap_values=_flag(request, "shap_values"),
        )
        headers = {"idempotent-replayed": "true"} if receipt.replayed else None
        return Response(receipt.answer, media_type=JSON, headers=headers)

    async def decision(self, request: Request) -> Response:
        """Show one recorded decision."""
        tenant = self._admit(request)
        decision_id = request.path_params["decision_id"]
        return Response(await self._gateway.recorded(tenant, decision_id), media_type=JSON)

    async def model(self, request: Request) -> Response:
        """Say which bundles answer, and how good they were on held-out data."""
        self._admit(request)
        return Response(msgspec.json.encode(self._gateway.describe()), media_type=JSON)

    async def drift(self, request: Request) -> Response:
        """Return the state of the drift monitor and its latest report."""
        self._admit(request)
        return Response(await self._monitor.status(), media_type=JSON)

    async def drift_reports(self, request: Request) -> Response:
        """List drift reports, newest first."""
        self._admit(request)
        limit, offset = _number(request, "limit", 20, 100), _number(request, "offset", 0, 10**9)
        return Response(await self._monitor.reports(limit, offset), media_type=JSON)

    async def metrics(self, request: Request) -> Response:
        """Return metrics for Prometheus."""
        self._admit(request)
        return Response(await self._monitor.metrics(), media_type="text/plain; version=0.0.4")

    async def health(self, request: Request) -> Response:
        """Answer as long as the process lives."""
        return Response(b'{"status":"alive"}', media_type=JSON)

    async def ready(self, request: Request) -> Response:
        """Answer 200 while decisions can be recorded."""
        await self._gateway.require_ready()
        return Response(b'{"status":"ready"}', media_type=JSON)

    def _admit(self, request: Request) -> str:
        authorization = request.headers.get("authorization")
        return self._guard.tenant(None if authorization is None else authorization.encode())


def _answering(handler: Handler) -> Handler:
    """Turn what a handler raises into a problem document; log what nobody planned, without its values."""

    async def answered(request: Request) -> Response:
        try:
            return await handler(request)
        except (CreditError, MalformedRequest, Unauthorized) as error:
            return problem_for(error)
        except Exception as error:
            # The message of an unplanned error may hold a value of the application: only its type
            # is logged.
            logger.error("%s in %s", type(error).__name__, request.url.path)  # noqa: TRY400
            return problem_for(error)

    return answered


async def _no_such_route(request: Request, error: Exception) -> Response:
    return problem(404, "not-found", "There is no such route", "see /docs for the routes")


async def _wrong_method(request: Request, error: Exception) -> Response:
    headers = dict(getattr(error, "headers", None) or {})  # RFC 9110: a 405 must carry Allow
    title, detail = "The route takes another method", "see /docs for the routes"
    return problem(405, "method", title, detail, headers)


async def _json_object(request: Request) -> dict[str, Any]:
    """Decode the body strictly.

    Raises
    ------
    MalformedRequest
        When it is too large, of another type, or not one JSON object; NaN and infinity are not
        JSON.
    """
    content_type = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if content_type != JSON:
        raise MalformedRequest(415, f"expected content type {JSON}")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAXIMUM_BODY_BYTES:
            raise MalformedRequest(413, f"the body is larger than {MAXIMUM_BODY_BYTES} bytes")
    try:
        row = msgspec.json.decode(body)
    except msgspec.DecodeError as error:
        hint = _not_finite_hint(bytes(body))
        raise MalformedRequest(400, f"the body is not valid JSON: {error}{hint}") from error
    except (UnicodeDecodeError, RecursionError):
        raise MalformedRequest(
            400, "the body is not valid JSON: not UTF-8, or nested too deeply"
        ) from None
    if not isinstance(row, dict):
        raise MalformedRequest(422, "expected one JSON object: the fields of one application")
    return row


def _not_finite_hint(body: bytes) -> str:
    if any(word in body for word in (b"NaN", b"Infinity")):
        return ". NaN and Infinity are not JSON; send null for a value that is not known"
    return ""


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= MAXIMUM_KEY_LENGTH:
        raise MalformedRequest(
            400, f"Idempotency-Key: expected 1 to {MAXIMUM_KEY_LENGTH} characters"
        )
    return key


def _flag(request: Request, name: str) -> bool:
    value = request.query_params.get(name, "false")
    if value not in ("true", "false"):
        raise MalformedRequest(400, f"query parameter {name}: expected true or false")
    return value == "true"


def _number(request: Request, name: str, default: int, maximum: int) -> int:
    value = request.query_params.get(name, str(default))
    if not value.isascii() or not value.isdigit() or int(value) > maximum:
        raise MalformedRequest(400, f"query parameter {name}: expected 0 to {maximum}")
    return int(value)
