"""What Ray Serve is told about a request: by us, never by a client.

Ray Serve reads orders out of a request's headers before any application sees them (2.60,
``ray/serve/_private/replica.py``, ``_direct_ingress_asgi``): ``x-request-timeout-seconds`` sets how long
a request may take, or with 0 or ``nan`` lifts every bound, ``x-request-disconnect-disabled`` lets the work of
a client that hung up go on, others choose a replica; and a header that it decodes and that is no UTF-8 ends in a
plain 500. Here they are taken off first.

Then it is told to bound no time and to watch for no hang-up. The service does both itself
(``serve_app.deadlines``, ``serve_app.admission``), and three tasks and a queue of Ray Serve's for each request
would be work on the way of every answer.

Ray Serve finds :func:`middlewares` through ``RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from serve_app.accepting import accept_many
from serve_app.request_ids import ANSWERED_ELSEWHERE, HEADER, request_id
from serve_app.short_way import PATHS, ShortWay, short_way

IMPORT_PATH = "serve_app.edge.middlewares"

_ORDERS = frozenset(
    {
        b"x-request-timeout-seconds",
        b"x-request-disconnect-disabled",
        b"x-session-id",
        b"serve-multiplexed-model-id",
    }
)
_OUR_ORDERS = (
    (b"x-request-timeout-seconds", b"0"),
    (b"x-request-disconnect-disabled", b"?1"),
)
_DECODED = frozenset({b"traceparent", b"tracestate"})
_PLAIN = re.compile(rb"[\x21-\x7e]{1,256}")

Headers = list[tuple[bytes, bytes]]


class Edge:
    """Puts our orders to Ray Serve in the place of a client's; a decision goes past it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._looked = False
        self._short_way: ShortWay | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope.get("path") in PATHS and scope["type"] == "http" and not scope.get("root_path"):
            if not self._looked:
                self._looked, self._short_way = True, short_way(self._app)
            if self._short_way is not None:
                await self._short_way(scope, receive, send)
                return
        if "headers" in scope:
            kept, name = without_request_id(without_orders(scope["headers"]))
            # Ray Serve tells the client the name that it finds here, and would draw one of its own.
            scope["headers"] = [*kept, (HEADER, name), *_OUR_ORDERS]
            scope[ANSWERED_ELSEWHERE] = True
        await self._app(scope, receive, send)


def without_orders(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Leave out what Ray Serve would obey, and what it could not decode.

    Ray Serve takes ``_`` in a name for ``-``, so names are compared as it compares them.
    """
    kept = []
    for name, value in headers:
        known = name.lower().replace(b"_", b"-")
        if known in _ORDERS or (known in _DECODED and not _PLAIN.fullmatch(value)):
            continue
        kept.append((name, value))
    return kept


def without_request_id(headers: Headers) -> tuple[Headers, bytes]:
    """Take the name of a request out of its headers, or draw one."""
    kept, given = [], []
    for name, value in headers:
        if name.lower().replace(b"_", b"-") == HEADER:
            given.append(value)
        else:
            kept.append((name, value))
    return kept, request_id(b", ".join(given) if given else None)


def middlewares() -> list[Middleware]:
    """What Ray Serve puts in front of its own handling of a request; asked before it starts a server."""
    accept_many()
    return [Middleware(Edge)]
