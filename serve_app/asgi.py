"""From ASGI to a route and back. A decision takes a tenth of a millisecond: what is in its way is counted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from starlette.routing import Match, Route
from starlette.types import Receive, Scope, Send

from serve_app.admission import HungUp
from serve_app.problems import problem
from serve_app.reply import REQUEST_TIMEOUT, Reply, deliver, deliver_and_close
from serve_app.requests import Request

Endpoint = Callable[[Request], Awaitable[Reply]]
Refuse = Callable[[Exception, str], Reply]

_CLOSING = frozenset({REQUEST_TIMEOUT, 413, 431})
"""After these a connection cannot be used again: nobody knows where the next request begins."""


class HttpApp:
    """An ASGI application over a table of routes.

    Parameters
    ----------
    table
        Method, path and endpoint of each route.
    refuse
        Turns what an endpoint raises into an answer; it is told the route, too.
    """

    def __init__(self, table: Sequence[tuple[str, str, Endpoint]], refuse: Refuse) -> None:
        # Ray Serve looks here for the name of a route.
        self.routes = [Route(path, endpoint, methods=[method]) for method, path, endpoint in table]
        self._refuse = refuse
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
        try:
            request.read_headers()
            reply = await self._endpoint(scope, request)(request)
        except HungUp:
            return
        except Exception as error:
            reply = self._refuse(error, request.route)
        if reply.status in _CLOSING or request.leaves_much_unread:
            await deliver_and_close(reply, receive, send)
        else:
            await deliver(reply, send)

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
