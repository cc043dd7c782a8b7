"""HTTP routes: check, call the gateway, answer. Nothing is decided here."""

from __future__ import annotations

import logging
from typing import Protocol

import msgspec

from credit.errors import CreditError, DecisionUnknown, ServiceUnavailable
from credit.records import Receipt
from serve_app.admission import Admission, Overloaded, Place
from serve_app.asgi import Endpoint, HttpApp
from serve_app.auth import TokenGuard, Unauthorized
from serve_app.deadlines import Deadlines
from serve_app.docs_page import docs_page
from serve_app.gateway import Gateway
from serve_app.limits import DEFAULT_LIMITS, Limits
from serve_app.openapi import openapi_document
from serve_app.problems import MalformedRequest, problem_for
from serve_app.reply import Reply
from serve_app.requests import Request

logger = logging.getLogger(__name__)

MAXIMUM_KEY_LENGTH = 128
MAXIMUM_ID_LENGTH = 64
_REPLAYED = ((b"idempotent-replayed", b"true"),)


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


def build_http_app(
    gateway: Gateway, guard: TokenGuard, monitor: Monitor, limits: Limits = DEFAULT_LIMITS
) -> HttpApp:
    """Wire the routes of one service."""
    routes = _Routes(gateway, guard, monitor, limits)
    description = openapi_document(gateway.contract)
    page = docs_page(gateway.contract, description)
    table: list[tuple[str, str, Endpoint]] = [
        ("POST", "/v1/score", routes.score),
        ("GET", "/v1/decisions/{decision_id}", routes.decision),
        ("GET", "/v1/model", routes.model),
        ("GET", "/v1/drift", routes.drift),
        ("GET", "/v1/drift/reports", routes.drift_reports),
        ("GET", "/metrics", routes.metrics),
        ("GET", "/healthz", _always(Reply(200, b'{"status":"alive"}'))),
        ("GET", "/readyz", routes.ready),
        ("GET", "/openapi.json", _always(Reply(200, msgspec.json.encode(description)))),
        ("GET", "/docs", _always(Reply(200, page.encode(), b"text/html; charset=utf-8"))),
    ]
    return HttpApp(table, routes.refusal)


def _always(reply: Reply) -> Endpoint:
    async def answered(request: Request) -> Reply:
        return reply

    return answered


