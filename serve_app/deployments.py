"""Nodes as Ray Serve deployments: the only classes here that know Ray."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ray.exceptions import RayActorError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError
from ray.serve.handle import DeploymentHandle

from credit.decision import Rollout
from credit.errors import CreditError, ServiceUnavailable
from credit.records import LocalKeyFile, RecordReader, RecordWriterAside, open_state
from credit.settings import Settings
from serve_app.auth import TokenGuard, admin_token, service_token
from serve_app.fused import local_links
from serve_app.gateway import Gateway
from serve_app.limits import Limits
from serve_app.links import GatheringLink
from serve_app.nodes import ExplainerNode, ModelNode, Node, PinnedValues, TransformNode
from serve_app.rollout import RolloutFollower
from serve_app.rollout.bundles import rollout_shelf
from serve_app.rollout.control import RolloutControl
from serve_app.rollout.failures import ArmCounter
from serve_app.routes import build_http_app
from serve_app.routes.followup import StoredFollowUp
from serve_app.scoring import NodeLinks, Scoring
from serve_app.shelf import BundleShelf
from serve_app.short_way import offer
from serve_app.tracing import tracing_of

logger = logging.getLogger(__name__)

RETRY_S = 30.0
"""How long a consumer that failed beside the monitor is left alone."""

NODES: dict[str, Callable[[BundleShelf], Node[Any]]] = {
    "transform": TransformNode,
    "model": ModelNode,
    "explainer": ExplainerNode,
}


def keep_what_was_imported() -> None:
    """Have the garbage collector leave alone what is there now, 200,000 objects of libraries.

    Requests that are under way are enough new objects for a full collection every few seconds, which looked
    through all of them: 0.1 s in which nobody was answered. Call it before bundles are loaded, which come and go.
    """
    gc.collect()
    gc.freeze()


class NodeReplica:
    """One replica of one node: it holds the bundles of the rollout, and loads those of the next."""

    def __init__(self, kind: str, role: str, home: Path, product: str) -> None:
        keep_what_was_imported()
        settings = Settings(home=home)
        shelf = rollout_shelf(settings, product, explains=kind == "explainer")
        follower = RolloutFollower(open_state(settings.state), product, shelf, role=role)
        self._node = NODES[kind](shelf)
        follower.start()

    async def __call__(self, batch: list[PinnedValues]) -> list[Any]:
        """Answer what a gateway gathered; errors come back as values, so that one item fails alone."""
        return self._node(batch)


class GatewayReplica:
    """One replica of the gateway: HTTP in front, the record store behind.

    Parameters
    ----------
    links
        Handles by node name (``transform``, ``explainer``, and arm names for models); a node without
        one lives in this process.
    """

    def __init__(
        self,
        home: Path,
        product: str,
        monitor: DeploymentHandle,
        links: Mapping[str, DeploymentHandle],
        shadows: DeploymentHandle | None,
        *,
        auth: bool,
        record_queue: int,
    ) -> None:
        keep_what_was_imported()
        # Addresses and tokens come from this process's own environment: arguments of a replica can be
        # read in Ray's dashboard.
        settings = Settings(home=home)
        shelf = rollout_shelf(settings, product, explains="explainer" not in links)
        state = open_state(settings.state)
        counter = ArmCounter()
        follower = RolloutFollower(
            state,
            product,
            shelf,
            role="gateway",
            adopt=self._adopt,
            at_heartbeat=lambda: counter.flush(state, product),
        )
        keys = LocalKeyFile(settings.key_path)
        writer = RecordWriterAside(settings.records, settings.key_path, max_queue=record_queue)
        reader = RecordReader(settings.records, keys)
        scoring = Scoring(shelf, node_links(shelf, links))
        guard = (
            TokenGuard(service_token(settings), admin_token(settings)) if auth else TokenGuard(None)
        )
        self._gateway = Gateway(follower.active, shelf, scoring, writer, reader, counter)
        self._http = build_http_app(
            self._gateway,
            guard,
            RemoteMonitor(monitor),
            Limits.of(settings),
            control=RolloutControl(settings, state, product),
            followup=StoredFollowUp(state, reader),
            shadows=None if shadows is None else RemoteMonitor(shadows),
            tracing=tracing_of(settings),
        )
        follower.start()

    def _adopt(self, rollout: Rollout) -> None:
        self._gateway.adopt(rollout)

    def __serve_build_asgi_app__(self) -> Any:
        """Hand the HTTP application to Serve."""
        offer(self._http)
        return self._http


def node_links(shelf: BundleShelf, handles: Mapping[str, DeploymentHandle]) -> NodeLinks:
    """Reach each node where it is: through its handle, or in this process."""

    def remote(name: str) -> GatheringLink[Any]:
        return GatheringLink(calling(handles[name]))

    here = local_links(shelf)
    arms = [name for name in handles if name not in ("transform", "explainer")]
    return NodeLinks(
        transform=remote("transform") if "transform" in handles else here.transform,
        models={name: remote(name) for name in arms} or here.models,
        explainer=remote("explainer") if "explainer" in handles else here.explainer,
    )


def calling(handle: DeploymentHandle) -> Callable[[list[PinnedValues]], Awaitable[list[Any]]]:
    """Make the call to a node; one that is down or full is no mistake of anybody, and may be asked again."""

    async def call(items: list[PinnedValues]) -> list[Any]:
        try:
            results: list[Any] = await handle.remote(items)
        except (RayActorError, BackPressureError, DeploymentUnavailableError) as error:
            raise ServiceUnavailable(
                "a node of the graph does not answer; nothing was decided, try again in a second"
            ) from error
        return results

    return call


class RemoteMonitor:
    """The drift node as the routes see it."""

    def __init__(self, handle: DeploymentHandle) -> None:
        self._handle = handle

    async def status(self) -> bytes:
        """State and latest report."""
        return await self._ask("status")

    async def reports(self, limit: int, offset: int) -> bytes:
        """Reports, newest first."""
        return await self._ask("reports", limit, offset)

    async def metrics(self) -> bytes:
        """Metrics in the Prometheus text format."""
        return await self._ask("metrics")

    async def _ask(self, method: str, *arguments: int) -> bytes:
        try:
            answer = await getattr(self._handle, method).remote(*arguments)
        except Exception as error:
            raise ServiceUnavailable(
                "the drift monitor does not answer; scores are not affected, it will catch up from the records"
            ) from error
        return bytes(answer)


class MonitorReplica:
    """Hosts a consumer of the records and answers for it.

    Each consumer is stepped in a thread, so slow detectors keep neither the replica from answering nor
    the others from working.

    Parameters
    ----------
    make
        Builds the consumer in this process: anything with ``step()``, which tells whether more is waiting,
        ``status()``, ``reports()`` and ``metrics()``, these three returning bytes.
    pause_s
        Between two steps while nothing is waiting: what comes meanwhile is taken together.
    beside
        Build others, of which nothing is asked: they only have ``step()``. One that fails is told in the log
        and stepped again after :data:`RETRY_S`; the others go on.
    """

    def __init__(
        self, make: Callable[[], Any], pause_s: float, beside: Sequence[Callable[[], Any]] = ()
    ) -> None:
        self._consumer = make()
        self._pause_s = pause_s
        loop = asyncio.get_running_loop()
        self._loop = loop.create_task(self._run())
        self._beside = [loop.create_task(self._run_beside(other().step)) for other in beside]

    async def _run(self) -> None:
        while True:
            worked = await asyncio.to_thread(self._consumer.step)
            if not worked:
                await asyncio.sleep(self._pause_s)

    async def _run_beside(self, step: Callable[[], bool]) -> None:
        while True:
            try:
                worked = await asyncio.to_thread(step)
                pause_s = self._pause_s
            except Exception as error:
                why = str(error) if isinstance(error, CreditError) else type(error).__name__
                logger.warning("a consumer failed and is tried again in %g s: %s", RETRY_S, why)
                worked, pause_s = False, RETRY_S
            if not worked:
                await asyncio.sleep(pause_s)

    async def check_health(self) -> None:
        """Let Serve replace this replica when its consumer has failed: it goes on from its cursor."""
        if self._loop.done():
            self._loop.result()

    async def status(self) -> bytes:
        """State and latest report."""
        return bytes(await asyncio.to_thread(self._consumer.status))

    async def reports(self, limit: int, offset: int) -> bytes:
        """Reports, newest first."""
        return bytes(await asyncio.to_thread(self._consumer.reports, limit, offset))

    async def metrics(self) -> bytes:
        """Metrics in the Prometheus text format."""
        return bytes(await asyncio.to_thread(self._consumer.metrics))
