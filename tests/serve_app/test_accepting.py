"""A crowd that comes at once is let in at once, however long a turn of the event loop takes."""

from __future__ import annotations

import asyncio
import socket
import threading
from contextlib import ExitStack, closing

import pytest
import uvicorn
import uvloop

from serve_app.accepting import AT_ONCE, accept_many
from tests.serve_app.live import PATIENCE_S

CROWD = 2 * AT_ONCE


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Uvicorn as it is, before the test and after it."""
    serve = uvicorn.Server.serve
    monkeypatch.setattr(uvicorn.Server, "serve", getattr(serve, "__wrapped__", serve))


def turns_to_let_in() -> int:
    """Hold the loop while a crowd connects, then count its turns until all are in."""
    held, crowd_is_there = threading.Event(), threading.Event()
    turns: list[int] = []

    async def serve(listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None))

        def turn(number: int = 1) -> None:
            if len(server.server_state.connections) < CROWD:
                loop.call_soon(turn, number + 1)
            else:
                turns.append(number)
                server.should_exit = True

        def hold() -> None:
            held.set()
            assert crowd_is_there.wait(PATIENCE_S)
            turn()

        loop.call_later(0.1, hold)
        await server.serve(sockets=[listening])

    with closing(socket.create_server(("127.0.0.1", 0))) as listening, ExitStack() as crowd:
        address = listening.getsockname()
        running = threading.Thread(target=lambda: uvloop.run(serve(listening)))
        running.start()
        assert held.wait(PATIENCE_S)
        for _ in range(CROWD):
            crowd.enter_context(closing(socket.create_connection(address)))
        crowd_is_there.set()
        running.join(PATIENCE_S)
    assert not running.is_alive()
    return turns[0]


async def app(scope: object, receive: object, send: object) -> None:
    raise AssertionError("nobody asks anything")


@pytest.mark.usefixtures("plain")
def test_a_turn_lets_in_many() -> None:
    assert turns_to_let_in() >= CROWD  # the control: uvicorn as it is

    accept_many()
    accept_many()  # once is enough

    assert turns_to_let_in() <= CROWD / 8
