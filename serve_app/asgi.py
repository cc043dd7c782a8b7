"""From ASGI to a route and back. A decision takes a tenth of a millisecond: what is in its way is counted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from serve_app.admission import HungUp
from serve_app.client_deadlines import ClientDeadlines
from serve_app.compression import MINIMUM_BYTES, in_coding
from serve_app.problems import problem, with_instance
from serve_app.reply import (
    REQUEST_TIMEOUT,
    Header,
    Reply,
    deliver,
    deliver_and_close,
    deliver_lines,
)
from serve_app.request_ids import ANSWERED_ELSEWHERE, HEADER
from serve_app.requests import Request
from serve_app.tracing import CLIENT_GONE, Tracing

Endpoint = Callable[[Request], Awaitable[Reply]]


class Outcomes(Protocol):
    """Who is told of requests that end without the answer of a route."""

    def refuse(self, error: Exception, request: Request) -> Reply:
        """Turn what a route raised into an answer."""
        ...

    def hung_up(self, request: Request) -> None:
        """Note that there is nobody to answer."""
        ...


_CLOSING = frozenset({REQUEST_TIMEOUT, 413, 431})
"""After these a connection cannot be used again: nobody knows where the next request begins."""


class HttpApp:
    """An ASGI application over a table of routes.

    Parameters
    ----------
    table
        Method, path and endpoint of each route.
    outcomes
        Turns what an endpoint raises into an answer.
    client_deadlines
        Keeps the deadlines that clients set.
    tracing
        Makes spans of requests, if they are wanted.
    """

    def __init__(
        self,
        table: Sequence[tuple[str, str, Endpoint]],
        outcomes: Outcomes,
        client_deadlines: ClientDeadlines,
        tracing: Tracing | None = None,
    ) -> None:
        # Ray Serve looks here for the name of a route.
        self.routes = [Route(path, endpoint, methods=[method]) for method, path, endpoint in table]
        self._outcomes = outcomes
        self._in_time = client_deadlines
        self._tracing = tracing
        self._plain: dict[tuple[str, str], Endpoint] = {}
        self._parted: list[tuple[Route, Endpoint]] = []
        for route, (_, path, endpoint) in zip(self.routes, table, strict=True):
            if "{" in path:
                self._parted.append((route, endpoint))
            else:
                self._plain |= {(method, path): endpoint for method in route.methods or ()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await _not_http(scope, receive, send)
            return
        request = Request(scope, receive)
        if self._tracing is None:
            await self._answer(scope, request, receive, send)
            return
        with self._tracing.traced(request) as trace:
            trace.status = await self._answer(scope, request, receive, send)

    async def _answer(self, scope: Scope, request: Request, receive: Receive, send: Send) -> int:
        """Answer, and return the status; that of nobody to answer is 499."""
        try:
            request.read_headers()
            endpoint = self._endpoint(scope, request)
            if b"x-request-timeout-ms" in request.headers:
                reply = await self._in_time.answer(endpoint, request)
            else:
                reply = await endpoint(request)
        except HungUp:
            self._outcomes.hung_up(request)
            return CLIENT_GONE
        except asyncio.CancelledError:  # so Ray Serve tells that the client hung up
            self._outcomes.hung_up(request)
            raise
        except Exception as error:
            reply = self._outcomes.refuse(error, request)
        if reply.status >= 400:  # noqa: PLR2004
            reply = with_instance(reply, request.id)
        if len(reply.body) > MINIMUM_BYTES and reply.rest is None:
            reply = await in_coding(reply, request.headers.get(b"accept-encoding"))
        named = () if ANSWERED_ELSEWHERE in scope else ((HEADER, request.id),)
        if reply.rest is not None:
            return await self._answer_in_lines(reply, request, send, *named)
        if reply.status in _CLOSING or request.leaves_much_unread:
            await deliver_and_close(reply, receive, send, *named)
        else:
            await deliver(reply, send, *named)
        return reply.status

    async def _answer_in_lines(
        self, reply: Reply, request: Request, send: Send, *named: Header
    ) -> int:
        try:
            await deliver_lines(
                reply, send, lambda error: self._outcomes.refuse(error, request), *named
            )
        except HungUp:
            self._outcomes.hung_up(request)
            return CLIENT_GONE
        except asyncio.CancelledError:
            self._outcomes.hung_up(request)
            raise
        return reply.status

    def _endpoint(self, scope: Scope, request: Request) -> Endpoint:
        path: str = scope["path"]
        if scope.get("root_path"):
            path = path.removeprefix(scope["root_path"])
        endpoint = self._plain.get((scope["method"], path))
        if endpoint is not None:
            request.route = path
            return endpoint
        for route, endpoint in self._parted:
            match, found = route.matches(scope)
            if match is Match.FULL:
                request.route, request.path_params = route.path, found["path_params"]
                return endpoint
        return self._none_found(scope)

    def _none_found(self, scope: Scope) -> Endpoint:
        allowed = set()
        for route in self.routes:
            if route.matches(scope)[0] is not Match.NONE:
                allowed |= route.methods or set()
        reply = _wrong_method(allowed) if allowed else NO_SUCH_ROUTE

        async def refused(request: Request) -> Reply:
            return reply

        return refused


NO_SUCH_ROUTE = problem(404, "not-found", "There is no such route", "see /docs for the routes")


def _wrong_method(allowed: set[str]) -> Reply:
    """Build a 405, which must name what is allowed (RFC 9110, section 15.5.6)."""
    headers = ((b"allow", ", ".join(sorted(allowed)).encode()),)
    return problem(
        405, "method", "The route takes another method", "see /docs for the routes", headers
    )


async def _not_http(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a server's own messages; turn away web sockets, of which there are none."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})
        return
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
