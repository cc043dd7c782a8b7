"""No framework at all: an ASGI function with msgspec.

Started as ``uvicorn --factory cluster.bench.serve.contenders.asgi:make_app``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from cluster.bench.serve.contenders.handwork import Handwork, work_folder
from cluster.bench.serve.contenders.struct_model import application_decoder

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
App = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]


def make_app() -> App:
    """Load the model and return the application."""
    work = Handwork(work_folder())
    decode, encode = application_decoder(work.columns), msgspec.json.Encoder().encode

    def answer(body: bytes) -> tuple[int, bytes]:
        try:
            return 200, encode(work.decide(decode(body)))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return 422, encode({"detail": str(error)})

    async def app(scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        known = scope["method"] == "POST" and scope["path"] == "/v1/score"
        status, content = answer(body) if known else (404, b"{}")
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(content)).encode()),
        ]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    return app
