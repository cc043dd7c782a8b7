"""Nodes as Ray Serve deployments: the only classes here that know Ray."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ray import serve
from ray.serve.handle import DeploymentHandle

from credit.decision import Rollout
from credit.errors import ServiceUnavailable
from credit.records import LocalKeyFile, RecordReader, RecordWriter
from credit.settings import Settings
from serve_app.auth import TokenGuard, service_token
from serve_app.fused import fused_links
from serve_app.gateway import Gateway
from serve_app.links import RemoteLink
from serve_app.nodes import ExplainerNode, ModelNode, Node, PinnedValues, TransformNode
from serve_app.routes import build_http_app
from serve_app.scoring import NodeLinks, Scoring
from serve_app.shelf import BundleShelf

MAXIMUM_BATCH = 64
"""Items in one batch: bounds how long a request waits behind others, and equals what a replica admits."""

NODES: dict[str, Callable[[BundleShelf], Node[Any]]] = {
    "transform": TransformNode,
    "model": ModelNode,
    "explainer": ExplainerNode,
}


class NodeReplica:
    """One replica of one node. What waits is taken as one batch; nothing waits for company."""

    def __init__(self, kind: str, bundles: Path, hashes: Sequence[str], cache: Path) -> None:
        self._node = NODES[kind](BundleShelf(bundles, hashes, cache))

    @serve.batch(max_batch_size=MAXIMUM_BATCH, batch_wait_timeout_s=0)  # type: ignore[untyped-decorator]
    async def __call__(self, batch: list[PinnedValues]) -> list[Any]:
        """Answer a batch; errors come back as values, so that one item fails alone."""
        return self._node(batch)


class GatewayReplica:
    """One replica of the gateway: HTTP in front, the record store behind.

    Parameters
    ----------
    links
        Handles by node name (``transform``, ``explainer``, and arm names for models); empty when
        the nodes live in this process.
    """

    def __init__(
        self,
        home: Path,
        rollout: Rollout,
        monitor: DeploymentHandle,
        links: Mapping[str, DeploymentHandle],
        *,
        auth: bool,
        record_queue: int,
    ) -> None:
        # Addresses and tokens come from this process's own environment: arguments of a replica can be
        # read in Ray's dashboard.
        settings = Settings(home=home)
        hashes = {arm.bundle for arm in rollout.arms}
        shelf = BundleShelf(settings.bundles_path, hashes, settings.cache_path)
        keys = LocalKeyFile(settings.key_path)
        writer = RecordWriter(settings.records, keys, max_queue=record_queue)
        reader = RecordReader(settings.records, keys)
        scoring = Scoring(shelf, _remote(links, rollout) if links else fused_links(shelf, rollout))
        guard = TokenGuard(service_token(settings) if auth else None)
        self._gateway = Gateway(rollout, shelf, scoring, writer, reader)
        self._http = build_http_app(self._gateway, guard, RemoteMonitor(monitor))

    def __serve_build_asgi_app__(self) -> Any:
        """Hand the HTTP application to Serve."""
        return self._http


def _remote(links: Mapping[str, DeploymentHandle], rollout: Rollout) -> NodeLinks:
    return NodeLinks(
        transform=RemoteLink(links["transform"]),
        models={arm.name: RemoteLink(links[arm.name]) for arm in rollout.arms},
        explainer=RemoteLink(links["explainer"]),
    )


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

    ``make`` builds the consumer in this process: anything with ``step()``, ``status()``,
    ``reports()`` and ``metrics()``, the last three returning bytes. It is stepped in a thread, so
    slow detectors never keep the replica from answering.
    """

    def __init__(self, make: Callable[[], Any], pause_s: float) -> None:
        self._consumer = make()
        self._pause_s = pause_s
        self._loop = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        while True:
            worked = await asyncio.to_thread(self._consumer.step)
            if not worked:
                await asyncio.sleep(self._pause_s)

    async def check_health(self) -> None:
        """Let Serve replace this replica when the consumer has failed: it goes on from its cursor."""
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