class _Routes:
    def __init__(
        self, gateway: Gateway, guard: TokenGuard, monitor: Monitor, limits: Limits
    ) -> None:
        self._gateway = gateway
        self._guard = guard
        self._monitor = monitor
        self._limits = limits
        self._admission = Admission(limits)
        self._deadlines = Deadlines()

    async def score(self, request: Request) -> Reply:
        """Decide one application."""
        tenant = self._tenant(request)
        with self._admission.arrive(tenant) as place:
            receipt = await self._decide(request, place)
        return Reply(200, receipt.answer, headers=_REPLAYED if receipt.replayed else ())

    async def _decide(self, request: Request, place: Place) -> Receipt:
        key, with_shap_values = _idempotency_key(request), _flag(request, "shap_values")
        has_begun = False
        try:
            with self._deadlines.after(self._limits.body_timeout_s) as deadline:
                body = await request.json_body()
                deadline.at += self._limits.answer_timeout_s - self._limits.body_timeout_s
                await place.turn(request.gone)
                if deadline.is_over:
                    raise self._admission.late()
                has_begun = True
                return await self._gateway.decide(
                    body,
                    tenant=place.tenant,
                    route="/v1/score",
                    idempotency_key=key,
                    with_shap_values=with_shap_values,
                )
        except TimeoutError:
            if not deadline.has_passed:
                raise
            raise self._too_late(request, has_begun=has_begun) from None

    async def decision(self, request: Request) -> Reply:
        """Show one recorded decision; it waits for its turn as a decision does, for it reads the database."""
        tenant = self._tenant(request)
        decision_id = _decision_id(request)
        try:
            with (
                self._admission.arrive(tenant) as place,
                self._deadlines.after(self._limits.answer_timeout_s),
            ):
                await place.turn(request.gone)
                return Reply(200, await self._gateway.recorded(tenant, decision_id))
        except TimeoutError:
            raise ServiceUnavailable(
                f"the record store did not answer within {self._limits.answer_timeout_s:g} s"
            ) from None

    async def model(self, request: Request) -> Reply:
        """Say which bundles answer, and how good they were on held-out data."""
        self._tenant(request)
        return Reply(200, msgspec.json.encode(self._gateway.describe()))

    async def drift(self, request: Request) -> Reply:
        """Return the state of the drift monitor and its latest report."""
        self._tenant(request)
        return Reply(200, await self._monitor.status())

    async def drift_reports(self, request: Request) -> Reply:
        """List drift reports, newest first."""
        self._tenant(request)
        limit, offset = _number(request, "limit", 20, 100), _number(request, "offset", 0, 10**9)
        return Reply(200, await self._monitor.reports(limit, offset))

    async def metrics(self, request: Request) -> Reply:
        """Return metrics for Prometheus: of the records, and of this replica's door."""
        self._tenant(request)
        text = await self._monitor.metrics() + self._admission.metrics()
        return Reply(200, text, b"text/plain; version=0.0.4; charset=utf-8")

    async def ready(self, request: Request) -> Reply:
        """Answer 200 while decisions can be recorded."""
        await self._gateway.require_ready()
        return Reply(200, b'{"status":"ready"}')

    def refusal(self, error: Exception, route: str) -> Reply:
        """Turn what a route raised into a problem document; log what nobody planned, without its values."""
        if not isinstance(error, CreditError | MalformedRequest | Unauthorized | Overloaded):
            # The message of an unplanned error may hold a value of the application: only its type
            # is logged.
            logger.error("%s in %s", type(error).__name__, route or "the way to a route")
        return problem_for(
            error,
            retry_after_s=self._admission.retry_after_s(),
            product=self._gateway.contract.product,
        )

    def _too_late(self, request: Request, *, has_begun: bool) -> Exception:
        if not request.body_is_read:
            return MalformedRequest(
                408, f"the body did not arrive within {self._limits.body_timeout_s:g} s"
            )
        if not has_begun:
            return self._admission.late()
        return ServiceUnavailable(
            f"there was no answer within {self._limits.answer_timeout_s:g} s. It may have been decided: send the "
            "application again with the same Idempotency-Key"
        )

    def _tenant(self, request: Request) -> str:
        return self._guard.tenant(request.headers.get(b"authorization"))


def _idempotency_key(request: Request) -> str | None:
    key = request.headers.get(b"idempotency-key")
    if key is None:
        return None
    text = key.decode("latin-1")
    if not 1 <= len(text) <= MAXIMUM_KEY_LENGTH:
        raise MalformedRequest(
            400, f"Idempotency-Key: expected 1 to {MAXIMUM_KEY_LENGTH} characters"
        )
    if not text.isascii() or not text.isprintable():
        raise MalformedRequest(400, "Idempotency-Key: expected printable ASCII characters")
    return text


def _decision_id(request: Request) -> str:
    decision_id = request.path_params["decision_id"]
    if (
        len(decision_id) > MAXIMUM_ID_LENGTH
        or not decision_id.isascii()
        or not decision_id.isprintable()
    ):
        raise DecisionUnknown(
            "There is no decision of this id: expected the decision_id of an answer."
        )
    return decision_id


def _flag(request: Request, name: str) -> bool:
    value = request.query.get(name, "false")
    if value not in ("true", "false"):
        raise MalformedRequest(400, f"query parameter {name}: expected true or false")
    return value == "true"


def _number(request: Request, name: str, default: int, maximum: int) -> int:
    value = request.query.get(name, str(default))
    # int() itself gives up on thousands of digits.
    if not value.isascii() or not value.isdigit() or len(value) > 10 or int(value) > maximum:  # noqa: PLR2004
        raise MalformedRequest(400, f"query parameter {name}: expected 0 to {maximum}")
    return int(value)
