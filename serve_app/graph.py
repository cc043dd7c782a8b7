"""The graph: nodes bound into one Ray Serve application."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ray import serve
from ray.serve.config import AutoscalingConfig, BackpressureConfig
from ray.serve.schema import LoggingConfig

from credit.decision import Rollout
from serve_app.deployments import GatewayReplica, MonitorReplica, NodeReplica
from serve_app.problems import RETRY_AFTER_S
from serve_app.settings import NodeArgs, ServiceArgs

MONITOR_PAUSE_S = 0.5
"""How often the drift node looks for new records: far below the time a window takes to fill."""

GIVES_WAY = {"runtime_env": {"py_executable": f"nice -n 19 {shlex.quote(sys.executable)}"}}
"""Actor options of whoever reads the records: it gives way to whoever answers, and catches up.

From the first instruction on: one that crashes is started again and again, and starting is most of its work.
"""

ROOM_FOR_THE_REST = 64
"""Requests for health and metrics, and refusals on their way, beside those that are decided or wait."""


def bind_graph(
    args: ServiceArgs,
    rollout: Rollout,
    make_monitor: Callable[[], Any],
    *,
    beside_monitor: Sequence[Callable[[], Any]] = (),
    make_shadows: Callable[[], Any] | None = None,
) -> serve.Application:
    """Compose gateway, drift monitor, and those of the nodes that are deployments of their own.

    Parameters
    ----------
    rollout
        Names the arms that get a model node of their own; an arm that is added later shares one.
    make_monitor
        Builds the consumer that the drift node hosts.
    beside_monitor
        Build others that it hosts, too.
    make_shadows
        Builds what scores for the shadows of the rollout; None to leave that to ``credit shadow run``.
    """
    # Serve keeps what is bound in its control store: the gateway reads the token from its own environment.
    settings = args.settings
    monitor = _deployment(MonitorReplica, "DriftMonitor", args, args.monitor, GIVES_WAY).bind(
        make_monitor, MONITOR_PAUSE_S, beside_monitor
    )
    shadows = None
    if make_shadows is not None:
        shadows = _deployment(MonitorReplica, "Shadows", args, args.monitor, GIVES_WAY).bind(
            make_shadows, MONITOR_PAUSE_S
        )
    places = {
        "transform": ("transform", "FeatureTransform", args.transform),
        "explainer": ("explainer", "Explainer", args.explainer),
        **{arm.name: ("model", _class_case(arm.name), args.model) for arm in rollout.arms},
    }
    links = {
        role: _deployment(NodeReplica, name, args, node).bind(
            kind, role, settings.home, args.product
        )
        for role, (kind, name, node) in places.items()
        if args.is_own(node)
    }
    gateway = _deployment(serve.ingress()(GatewayReplica), "Gateway", args, args.gateway).options(
        # The gateway has a door of its own, which is fair; Serve's must not be the narrower one.
        max_ongoing_requests=settings.max_in_flight + settings.max_waiting + ROOM_FOR_THE_REST,
        backpressure_config=BackpressureConfig(retry_after_s=RETRY_AFTER_S),
    )
    return gateway.bind(
        settings.home,
        args.product,
        monitor,
        links,
        shadows,
        auth=args.auth,
        record_queue=args.record_queue,
    )


def _class_case(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _deployment(
    cls: type,
    name: str,
    args: ServiceArgs,
    node: NodeArgs,
    actor_options: Mapping[str, Any] = MappingProxyType({}),
) -> serve.Deployment:
    scale: dict[str, Any] = {"num_replicas": node.replicas}
    if node.autoscaling is not None:
        scale = {"autoscaling_config": AutoscalingConfig(**node.autoscaling.model_dump())}
    return serve.deployment(
        cls,
        name=name,
        ray_actor_options={"num_cpus": node.num_cpus, **actor_options},
        max_ongoing_requests=args.max_ongoing_requests,
        max_queued_requests=args.max_queued_requests,
        # A rolling update never halves the service, and never doubles it on a small machine.
        max_surge_percent=50,
        health_check_period_s=5,
        # Below the level Serve still builds the line of the access log for each request, to throw it away.
        logging_config=LoggingConfig(encoding="JSON", log_level="WARNING", enable_access_log=False),
        **scale,
    )
