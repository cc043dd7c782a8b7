"""What the service says about itself: its models, its drift, its health, its documents."""

from __future__ import annotations

import msgspec

from serve_app.asgi import Endpoint
from serve_app.etags import entity_tag, unless_known
from serve_app.openapi.operations import get, query
from serve_app.reply import Reply
from serve_app.requests import Request
from serve_app.routes.desk import Desk, Group
from serve_app.routes.query import number


def service_routes(desk: Desk) -> Group:
    """Everything that decides nothing and changes nothing."""
    routes = _ServiceRoutes(desk)
    return Group(
        table=[
            ("GET", "/v1/model", routes.model),
            ("GET", "/v1/drift", routes.drift),
            ("GET", "/v1/drift/reports", routes.drift_reports),
            ("GET", "/metrics", routes.metrics),
            ("GET", "/healthz", always(Reply(200, b'{"status":"alive"}'))),
            ("GET", "/readyz", routes.ready),
        ],
        paths={
            "/v1/model": get("The bundles that answer, and their figures", has_tag=True),
            "/v1/drift": get("State of the drift monitor and its latest report"),
            "/v1/drift/reports": get(
                "Drift reports, newest first", query("limit", 20, 100), query("offset", 0, None)
            ),
            "/metrics": get("Metrics in the Prometheus text format"),
            "/healthz": get("The process lives", open_to_all=True),
            "/readyz": get("Decisions can be made and recorded", open_to_all=True),
        },
    )


def always(reply: Reply) -> Endpoint:
    """Answer everybody alike."""

    async def answered(request: Request) -> Reply:
        return reply

    return answered


def document(body: bytes, content_type: bytes, contract_digest: str) -> Endpoint:
    """Show a document to everybody who has not seen it yet."""
    tag = entity_tag(body, contract_digest)
    whole = Reply(200, body, content_type, cache_control=b"no-cache")

    async def shown(request: Request) -> Reply:
        return unless_known(whole, tag, request.headers.get(b"if-none-match"))

    return shown


class _ServiceRoutes:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def model(self, request: Request) -> Reply:
        """Say which bundles answer, and how good they were on held-out data."""
        self._desk.tenant(request)
        described = self._desk.gateway.describe()
        body = msgspec.json.encode(described)
        tag = entity_tag(body, str(described.generation), self._desk.contract.digest())
        reply = Reply(200, body, cache_control=b"private, no-cache")
        return unless_known(reply, tag, request.headers.get(b"if-none-match"))

    async def drift(self, request: Request) -> Reply:
        """Return the state of the drift monitor and its latest report."""
        self._desk.tenant(request)
        return Reply(200, await self._desk.monitor.status())

    async def drift_reports(self, request: Request) -> Reply:
        """List drift reports, newest first."""
        self._desk.tenant(request)
        limit, offset = number(request, "limit", 20, 100), number(request, "offset", 0, 10**9)
        return Reply(200, await self._desk.monitor.reports(limit, offset))

    async def metrics(self, request: Request) -> Reply:
        """Return metrics for Prometheus: of the records, and of this replica's door."""
        self._desk.tenant(request)
        text = await self._desk.monitor.metrics() + self._desk.admission.metrics()
        return Reply(200, text, b"text/plain; version=0.0.4; charset=utf-8")

    async def ready(self, request: Request) -> Reply:
        """Answer 200 while decisions can be recorded."""
        await self._desk.gateway.require_ready()
        return Reply(200, b'{"status":"ready"}')
