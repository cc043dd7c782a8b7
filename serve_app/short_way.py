"""The way of a decision from Ray Serve's server to the service, past Ray Serve's own handling of a request.

For each request Ray Serve (2.60, ``ray/serve/_private/replica.py``, ``_direct_ingress_asgi``) draws names,
matches the route, enters six contexts and keeps metrics that nobody scrapes here: 0.1 ms of CPU, a fifth of what
the gateway needs for a decision. The service does all of it itself, bounds included (:mod:`serve_app.admission`).
What Ray Serve must know is how many requests are under way: its autoscaling goes by that, and a replica that
leaves waits until there are none. So it is told.

All of this hangs on names that Ray Serve does not promise. Where one is missing, requests go the long way.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

logger = logging.getLogger(__name__)

PATHS = frozenset({"/v1/score"})
"""Routes that are asked often, and that the service bounds itself."""

_offered: list[tuple[ASGIApp, asyncio.AbstractEventLoop]] = []


def offer(app: ASGIApp) -> None:
    """Say which application answers in this process; call it in the event loop that it lives in."""
    _offered[:] = [(app, asyncio.get_running_loop())]


class ShortWay:
    """An application, and whoever counts what is under way.

    Parameters
    ----------
    began, ended
        Called when a request begins and ends.
    """

    def __init__(self, app: ASGIApp, began: Callable[[], None], ended: Callable[[], None]) -> None:
        self._app = app
        self._began = began
        self._ended = ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        self._began()
        try:
            await self._app(scope, receive, send)
        finally:
            self._ended()


def short_way(behind: ASGIApp) -> ShortWay | None:
    """Find the way past `behind`, which is Ray Serve's handling; None where there is none.

    Call it in the event loop of the server: an application that lives in another one cannot be called.
    """
    if not _offered or _offered[0][1] is not asyncio.get_running_loop():
        return None
    replica = _replica(behind)
    try:
        if replica is None or replica._route_prefix not in ("", "/"):
            return None
        counter, request = replica._metrics_manager, _any_request()
        began, ended = counter.inc_num_ongoing_requests, counter.dec_num_ongoing_requests
    except (AttributeError, ImportError, TypeError) as error:
        logger.warning("Ray Serve has changed, its own way is taken: %s", error)
        return None
    return ShortWay(_offered[0][0], lambda: began(request), lambda: ended(request))


def _replica(app: Any) -> Any:
    """Who handles requests behind the middlewares: the last of them holds a method of it."""
    while app is not None:
        owner = getattr(app, "__self__", None)
        if owner is not None:
            return owner
        app = getattr(app, "_app", getattr(app, "app", None))
    return None


def _any_request() -> Any:
    from ray.serve._private.common import RequestMetadata, RequestProtocol

    return RequestMetadata(
        request_id="",
        internal_request_id="",
        is_direct_ingress=True,
        _request_protocol=RequestProtocol.HTTP,
    )
