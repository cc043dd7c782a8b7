"""The gRPC door in a thread of the test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from serve_app.inference_grpc import GrpcDoor, Upstream
from tests.serve_app.live import PATIENCE_S


@contextmanager
def open_door(
    url: str,
    *,
    max_message_bytes: int = 2**20,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Iterator[str]:
    """Open the door on a free port, in front of a service; gives its address."""
    opened: dict[str, Any] = {}
    ready = threading.Event()

    async def hold() -> None:
        opened["close"], opened["loop"] = asyncio.Event(), asyncio.get_running_loop()
        async with (
            Upstream(url, transport=transport) as upstream,
            GrpcDoor(upstream, "127.0.0.1", 0, max_message_bytes=max_message_bytes) as door,
        ):
            opened["port"] = door.port
            ready.set()
            await opened["close"].wait()

    thread = threading.Thread(target=asyncio.run, args=(hold(),))
    thread.start()
    try:
        assert ready.wait(PATIENCE_S)
        yield f"127.0.0.1:{opened['port']}"
    finally:
        opened["loop"].call_soon_threadsafe(opened["close"].set)
        thread.join(PATIENCE_S)
    assert not thread.is_alive(), "the door did not close"
