"""What every group of routes works with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from credit.contract import Contract
from serve_app.admission import Admission
from serve_app.asgi import Endpoint
from serve_app.auth import TokenGuard
from serve_app.deadlines import Deadlines
from serve_app.gateway import Gateway
from serve_app.limits import Limits
from serve_app.requests import Request


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


@dataclass(frozen=True)
class Group:
    """Routes that belong together.

    Attributes
    ----------
    table
        Method, path and endpoint of each.
    paths
        Their part of the OpenAPI document, by path.
    """

    table: list[tuple[str, str, Endpoint]]
    paths: dict[str, dict[str, Any]]


class Desk:
    """One service as its routes see it.

    Attributes
    ----------
    admission
        The door, shared by all routes that decide or read the database.
    """

    def __init__(
        self, gateway: Gateway, guard: TokenGuard, monitor: Monitor, limits: Limits
    ) -> None:
        self.gateway = gateway
        self.guard = guard
        self.monitor = monitor
        self.limits = limits
        self.admission = Admission(limits)
        self.deadlines = Deadlines()

    @property
    def contract(self) -> Contract:
        """The contract of what is scored here."""
        return self.gateway.contract

    def tenant(self, request: Request) -> str:
        """Tenant of a request.

        Raises
        ------
        Unauthorized
            When its token is missing or wrong.
        """
        return self.guard.tenant(request.headers.get(b"authorization"))

    def require_admin(self, request: Request) -> None:
        """Let admins pass.

        Raises
        ------
        Unauthorized, Forbidden
            When the token is missing or wrong, or a client's.
        """
        self.guard.require_admin(request.headers.get(b"authorization"))
