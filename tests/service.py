"""The service in this process: real gateway, nodes, record store and routes; only the drift node is a stand-in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from starlette.testclient import TestClient

from credit.decision import Arm, Rollout
from credit.decision.rollout_changes import with_share
from credit.errors import ServiceUnavailable
from credit.records import LocalKeyFile, RecordReader, RecordWriter
from serve_app.asgi import HttpApp
from serve_app.auth import TokenGuard
from serve_app.fused import local_links
from serve_app.gateway import Gateway
from serve_app.limits import DEFAULT_LIMITS, Limits
from serve_app.routes import build_http_app
from serve_app.scoring import Scoring
from serve_app.shelf import BundleShelf

TOKEN = "a-token-of-this-test"


@dataclass(frozen=True)
class Nodes:
    """Loaded bundles, the rollout over them, and the way of an application through the nodes."""

    shelf: BundleShelf
    rollout: Rollout
    scoring: Scoring


def make_nodes(
    root: Path, *, champion: str, challenger: str, product: str = "give_me_some_credit"
) -> Nodes:
    """Load two bundles and wire the nodes as the ``fused`` placement does."""
    shelf = BundleShelf(root, (champion, challenger))
    arms = (Arm("champion", champion), Arm("challenger", challenger))
    rollout = with_share(
        Rollout(product=product, generation=5, salt="s", arms=arms), "challenger", 300
    )
    return Nodes(shelf, rollout, Scoring(shelf, local_links(shelf)))


class StandInMonitor:
    """Answers for the drift node, or fails as it does while its replica restarts."""

    def __init__(self) -> None:
        self.fails = False

    async def status(self) -> bytes:
        return self._answer(b'{"state":"watching"}')

    async def reports(self, limit: int, offset: int) -> bytes:
        return self._answer(b'{"limit":%d,"offset":%d}' % (limit, offset))

    async def metrics(self) -> bytes:
        return self._answer(b"credit_decisions_total 1\n")

    def _answer(self, answer: bytes) -> bytes:
        if self.fails:
            raise ServiceUnavailable("the drift monitor does not answer")
        return answer


@dataclass(frozen=True)
class Service:
    """One service and what stands behind it."""

    app: HttpApp
    client: TestClient
    gateway: Gateway
    writer: RecordWriter
    reader: RecordReader
    monitor: StandInMonitor
    records: Path
    keys: LocalKeyFile

    def score(self, row: Mapping[str, Any], query: str = "", **headers: str) -> httpx.Response:
        """Post one application."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        response: httpx.Response = self.client.post(f"/v1/score{query}", json=row, headers=named)
        return response


@contextmanager
def open_service(nodes: Nodes, home: Path, limits: Limits = DEFAULT_LIMITS) -> Iterator[Service]:
    """Open a service whose records lie below ``home``."""
    records, keys = home / "records.db", LocalKeyFile(home / "keys.json")
    with RecordWriter(records, keys) as writer, RecordReader(records, keys) as reader:
        gateway = Gateway(nodes.rollout, nodes.shelf, nodes.scoring, writer, reader)
        monitor = StandInMonitor()
        app = build_http_app(gateway, TokenGuard(TOKEN), monitor, limits)
        client = TestClient(app, headers={"authorization": f"Bearer {TOKEN}"})
        yield Service(app, client, gateway, writer, reader, monitor, records, keys)
