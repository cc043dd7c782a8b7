"""A load driver that costs little beside what it measures: plain HTTP/1.1 on open connections."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from credit.errors import ServiceUnavailable


async def measure_load(
    port: int, body: Callable[[int], bytes], *, connections: int, seconds: float
) -> list[float]:
    """Post to ``/v1/score`` on 127.0.0.1, each connection one request after the other.

    Returns
    -------
    Milliseconds of every answer.

    Raises
    ------
    ServiceUnavailable
        When an answer is not 200.
    """
    took: list[float] = []
    until = time.perf_counter() + seconds
    numbers = iter(range(10**9))

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while time.perf_counter() < until:
                request = _request(body(next(numbers)))
                started = time.perf_counter()
                writer.write(request)
                await _answer(reader)
                took.append(1000 * (time.perf_counter() - started))
        finally:
            writer.close()

    await asyncio.gather(*(one_connection() for _ in range(connections)))
    return took


def _request(body: bytes) -> bytes:
    head = (
        "POST /v1/score HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(
        int(line.partition(b":")[2])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    content = await reader.readexactly(length)
    if b" 200 " not in head[:16]:
        raise ServiceUnavailable(f"the service under load answered {content[:200].decode()}")
