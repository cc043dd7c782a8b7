"""Contenders on Ray Serve: as its documentation teaches, and ours as the product deploys it."""

from __future__ import annotations

import sys

from cluster.bench.serve.contenders.contender import Contender, Place

_MODULES = "cluster.bench.serve.contenders"


def _module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", f"{_MODULES}.{name}", *arguments]


def _documented(place: Place, shape: str) -> list[str]:
    return _module("start_documented", shape, str(place.port))


def _ours(place: Place, placement: str, *more: str) -> list[str]:
    return _module("ours", str(place.bundle), placement, str(place.port), *more)


ON_RAY = (
    Contender(
        "ray-documented",
        "Ray Serve as documented, four deployments",
        lambda place: _documented(place, "graph"),
    ),
    Contender(
        "ray-fused-defaults",
        "Ray Serve, one deployment, defaults",
        lambda place: _documented(place, "fused"),
    ),
    Contender(
        "fused", "ours, fused", lambda place: _ours(place, "fused"), writes="record", ours=True
    ),
    Contender(
        "fused2",
        "ours, fused, two workers",
        lambda place: _ours(place, "fused", "--workers", "2"),
        writes="record",
        ours=True,
    ),
    Contender(
        "fused-unrecorded",
        "ours, fused, without the record",
        lambda place: _ours(place, "fused", "--unrecorded"),
        writes="nothing",
        ours=True,
    ),
    Contender(
        "graph", "ours, graph", lambda place: _ours(place, "graph"), writes="record", ours=True
    ),
    Contender(
        "engine-uvicorn",
        "ours under plain uvicorn",
        lambda place: _module("engine", str(place.bundle), str(place.home), str(place.port)),
        writes="record",
        ours=True,
    ),
)
