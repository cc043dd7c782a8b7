"""A tiny HTTP server in threads, whose answers a test writes byte for byte."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from typing import Self

Answer = Callable[[int], bytes]
"""Answer to the request of this number, counted from 0 in the order of arrival; nothing hangs up."""


def plain(status: int = 200, body: bytes = b"{}") -> bytes:
    """An answer that tells its length."""
    head = f"HTTP/1.1 {status} Said\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


class TinyServer:
    """Answers on 127.0.0.1, each connection in a thread of its own."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._listening.getsockname()[1]
        self.bodies: list[bytes] = []
        self.n_connections = 0
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            self.n_connections += 1
            thread = threading.Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            while (line := lines.readline()) and line.startswith(b"POST"):
                length = 0
                while (header := lines.readline()) != b"\r\n":
                    if header.startswith(b"Content-Length:"):
                        length = int(header[15:])
                body = lines.read(length)
                with self._lock:
                    number = len(self.bodies)
                    self.bodies.append(body)
                answer = self._answer(number)
                if not answer:
                    return
                try:
                    connection.sendall(answer)
                except OSError:
                    return
