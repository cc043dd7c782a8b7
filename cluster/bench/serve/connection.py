"""One HTTP/1.1 connection that is kept open, without a library in the way."""

from __future__ import annotations

import socket

from credit.errors import ServiceUnavailable

OK = 200
_MOST_AT_ONCE = 65536


class Connection:
    """Sends one request at a time to a port of 127.0.0.1 and finds the end of its answer.

    Raises
    ------
    OSError
        When the connection cannot be made, or breaks.
    """

    def __init__(self, port: int, timeout_s: float | None = None) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = bytearray()

    def fileno(self) -> int:
        """Lets ``select`` wait for it."""
        return self._socket.fileno()

    def send(self, request: bytes) -> None:
        """Send a request; the answer to the one before must have been received."""
        self._received.clear()
        self._socket.sendall(request)

    def receive(self) -> tuple[int, bytes] | None:
        """Take what has arrived; status and body once the answer is whole, else None.

        Raises
        ------
        ConnectionError
            When the server hung up before that.
        """
        chunk = self._socket.recv(_MOST_AT_ONCE)
        if not chunk:
            raise ConnectionError("the server hung up")
        self._received += chunk
        return answered(self._received)

    def ask(self, request: bytes) -> tuple[int, bytes]:
        """Send a request and wait for its answer."""
        self.send(request)
        while (answer := self.receive()) is None:
            pass
        return answer

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def answered(received: bytearray) -> tuple[int, bytes] | None:
    """Status and body of an answer; None while it is not whole.

    Raises
    ------
    ServiceUnavailable
        When it tells neither its length nor that it comes in chunks (RFC 9112, section 6.3).
    """
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return None
    status = int(received[9:12])
    head = bytes(received[:end]).lower()
    at = head.find(b"\r\ncontent-length:")
    if at >= 0:
        line_end = head.find(b"\r\n", at + 2)
        length = int(head[at + 17 : line_end if line_end > 0 else end])
        body = received[end + 4 :]
        return (status, bytes(body)) if len(body) >= length else None
    if b"transfer-encoding: chunked" in head:
        return (status, _joined(received[end + 4 :])) if received.endswith(b"0\r\n\r\n") else None
    raise ServiceUnavailable(
        "the answer under load has neither Content-Length nor chunks: the server must keep connections open"
    )


def _joined(chunks: bytearray) -> bytes:
    body, at = b"", 0
    while True:
        line_end = chunks.index(b"\r\n", at)
        size = int(chunks[at:line_end], 16)
        if size == 0:
            return body
        body += chunks[line_end + 2 : line_end + 2 + size]
        at = line_end + 2 + size + 2
