"""A wire between a program and PostgreSQL that can be cut at the worst moment: at a COMMIT."""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Literal

from sqlalchemy import make_url

Fault = Literal["cut before", "cut after", "late"]
_SOCKET = ".s.PGSQL.5432"
_CONNECTIONS_AT_ONCE = 16


class Forwarder:
    """Listens where a server would, and passes everything on until a COMMIT meets a fault.

    - ``cut before``: the COMMIT never reaches the server;
    - ``cut after``: it does, and its answer never reaches the program;
    - ``late``: the program is cut off first, and the server gets the COMMIT on `deliver`, as from
      a network that held it for a while.

    Parameters
    ----------
    address
        Of a database on a Unix socket.
    """

    def __init__(self, address: str) -> None:
        url = make_url(address)
        self._server = str(Path(str(url.query["host"])) / _SOCKET)
        self._folder = Path(tempfile.mkdtemp(prefix="fw"))  # the path of a socket must be short
        self.address = url.set(query={"host": str(self._folder)}).render_as_string(
            hide_password=False
        )
        self.faults: deque[Fault] = deque()
        self.seen: list[Fault] = []
        self._delivery = threading.Event()
        self._ends: list[socket.socket] = []
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self._folder / _SOCKET))
        self._listening.listen(_CONNECTIONS_AT_ONCE)
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def __enter__(self) -> Forwarder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._delivery.set()
        for end in (self._listening, *self._ends):
            _end(end)
        for thread in self._threads:
            thread.join(10)
        for end in (self._listening, *self._ends):
            end.close()
        shutil.rmtree(self._folder)

    def deliver(self) -> None:
        """Let the server have the COMMIT that was held."""
        self._delivery.set()

    def _accept(self) -> None:
        while True:
            try:
                program, _ = self._listening.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            self._ends += [program, server]
            server.connect(self._server)
            muted = threading.Event()
            for work in (self._to_server, self._to_program):
                thread = threading.Thread(target=work, args=(program, server, muted), daemon=True)
                thread.start()
                self._threads.append(thread)

    def _to_server(
        self, program: socket.socket, server: socket.socket, muted: threading.Event
    ) -> None:
        while sent := _receive(program):
            if b"COMMIT\0" in sent and self.faults:
                fault = self.faults.popleft()
                self.seen.append(fault)
                if fault == "cut before":
                    break
                muted.set()
                if fault == "late":
                    _end(program)
                    self._delivery.wait(30)
                _send(server, sent)
                # The end of what we send tells the server to hang up once it has committed.
                server.shutdown(socket.SHUT_WR)
                return
            _send(server, sent)
        _end(server)
        _end(program)

    @staticmethod
    def _to_program(program: socket.socket, server: socket.socket, muted: threading.Event) -> None:
        while sent := _receive(server):
            if not muted.is_set():
                _send(program, sent)
        _end(program)
        _end(server)


def _receive(end: socket.socket) -> bytes:
    try:
        return end.recv(65_536)
    except OSError:
        return b""


def _send(end: socket.socket, content: bytes) -> None:
    try:
        end.sendall(content)
    except OSError:
        _end(end)


def _end(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
