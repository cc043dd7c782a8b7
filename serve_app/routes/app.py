"""All routes of one service."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from serve_app.asgi import HttpApp
from serve_app.auth import TokenGuard
from serve_app.client_deadlines import ClientDeadlines
from serve_app.docs_page import docs_page
from serve_app.gateway import Gateway
from serve_app.limits import DEFAULT_LIMITS, Limits
from serve_app.openapi import openapi_document
from serve_app.openapi.operations import get
from serve_app.outcomes import DeskOutcomes
from serve_app.reply import JSON, Reply
from serve_app.routes.batch import batch_routes
from serve_app.routes.decisions import decision_routes
from serve_app.routes.desk import Desk, Group, Monitor
from serve_app.routes.earlier import earlier_routes
from serve_app.routes.followup import FollowUp, followup_routes
from serve_app.routes.inference import inference_routes
from serve_app.routes.rollout import Control, rollout_routes
from serve_app.routes.score import score_routes
from serve_app.routes.service import document, service_routes
from serve_app.routes.shadows import shadow_routes
from serve_app.tracing import Tracing

GROUPS = (
    score_routes,
    batch_routes,
    decision_routes,
    service_routes,
    inference_routes,
    earlier_routes,
)


def build_http_app(
    gateway: Gateway,
    guard: TokenGuard,
    monitor: Monitor,
    limits: Limits = DEFAULT_LIMITS,
    *,
    control: Control | None = None,
    followup: FollowUp | None = None,
    shadows: Monitor | None = None,
    tracing: Tracing | None = None,
) -> HttpApp:
    """Wire the routes of one service.

    Parameters
    ----------
    control
        Changes the rollout; without it the service has no routes for that.
    followup
        Keeps reviews and outcomes; without it there are no routes for them.
    shadows
        Scores what others answered; without it there are no routes that show it.
    tracing
        Makes spans of requests; without it there are none.
    """
    desk = Desk(gateway, guard, monitor, limits)
    groups = [make(desk) for make in GROUPS]
    groups += [] if control is None else [rollout_routes(desk, control)]
    groups += [] if followup is None else [followup_routes(desk, followup)]
    groups += [] if shadows is None else [shadow_routes(desk, shadows)]
    groups.append(_documents(desk, groups))
    table = [route for group in groups for route in group.table]

    outcomes = DeskOutcomes(desk.admission, desk.contract.product, _translations(groups))
    return HttpApp(table, outcomes, ClientDeadlines(desk.deadlines), tracing)


def _translations(groups: list[Group]) -> dict[str, Callable[[Reply], Reply]]:
    return {
        path: group.translate
        for group in groups
        if group.translate is not None
        for _, path, _ in group.table
    }


def _documents(desk: Desk, groups: list[Group]) -> Group:
    """Describe the routes of all groups, and the two that show the description."""
    paths = {
        "/openapi.json": get("This document", open_to_all=True, has_tag=True),
        "/docs": get("This document, for people", open_to_all=True, has_tag=True),
    }
    every = {path: said for group in groups for path, said in group.paths.items()}
    schemas = {name: schema for group in groups for name, schema in group.schemas.items()}
    description = openapi_document(desk.contract, {**every, **paths}, schemas)
    page, digest = docs_page(desk.contract, description), desk.contract.digest()
    encoded = msgspec.json.encode(description)
    return Group(
        table=[
            ("GET", "/openapi.json", document(encoded, JSON, digest)),
            ("GET", "/docs", document(page.encode(), b"text/html; charset=utf-8", digest)),
        ],
        paths=paths,
    )
