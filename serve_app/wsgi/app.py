"""An ASGI application for WSGI servers (PEP 3333): a loop in a thread of its own, and a way between the two.

The thread of a WSGI request does what blocks: it reads the body when the application asks for more of it, and hands
the answer on as it is made. Libraries do the same (a2wsgi); these lines are our own because of what they promise
beside that: of a body no more is read than the application asks for, an answer that nobody reads any more is
no longer made, and who left is counted as everywhere else.

What a WSGI server keeps for itself, nobody can do here: it joins headers that stand twice, and a thread that waits
for a slow body cannot be called back, so bound that time in the server.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from starlette.types import ASGIApp

from serve_app.problems import problem
from serve_app.reply import Reply
from serve_app.wsgi.environ import at_once, header_list, length_of, scope_of, status_line
from serve_app.wsgi.exchange import Exchange

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_UNFRAMED = problem(
    411,
    "length",
    "The length of the body is not known",
    "send Content-Length: this server does not say where a chunked body ends",
)
_CLOSED = problem(
    503,
    "unavailable",
    "The service is not available",
    "it is being closed",
    ((b"retry-after", b"1"),),
)


class WsgiApp:
    """A WSGI application; may be called from any number of threads at a time.

    Parameters
    ----------
    app
        The ASGI application that answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()
        self._is_closed = False
        self._closing = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="wsgi", daemon=True)
        self._thread.start()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        length = length_of(environ)
        if length is None:
            return at_once(_UNFRAMED, environ, start_response)
        exchange = Exchange(self._loop, environ["wsgi.input"], length)
        with self._closing:
            if self._is_closed:
                return at_once(_CLOSED, environ, start_response)
            exchange.begin(self._app, scope_of(environ))
        pieces = exchange.pieces()
        first = next(pieces, None)
        if exchange.start is None:
            # Nobody is left to be answered, but a WSGI server wants to be told something.
            return at_once(_CLOSED if self._is_closed else Reply(400, b""), environ, start_response)
        start_response(
            status_line(exchange.start["status"]), header_list(exchange.start["headers"])
        )
        if environ["REQUEST_METHOD"] == "HEAD":
            exchange.end()
            return []
        return _Answer(exchange, first or b"", pieces)

    def close(self) -> None:
        """End what is under way, and the loop; later requests are answered 503."""
        with self._closing:
            if self._is_closed:
                return
            self._is_closed = True
        asyncio.run_coroutine_threadsafe(_cancel_all(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_forever()
        finally:
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()


class _Answer:
    """The pieces of an answer; closed by the server, also when the client leaves in between."""

    def __init__(self, exchange: Exchange, first: bytes, rest: Iterator[bytes]) -> None:
        self._exchange = exchange
        self._first = first
        self._rest = rest

    def __iter__(self) -> Iterator[bytes]:
        yield self._first
        yield from self._rest

    def close(self) -> None:
        self._exchange.end()


async def _cancel_all() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
