"""The service behind a real server and a real socket, and clients that speak to it byte by byte."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import uvicorn

from serve_app.asgi import HttpApp

PATIENCE_S = 60.0


@contextmanager
def live_server(app: HttpApp) -> Iterator[str]:
    """Serve an application on a free port of this machine; gives its address."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1024)  # who connects before the loop runs waits here
        server = uvicorn.Server(
            uvicorn.Config(app, log_config=None, access_log=False, lifespan="on")
        )
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(PATIENCE_S)
    assert not thread.is_alive(), "the server did not end"


@dataclass(frozen=True)
class Heard:
    """One answer, as it came over the wire."""

    status: int
    headers: dict[str, str] = field(repr=False)
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The body as JSON."""
        found: dict[str, Any] = json.loads(self.body)
        return found


@contextmanager
def connected(url: str) -> Iterator[socket.socket]:
    """Open a connection to a service."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=PATIENCE_S) as connection:
        yield connection


def hear(connection: socket.socket, method: str = "POST") -> Heard:
    """Read one answer."""
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    body = response.read()
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Heard(response.status, headers, body)


def ask(url: str, request: bytes) -> Heard:
    """Send all of a request, then read its answer."""
    with connected(url) as connection:
        connection.sendall(request)
        return hear(connection, request.partition(b" ")[0].decode("latin-1"))
