"""Decisions go past Ray Serve's handling of a request, which still learns how many are under way."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from ray.serve._private.http_util import _apply_middlewares
from ray.serve._private.replica import Replica, ReplicaMetricsManager

from serve_app import short_way as module
from serve_app.edge import middlewares
from serve_app.short_way import offer

DECISION = "/v1/score"


class RayServe:
    """What is behind the middlewares: a method of somebody with these names."""

    def __init__(self) -> None:
        self._route_prefix = "/"
        self._metrics_manager: Any = ReplicaMetricsManager.__new__(ReplicaMetricsManager)
        # Of all that its constructor sets, what counting reads.
        self._metrics_manager._num_ongoing_requests = 0
        self._metrics_manager._ingress = False
        self._metrics_manager._cached_metrics_enabled = True
        self.asked: list[str] = []

    async def handle(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(scope["path"])

    @property
    def under_way(self) -> int:
        return int(self._metrics_manager.get_num_ongoing_requests())


@pytest.fixture
def ray_serve() -> Iterator[RayServe]:
    yield RayServe()
    module._offered.clear()


def ask(ray_serve: RayServe, service: Any, *paths: str, root_path: str = "") -> None:
    """Ask through the middlewares, in a loop in which the service lives."""

    async def all_of_them() -> None:
        offer(service)
        app = _apply_middlewares(ray_serve.handle, middlewares())
        for path in paths:
            scope = {"type": "http", "path": path, "headers": [], "root_path": root_path}
            await app(scope, _nothing, _nothing)

    asyncio.run(all_of_them())


async def _nothing(*arguments: Any) -> None: ...


def test_a_decision_goes_past_and_is_counted_while_it_is_under_way(ray_serve: RayServe) -> None:
    seen: list[tuple[str, int]] = []

    async def service(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["path"], ray_serve.under_way))

    ask(ray_serve, service, DECISION, "/healthz", DECISION)

    assert seen == [(DECISION, 1), (DECISION, 1)]
    assert ray_serve.asked == ["/healthz"]
    assert ray_serve.under_way == 0


def test_one_that_fails_is_no_longer_under_way(ray_serve: RayServe) -> None:
    async def service(scope: Any, receive: Any, send: Any) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        ask(ray_serve, service, DECISION)

    assert ray_serve.under_way == 0


async def never(scope: Any, receive: Any, send: Any) -> None:
    pytest.fail("the service was asked")


def test_another_route_prefix_is_for_ray_serve(ray_serve: RayServe) -> None:
    ray_serve._route_prefix = "/credit"

    ask(ray_serve, never, DECISION)

    assert ray_serve.asked == [DECISION]


def test_a_path_below_a_root_is_for_ray_serve(ray_serve: RayServe) -> None:
    ask(ray_serve, never, DECISION, root_path="/root")

    assert ray_serve.asked == [DECISION]


def test_a_service_in_another_loop_is_reached_through_ray_serve(ray_serve: RayServe) -> None:
    ask(ray_serve, never)

    async def elsewhere() -> None:
        scope = {"type": "http", "path": DECISION, "headers": []}
        await _apply_middlewares(ray_serve.handle, middlewares())(scope, _nothing, _nothing)

    asyncio.run(elsewhere())

    assert ray_serve.asked == [DECISION]


def test_when_ray_serve_has_changed_its_own_way_is_taken_and_told_once(
    ray_serve: RayServe, caplog: pytest.LogCaptureFixture
) -> None:
    ray_serve._metrics_manager = SimpleNamespace()

    with caplog.at_level(logging.WARNING):
        ask(ray_serve, never, DECISION, DECISION)

    assert ray_serve.asked == [DECISION, DECISION]
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "Ray Serve has changed, its own way is taken"
    ]


def test_the_names_are_those_of_the_ray_that_is_installed() -> None:
    """Its server calls a method of a replica, whose attributes these are."""
    of_replica = Replica.__init__.__code__.co_names
    inherited = [name for base in Replica.__mro__ for name in _set_by(base)]

    assert callable(Replica._direct_ingress_asgi)
    assert {"_route_prefix", "_metrics_manager"} <= {*of_replica, *inherited}


def _set_by(cls: type) -> tuple[str, ...]:
    code = getattr(cls.__dict__.get("__init__"), "__code__", None)
    return () if code is None else tuple(code.co_names)
