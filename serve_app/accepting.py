"""Let in many new connections in one turn of the event loop.

libuv, the loop below uvloop, accepts one connection of a listening socket in a turn (libuv pull request 3696). A
turn is long when many connections have sent something: under a flood 30 ms, and then the last of 512 clients that
come at once is let in, and told to come again later, after six seconds and more. Each copy of the socket is looked
at by itself, so a turn accepts as many as there are copies.
"""

from __future__ import annotations

import functools
import socket

import uvicorn

AT_ONCE = 32
"""Connections that a turn accepts. Each new one costs a look at every copy."""


def accept_many() -> None:
    """Have the servers that this process starts from now on accept :data:`AT_ONCE` connections in a turn.

    Ray Serve starts uvicorn's server with a socket of its own making, and leaves no other place to say it.
    """
    serve = uvicorn.Server.serve
    if hasattr(serve, "__wrapped__"):
        return

    @functools.wraps(serve)
    async def serve_copies(
        server: uvicorn.Server, sockets: list[socket.socket] | None = None
    ) -> None:
        copies = [s.dup() for s in sockets or () for _ in range(AT_ONCE - 1)]
        await serve(server, sockets and [*sockets, *copies])

    uvicorn.Server.serve = serve_copies  # type: ignore[method-assign, assignment]
