"""All routes of one service."""

from __future__ import annotations

import logging

import msgspec

from credit.errors import CreditError
from serve_app.admission import Overloaded
from serve_app.asgi import HttpApp
from serve_app.auth import Forbidden, TokenGuard, Unauthorized
from serve_app.docs_page import docs_page
from serve_app.gateway import Gateway
from serve_app.limits import DEFAULT_LIMITS, Limits
from serve_app.openapi import openapi_document
from serve_app.openapi.operations import get
from serve_app.problems import MalformedRequest, problem_for
from serve_app.reply import Reply
from serve_app.routes.decisions import decision_routes
from serve_app.routes.desk import Desk, Group, Monitor
from serve_app.routes.rollout import Control, rollout_routes
from serve_app.routes.score import score_routes
from serve_app.routes.service import always, service_routes

logger = logging.getLogger(__name__)

GROUPS = (score_routes, decision_routes, service_routes)

_PLANNED = (CreditError, MalformedRequest, Unauthorized, Forbidden, Overloaded)


def build_http_app(
    gateway: Gateway,
    guard: TokenGuard,
    monitor: Monitor,
    limits: Limits = DEFAULT_LIMITS,
    *,
    control: Control | None = None,
) -> HttpApp:
    """Wire the routes of one service.

    Parameters
    ----------
    control
        Changes the rollout; without it the service has no routes for that.
    """
    desk = Desk(gateway, guard, monitor, limits)
    groups = [make(desk) for make in GROUPS]
    groups += [] if control is None else [rollout_routes(desk, control)]
    groups.append(_documents(desk, groups))
    table = [route for group in groups for route in group.table]

    def refusal(error: Exception, route: str) -> Reply:
        """Turn what a route raised into a problem document; log what nobody planned, without its values."""
        if not isinstance(error, _PLANNED):
            # The message of an unplanned error may hold a value of the application: only its type
            # is logged.
            logger.error("%s in %s", type(error).__name__, route or "the way to a route")
        return problem_for(
            error,
            retry_after_s=desk.admission.retry_after_s(),
            product=desk.contract.product,
        )

    return HttpApp(table, refusal)


def _documents(desk: Desk, groups: list[Group]) -> Group:
    """Describe the routes of all groups, and the two that show the description."""
    paths = {
        "/openapi.json": get("This document", open_to_all=True),
        "/docs": get("This document, for people", open_to_all=True),
    }
    every = {path: said for group in groups for path, said in group.paths.items()}
    description = openapi_document(desk.contract, {**every, **paths})
    page = docs_page(desk.contract, description)
    return Group(
        table=[
            ("GET", "/openapi.json", always(Reply(200, msgspec.json.encode(description)))),
            ("GET", "/docs", always(Reply(200, page.encode(), b"text/html; charset=utf-8"))),
        ],
        paths=paths,
    )
