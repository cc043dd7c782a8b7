"""Whom the child writes for: their messages in the order in which they came, and what each is told."""

from __future__ import annotations

import contextlib
import logging
import select
import selectors
import socket
import time
from collections import deque
from collections.abc import Iterator

from credit.records.append.aside.frames import Frames, frame

BUFFER_BYTES = 1 << 20
"""Of a socket, in each direction."""

_RECEIVE_BYTES = 1 << 20
# Who does not take what it is told for so long is let go; the others wait meanwhile.
_PATIENCE_S = 5.0
# A process that is started for somebody who has ended meanwhile is not needed.
_FIRST_S = 30.0

logger = logging.getLogger(__name__)


class Parent:
    """One process that hands records over, and what it has sent of a message. Compared by identity.

    Attributes
    ----------
    is_known
        Whether it has said what it wants.
    """

    def __init__(self, connection: socket.socket) -> None:
        connection.setblocking(False)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        self.connection = connection
        self.frames = Frames()
        self.is_known = False


class Parents:
    """All that are connected; not thread-safe.

    Parameters
    ----------
    only
        The one parent there will ever be.
    listening
        Where any number of them connect, instead.
    """

    def __init__(
        self, only: socket.socket | None = None, listening: socket.socket | None = None
    ) -> None:
        self._selector = selectors.DefaultSelector()
        self._parents: list[Parent] = []
        self._ended: list[Parent] = []
        self._messages: deque[tuple[Parent, bytes]] = deque()
        self._listening = listening
        if only is not None:
            self._welcome(only)
        if listening is not None:
            listening.setblocking(False)
            self._selector.register(listening, selectors.EVENT_READ)
            self._selector.select(_FIRST_S)
            self._accept()

    def wait(self) -> bool:
        """Wait for a message; False when all parents are gone and none is left."""
        while not self._messages:
            self.part()
            if not self._parents and not self._accept():
                return False
            for key, _ in self._selector.select():
                if key.data is None:
                    self._accept()
                else:
                    self._read(key.data)
        return True

    def take(self, most: int) -> Iterator[tuple[Parent, bytes]]:
        """Give messages that are there, up to so many."""
        while self._accept():
            pass  # also when so much comes that nobody waits any more
        for parent in tuple(self._parents):
            self._read(parent)
        for _ in range(min(most, len(self._messages))):
            yield self._messages.popleft()

    def tell(self, parent: Parent, message: bytes) -> None:
        """Send a message to a parent; one that is gone, or does not listen, is let go."""
        rest, end = memoryview(frame(message)), time.monotonic() + _PATIENCE_S
        try:
            while rest:
                try:
                    rest = rest[parent.connection.send(rest) :]
                except BlockingIOError:
                    if not _takes_more(parent.connection, end - time.monotonic()):
                        logger.warning("a gateway does not take what became of its records")
                        self.let_go(parent)
                        return
        except OSError:  # it is gone, or was let go before
            self.let_go(parent)

    def tell_all(self, message: bytes) -> None:
        """Send a message to all who are connected."""
        while self._accept():
            pass
        for parent in tuple(self._parents):
            self.tell(parent, message)

    def part(self) -> None:
        """Take leave of those who will send no more and were told of everything; they wait for it."""
        for parent in tuple(self._ended):
            if all(sender is not parent for sender, _ in self._messages):
                self.let_go(parent)

    def let_go(self, parent: Parent) -> None:
        """Close the connection to a parent: it learns that what it has sent is uncertain."""
        self._ends(parent)
        with contextlib.suppress(ValueError):
            self._ended.remove(parent)
        parent.connection.close()

    def _accept(self) -> bool:
        """Let in who waits; False when nobody does."""
        if self._listening is None:
            return False
        try:
            connection, _ = self._listening.accept()
        except (BlockingIOError, ConnectionAbortedError):
            return False
        self._welcome(connection)
        return True

    def _welcome(self, connection: socket.socket) -> None:
        parent = Parent(connection)
        self._parents.append(parent)
        self._selector.register(connection, selectors.EVENT_READ, parent)

    def _read(self, parent: Parent) -> None:
        try:
            piece = parent.connection.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if not piece:
            self._ends(parent)
            return
        self._messages.extend((parent, message) for message in parent.frames.feed(piece))

    def _ends(self, parent: Parent) -> None:
        """Note that a parent sends no more; it may still listen."""
        if parent in self._parents:
            self._parents.remove(parent)
            self._selector.unregister(parent.connection)
            self._ended.append(parent)


def _takes_more(connection: socket.socket, timeout_s: float) -> bool:
    # Not select(), which knows no descriptor from 1,024 on; ours have the numbers that they had in a gateway.
    poll = select.poll()
    poll.register(connection, select.POLLOUT)
    return bool(poll.poll(max(0.0, 1000 * timeout_s)))
