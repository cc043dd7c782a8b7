"""A service of the bench: the gateway's HTTP app in one process, with the record or without."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import uvicorn

from credit.decision import Arm, Rollout
from credit.decision.bundle_files import load_bundle
from credit.errors import ServiceUnavailable
from credit.records import NewRecord, Receipt, RecordReader, RecordWriterAside
from serve_app.auth import TokenGuard
from serve_app.fused import local_links
from serve_app.gateway import Gateway
from serve_app.routes import build_http_app
from serve_app.scoring import Scoring
from serve_app.shelf import BundleShelf


class Unrecorded:
    """Stands where the record writer stands and writes nothing: what the record is compared with."""

    def append_async(self, record: NewRecord) -> asyncio.Future[Receipt]:
        """Acknowledge at once."""
        receipt: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        receipt.set_result(
            Receipt(decision_id=record.decision_id, answer=record.sealed.answer, replayed=False)
        )
        return receipt

    def probe(self) -> None:
        """Is always ready."""


class NoMonitor:
    """There is no drift node in the bench."""

    async def status(self) -> bytes:
        """Refuse."""
        raise ServiceUnavailable("the bench runs no drift monitor")

    async def reports(self, limit: int, offset: int) -> bytes:
        """Refuse."""
        return await self.status()

    async def metrics(self) -> bytes:
        """Refuse."""
        return await self.status()


def serve(bundle: Path, home: Path | None, listening: socket.socket) -> None:
    """Answer on `listening` until the process is ended.

    Parameters
    ----------
    home
        Where the records go; None to record nothing.
    """
    product = load_bundle(bundle).contract.product
    rollout = Rollout(
        product=product, generation=1, salt="bench", arms=(Arm("champion", bundle.name),)
    )
    shelf = BundleShelf(bundle.parent, [bundle.name])
    writer = (
        Unrecorded() if home is None else RecordWriterAside(home / "records.db", home / "keys.json")
    )
    scoring = Scoring(shelf, local_links(shelf))
    reader = RecordReader(Path("none"))  # the bench asks for no decision twice
    gateway = Gateway(rollout, shelf, scoring, writer, reader)
    app = build_http_app(gateway, TokenGuard(None), NoMonitor())
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off")
    uvicorn.Server(config).run(sockets=[listening])
