"""What every group of routes works with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from credit.contract import Contract
from credit.errors import ServiceUnavailable
from credit.records import RecordReader
from serve_app.admission import Admission
from serve_app.asgi import Endpoint
from serve_app.auth import TokenGuard
from serve_app.batch import ManyDecisions
from serve_app.deadlines import Deadlines
from serve_app.gateway import Gateway
from serve_app.large_bodies import LargeBodies
from serve_app.limits import Limits
from serve_app.reply import Reply
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
    schemas
        What they add to its components, by name.
    translate
        How their refusals are said, where that is not a problem document.
    """

    table: list[tuple[str, str, Endpoint]]
    paths: dict[str, dict[str, Any]]
    schemas: dict[str, Any] = field(default_factory=dict)
    translate: Callable[[Reply], Reply] | None = None


class Desk:
    """One service as its routes see it.

    Attributes
    ----------
    admission
        The door, shared by all routes that decide or read the database.
    many
        Decides the rows of all requests that hold several.
    large_bodies
        Room for their bodies.
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
        self.many = ManyDecisions(gateway)
        self.large_bodies = LargeBodies(limits.max_large_bodies, self.admission.retry_after_s)

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

    async def from_records(
        self, request: Request, tenant: str, read: Callable[[RecordReader], bytes]
    ) -> bytes:
        """Read something from the records; it waits for its turn as a decision does.

        Raises
        ------
        Overloaded
            When too many wait.
        ServiceUnavailable
            When the store does not answer in time.
        """
        limit_s = self.limits.answer_timeout_s
        try:
            with self.admission.arrive(tenant) as place, self.deadlines.after(limit_s):
                await place.turn(request.gone)
                return await self.gateway.from_records(read)
        except TimeoutError:
            raise ServiceUnavailable(
                f"the record store did not answer within {limit_s:g} s"
            ) from None
