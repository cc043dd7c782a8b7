"""What is sent back, and how: an answer must reach a client that is still sending."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable

import msgspec
from starlette.types import Receive, Send

from serve_app.admission import HungUp

JSON = b"application/json"
LINGER_S = 2.0
"""How long what a refused client still sends is read and thrown away."""

STALL_S = 30.0
"""How long a client may read nothing of an answer that is still being made."""

REQUEST_TIMEOUT = 408
NOT_MODIFIED = 304

Header = tuple[bytes, bytes]


class Reply(msgspec.Struct, frozen=True, gc=False):
    """Status, body and headers of one answer.

    Attributes
    ----------
    cache_control
        Nothing is kept by caches unless a route says that it may be.
    rest
        What follows the body, made while it is sent; None where the body is all there is. Whoever has the
        reply sends it, or closes this.
    """

    status: int
    body: bytes
    content_type: bytes = JSON
    headers: tuple[Header, ...] = ()
    cache_control: bytes = b"no-store"
    rest: AsyncGenerator[bytes, None] | None = None


async def deliver(reply: Reply, send: Send, *more: Header) -> None:
    """Send an answer, with more headers; the connection serves the next request."""
    await send(_start(reply, *more))
    await send({"type": "http.response.body", "body": reply.body})


async def deliver_lines(
    reply: Reply, send: Send, refuse: Callable[[Exception], Reply], *more: Header
) -> None:
    """Send JSON lines as they are made.

    The status was sent before the last line is made. What goes wrong in between ends the answer with a line
    ``{"problem": ...}``, which holds the problem document that would have been the answer.

    Raises
    ------
    HungUp
        When the client left, or reads nothing for :data:`STALL_S`.
    """
    if reply.rest is None:
        raise ValueError("rest: expected the lines that follow, got None")
    async with contextlib.aclosing(reply.rest) as rest:
        await send(_start(reply, *more))
        piece: bytes | None = reply.body
        while piece is not None:
            await _send_in_time(piece, send)
            try:
                piece = await anext(rest, None)
            except HungUp:
                raise
            except Exception as error:
                await _send_in_time(b'{"problem":' + refuse(error).body + b"}\n", send)
                break
        await send({"type": "http.response.body", "body": b""})


async def _send_in_time(piece: bytes, send: Send) -> None:
    try:
        async with asyncio.timeout(STALL_S):
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    except TimeoutError:
        raise HungUp from None


async def deliver_and_close(reply: Reply, receive: Receive, send: Send, *more: Header) -> None:
    """Send an answer to a client whose body was not read to its end, then close the connection.

    The rest is thrown away for a while. Closing at once would reset the connection, and a client that has not
    finished sending may then never read the answer (RFC 9112, section 9.6). Who sends too slowly sends nothing
    that could be in the way.
    """
    await send(_start(reply, *more, (b"connection", b"close")))
    await send({"type": "http.response.body", "body": reply.body, "more_body": True})
    if reply.status != REQUEST_TIMEOUT:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                while (await receive()).get("more_body", False):
                    pass
    await send({"type": "http.response.body", "body": b""})


def _start(reply: Reply, *more: Header) -> dict[str, object]:
    headers = [(b"cache-control", reply.cache_control), *reply.headers, *more]
    if reply.status != NOT_MODIFIED:
        headers.append((b"content-type", reply.content_type))
        if reply.rest is None:
            headers.append((b"content-length", str(len(reply.body)).encode()))
    return {"type": "http.response.start", "status": reply.status, "headers": headers}
