"""What is sent back, and how: an answer must reach a client that is still sending."""

from __future__ import annotations

import asyncio
import contextlib

import msgspec
from starlette.types import Receive, Send

JSON = b"application/json"
LINGER_S = 2.0
"""How long what a refused client still sends is read and thrown away."""

REQUEST_TIMEOUT = 408

Header = tuple[bytes, bytes]


class Reply(msgspec.Struct, frozen=True, gc=False):
    """Status, body and headers of one answer."""

    status: int
    body: bytes
    content_type: bytes = JSON
    headers: tuple[Header, ...] = ()


async def deliver(reply: Reply, send: Send) -> None:
    """Send an answer; the connection serves the next request."""
    await send(_start(reply))
    await send({"type": "http.response.body", "body": reply.body})


async def deliver_and_close(reply: Reply, receive: Receive, send: Send) -> None:
    """Send an answer to a client whose body was not read to its end, then close the connection.

    The rest is thrown away for a while. Closing at once would reset the connection, and a client that has not
    finished sending may then never read the answer (RFC 9112, section 9.6). Who sends too slowly sends nothing
    that could be in the way.
    """
    await send(_start(reply, (b"connection", b"close")))
    await send({"type": "http.response.body", "body": reply.body, "more_body": True})
    if reply.status != REQUEST_TIMEOUT:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                while (await receive()).get("more_body", False):
                    pass
    await send({"type": "http.response.body", "body": b""})


def _start(reply: Reply, *more: Header) -> dict[str, object]:
    length = str(len(reply.body)).encode()
    return {
        "type": "http.response.start",
        "status": reply.status,
        "headers": [
            (b"content-type", reply.content_type),
            (b"content-length", length),
            *reply.headers,
            *more,
        ],
    }
