"""The way between WSGI and ASGI, held against the validator of the standard library where it can be."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

import pytest
from starlette.types import Receive, Scope, Send

from serve_app.admission import HungUp
from serve_app.wsgi import WsgiApp
from tests.serve_app.live import PATIENCE_S

App = Callable[[Scope, Receive, Send], Any]


@contextmanager
def adapted(app: App) -> Iterator[WsgiApp]:
    made = WsgiApp(app)
    try:
        yield made
    finally:
        made.close()


class Asked:
    """One request, asked as a WSGI server asks, under the eyes of the validator."""

    def __init__(
        self, app: WsgiApp, method: str = "GET", body: bytes = b"", **environ: Any
    ) -> None:
        self.input = io.BytesIO(body)
        full = {
            "REQUEST_METHOD": method,
            "QUERY_STRING": "",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": self.input,
            **environ,
        }
        setup_testing_defaults(full)
        self.status = ""
        self.headers: dict[str, str] = {}
        self.answer: Iterable[bytes] = validator(app)(full, self._start)

    def _start(self, status: str, headers: list[tuple[str, str]], *_: object) -> Any:
        self.status, self.headers = status, dict(headers)
        return lambda piece: None

    def read(self) -> bytes:
        try:
            return b"".join(self.answer)
        finally:
            self.close()

    def close(self) -> None:
        """Do as servers do with every answer."""
        self.answer.close()  # type: ignore[attr-defined]


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the body, and with what was asked as a header."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message["body"]
        more = message.get("more_body", False)
    told = repr((scope["method"], scope["path"], scope["root_path"], scope["query_string"]))
    headers = [(b"x-told", told.encode()), (b"content-type", b"text/plain")]
    await send({"type": "http.response.start", "status": 207, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def test_a_request_arrives_as_it_was_sent() -> None:
    environ = {
        "SCRIPT_NAME": "/scoring",
        "PATH_INFO": "/v1/s\xc3\xa4tze",
        "QUERY_STRING": "a=%20b",
        "CONTENT_TYPE": "text/plain",
    }
    with adapted(echo) as app:
        asked = Asked(app, "PUT", b"x" * 200_000, **environ)

        assert asked.read() == b"x" * 200_000
    assert asked.status == "207 Multi-Status"
    assert asked.headers["x-told"] == repr(
        ("PUT", "/scoring/v1/sätze", "/scoring", b"a=%20b")
    ).encode().decode("latin-1")


def test_headers_have_their_names_back() -> None:
    seen: list[Any] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend(scope["headers"])
        await echo(scope, receive, send)

    with adapted(app) as made:
        Asked(made, HTTP_X_REQUEST_ID="call-7", HTTP_HOST="h", CONTENT_TYPE="a/b").read()

    assert (b"x-request-id", b"call-7") in seen
    assert (b"content-type", b"a/b") in seen
    assert (b"content-length", b"0") in seen


def test_a_body_whose_end_the_server_marks_is_read_without_a_length() -> None:
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    with adapted(echo) as app:
        read = Asked(app, "POST", b"x" * 70_000, **chunked, **{"wsgi.input_terminated": True})
        refused = Asked(app, "POST", b"x" * 70_000, **chunked)

        assert read.read() == b"x" * 70_000
        assert b"send Content-Length" in refused.read()
        assert refused.status == "411 Length Required"
        assert len(refused.headers["x-request-id"]) == 32


def test_of_a_body_no_more_is_read_than_is_asked_for() -> None:
    async def first_piece(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        headers = [(b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        assert (await receive())["type"] == "http.disconnect"  # nothing is read to be thrown away
        await send({"type": "http.response.body", "body": b""})

    async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"connection", b"close"), (b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 401, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    with adapted(first_piece) as app:
        asked = Asked(app, "POST", b"x" * 1_000_000, CONTENT_TYPE="a/b")
        asked.read()
        assert 0 < asked.input.tell() <= 65_536
    with adapted(nothing) as app:
        asked = Asked(app, "POST", b"x" * 1_000)
        asked.read()
        assert asked.input.tell() == 0
        assert "connection" not in asked.headers


def test_a_body_that_ends_too_early_is_a_hang_up() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if (await receive())["type"] == "http.disconnect":
            return  # there is nobody to answer

    with adapted(app) as made:
        asked = Asked(made, "POST", b"half", CONTENT_LENGTH="8")

        assert asked.read() == b""
        assert asked.status == "400 Bad Request"


def test_of_a_head_only_the_head_is_told() -> None:
    with adapted(echo) as app:
        asked = Asked(app, "HEAD", b"body")

        assert asked.read() == b""
        assert asked.status == "207 Multi-Status"


def test_an_answer_is_handed_on_as_it_is_made_and_not_faster() -> None:
    made = []

    async def stream(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for i in range(3):
            made.append(i)
            await send({"type": "http.response.body", "body": b"%d" % i, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    with adapted(stream) as app:
        asked = Asked(app)
        pieces = iter(asked.answer)

        assert next(pieces) == b"0"
        assert made == [0]  # the second is made when it is asked for
        assert b"".join(pieces) == b"12"
        asked.close()


def test_an_answer_that_nobody_reads_any_more_is_no_longer_made() -> None:
    ended = threading.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"text/plain")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        try:
            while True:
                await send({"type": "http.response.body", "body": b"x", "more_body": True})
        except asyncio.CancelledError:
            ended.set()
            raise

    with adapted(endless) as app:
        asked = Asked(app)
        assert next(iter(asked.answer)) == b"x"
        asked.close()

        assert ended.wait(PATIENCE_S)


def test_one_that_was_made_is_not_cancelled_afterwards() -> None:
    """Servers close every answer, also one that was read to its end."""
    lives = threading.Event()

    async def slow_to_end(scope: Scope, receive: Receive, send: Send) -> None:
        await echo(scope, receive, send)
        await asyncio.sleep(0.05)
        lives.set()

    with adapted(slow_to_end) as app:
        Asked(app).read()

        assert lives.wait(PATIENCE_S)


def test_what_the_application_raises_reaches_the_server() -> None:
    async def fail(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    with adapted(fail) as app, pytest.raises(ZeroDivisionError):
        Asked(app)


def test_threads_are_answered_at_the_same_time() -> None:
    """Each waits in the application for all the others."""
    together: list[asyncio.Event] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        mine = asyncio.Event()
        together.append(mine)
        if len(together) == 8:
            for other in together:
                other.set()
        await mine.wait()
        await echo(scope, receive, send)

    with adapted(app) as made:
        threads = [threading.Thread(target=lambda: Asked(made).read()) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)

        assert not any(thread.is_alive() for thread in threads)


def test_closing_ends_what_is_under_way_and_refuses_what_comes() -> None:
    began = threading.Event()

    async def stuck(scope: Scope, receive: Receive, send: Send) -> None:
        began.set()
        await receive()
        await receive()
        raise HungUp

    made, told = WsgiApp(stuck), []

    def ask() -> None:
        asked = Asked(made)
        asked.read()
        told.append(asked.status)

    waiting = threading.Thread(target=ask)
    waiting.start()
    assert began.wait(PATIENCE_S)

    made.close()
    waiting.join(PATIENCE_S)
    after = Asked(made)

    assert told == ["503 Service Unavailable"]
    assert after.status == "503 Service Unavailable"
    assert after.headers["retry-after"] == "1"
    assert b"it is being closed" in after.read()
    made.close()  # twice is once
