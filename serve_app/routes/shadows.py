"""What shadows would have answered."""

from __future__ import annotations

from serve_app.openapi.operations import get, query
from serve_app.reply import Reply
from serve_app.requests import Request
from serve_app.routes.desk import Desk, Group, Monitor
from serve_app.routes.query import number

PATH = "/v1/shadows"


def shadow_routes(desk: Desk, shadows: Monitor) -> Group:
    """Look at shadows."""
    routes = _ShadowRoutes(desk, shadows)
    return Group(
        table=[("GET", PATH, routes.status), ("GET", f"{PATH}/reports", routes.reports)],
        paths={
            PATH: get("The shadows of the rollout, and how far each is"),
            f"{PATH}/reports": get(
                "What each shadow would change, newest first",
                query("limit", 20, 100),
                query("offset", 0, None),
            ),
        },
    )


class _ShadowRoutes:
    def __init__(self, desk: Desk, shadows: Monitor) -> None:
        self._desk = desk
        self._shadows = shadows

    async def status(self, request: Request) -> Reply:
        """Show the shadows."""
        self._desk.tenant(request)
        return Reply(200, await self._shadows.status())

    async def reports(self, request: Request) -> Reply:
        """Show their swap sets."""
        self._desk.tenant(request)
        limit, offset = number(request, "limit", 20, 100), number(request, "offset", 0, 10**9)
        return Reply(200, await self._shadows.reports(limit, offset))
