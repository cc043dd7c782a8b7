"""One request, between the loop that answers it and the thread that waits for it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from queue import SimpleQueue
from typing import TYPE_CHECKING

from starlette.types import ASGIApp, Message, Scope

from serve_app.wsgi.environ import ENDLESS

if TYPE_CHECKING:
    from _typeshed.wsgi import InputStream

PIECE_BYTES = 64 * 1024


class Exchange:
    """One request, between the loop that answers it and the thread that waits for it.

    Attributes
    ----------
    start
        Status and headers of the answer, once they are known.
    """

    def __init__(
        self, loop: asyncio.AbstractEventLoop, body: InputStream, length: int | float
    ) -> None:
        self.start: Message | None = None
        self._loop = loop
        self._body = body
        self._left = length
        self._is_read = False
        self._wanted: SimpleQueue[_Wanted] = SimpleQueue()
        self._has_started = False
        self._is_made = False
        self._done: Future[None] | None = None

    def begin(self, app: ASGIApp, scope: Scope) -> None:
        """Let the loop answer."""

        async def answering() -> None:
            await app(scope, self.receive, self.send)

        self._done = asyncio.run_coroutine_threadsafe(answering(), self._loop)
        self._done.add_done_callback(lambda done: self._wanted.put(_Wanted("end")))

    def end(self) -> None:
        """Tell the application that the client is gone, unless all of the answer was made."""
        if self._done is not None and not self._is_made:
            self._done.cancel()

    async def receive(self) -> Message:
        """Give the application more of the body; when there is no more, wait until the client is gone."""
        if not self._is_read and not self._has_started:
            asked: asyncio.Future[Message] = self._loop.create_future()
            self._wanted.put(_Wanted("read", asked=asked))
            return await asked
        if self._is_read:
            await asyncio.Event().wait()  # until this is cancelled
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Hand a part of the answer to the thread, and wait until it wants the next."""
        if message["type"] == "http.response.start":
            self._has_started = True
            self._wanted.put(_Wanted("start", message))
        elif message.get("more_body", False):
            taken: asyncio.Future[Message] = self._loop.create_future()
            self._wanted.put(_Wanted("piece", message, taken))
            await taken
        else:
            self._wanted.put(_Wanted("piece", message))

    def pieces(self) -> Iterator[bytes]:
        """Do what the application wants of the thread, and tell the pieces of its answer."""
        while True:
            wanted = self._wanted.get()
            if wanted.kind == "end":
                self._require_answered()
                return
            if wanted.kind == "read":
                self._settle(wanted, self._read())
            elif wanted.kind == "start":
                self.start = wanted.message
            else:
                self._is_made = wanted.asked is None
                yield wanted.message.get("body", b"")
                if self._is_made:
                    return
                self._settle(wanted, {})

    def _read(self) -> Message:
        try:
            piece = self._body.read(int(min(self._left, PIECE_BYTES))) if self._left else b""
        except OSError:
            # The connection broke, or the server made out that the body is framed wrongly.
            return {"type": "http.disconnect"}
        if not piece and self._left not in (0, ENDLESS):
            return {"type": "http.disconnect"}
        self._left -= len(piece)
        self._is_read = not piece or not self._left
        return {"type": "http.request", "body": piece, "more_body": not self._is_read}

    def _settle(self, wanted: _Wanted, message: Message) -> None:
        asked = wanted.asked

        def settle() -> None:
            if asked is not None and not asked.done():
                asked.set_result(message)

        with contextlib.suppress(RuntimeError):  # the loop is closed: whoever asked was cancelled
            self._loop.call_soon_threadsafe(settle)

    def _require_answered(self) -> None:
        """Raise what the application raised; the server knows what to do about it."""
        if self._done is None:
            return
        try:
            self._done.result()
        except (CancelledError, asyncio.CancelledError):
            return


class _Wanted:
    """What the application wants of the thread: to read, to start the answer, to send a piece, or to end."""

    __slots__ = ("asked", "kind", "message")

    def __init__(
        self,
        kind: str,
        message: Message | None = None,
        asked: asyncio.Future[Message] | None = None,
    ) -> None:
        self.kind = kind
        self.message: Message = message or {}
        self.asked = asked
