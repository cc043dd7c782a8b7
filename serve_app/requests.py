"""One request as the routes see it: checked headers, bounded query, bounded body."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

from serve_app.admission import HungUp
from serve_app.problems import MalformedRequest

MAXIMUM_BODY_BYTES = 64 * 1024
"""An application takes about 500 bytes; anything far beyond is a mistake."""

_DIGITS = len(str(MAXIMUM_BODY_BYTES))

MAXIMUM_HEADER_BYTES = 16 * 1024
"""Names and values together; HAProxy takes as much."""

MAXIMUM_QUERY_BYTES = 1024
MAXIMUM_PARAMETERS = 16

_ONCE = frozenset(
    {
        b"authorization",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"idempotency-key",
        b"transfer-encoding",
    }
)
"""Headers that are read here. Two of one kind are refused: a proxy may have looked at the other one."""

_UNKNOWN = {b"transfer-encoding": b"chunked"}
"""Stands for headers that were not looked at: a body of any length may follow them."""


class Request:
    """One request.

    Attributes
    ----------
    route
        The path as the table of routes writes it, empty while none was found.
    path_params
        Parts of the path that the route names.
    headers
        Those that the service reads, by their names in small letters.
    body_is_read
        Whether all of the body is here.
    """

    __slots__ = ("_receive", "_scope", "body_is_read", "headers", "path_params", "route")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope = scope
        self._receive = receive
        self.route = ""
        self.path_params: dict[str, str] = {}
        self.headers: dict[bytes, bytes] = _UNKNOWN
        self.body_is_read = False

    def read_headers(self) -> None:
        """Keep the headers that the service reads.

        Raises
        ------
        MalformedRequest
            When there is too much of them, or one that is read stands twice.
        """
        self.headers = headers_once(self._scope["headers"])

    @property
    def leaves_much_unread(self) -> bool:
        """Whether more of the body may be on its way than a server throws away in passing."""
        if self.body_is_read:
            return False
        declared = self.headers.get(b"content-length", b"0")
        return b"transfer-encoding" in self.headers or _too_large(declared)

    @property
    def query(self) -> dict[str, str]:
        """Parameters of the query.

        Raises
        ------
        MalformedRequest
            When it is too long, or names a parameter twice.
        """
        text: bytes = self._scope["query_string"]
        if not text:
            return {}
        if len(text) > MAXIMUM_QUERY_BYTES:
            raise MalformedRequest(414, f"the query is longer than {MAXIMUM_QUERY_BYTES} bytes")
        try:
            pairs = parse_qsl(
                text.decode("ascii"), keep_blank_values=True, max_num_fields=MAXIMUM_PARAMETERS
            )
        except ValueError:  # not ASCII, or too many
            raise MalformedRequest(
                400, f"query: expected at most {MAXIMUM_PARAMETERS} parameters, percent-encoded"
            ) from None
        twice = [name for name, n in Counter(name for name, _ in pairs).items() if n > 1]
        if twice:
            raise MalformedRequest(400, f"query parameter {twice[0][:64]}: given more than once")
        return dict(pairs)

    async def json_body(self) -> bytes:
        """Read the body, which should be JSON.

        Raises
        ------
        MalformedRequest
            When it says to be something else, or is too large: then no more than the bound was read.
        HungUp
            When the client left before its end.
        """
        self._require_plain_json()
        if _too_large(self.headers.get(b"content-length", b"0")):
            raise _body_too_large()
        message = await self._message()
        body: bytes = message.get("body", b"")
        if message.get("more_body", False):
            body = await self._rest(bytearray(body))
        self.body_is_read = True
        if len(body) > MAXIMUM_BODY_BYTES:
            raise _body_too_large()
        return body

    async def gone(self) -> None:
        """Wait until the client hangs up; only after its body was read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def _require_plain_json(self) -> None:
        content_type = self.headers.get(b"content-type", b"application/json")
        if content_type.partition(b";")[0].strip().lower() != b"application/json":
            raise MalformedRequest(415, "expected content type application/json")
        coding = self.headers.get(b"content-encoding", b"identity").strip().lower()
        if coding not in (b"identity", b""):
            # RFC 9110, section 15.5.16: the answer says what would have been taken.
            raise MalformedRequest(
                415,
                "expected a body without a content coding: send it uncompressed",
                headers=((b"accept-encoding", b"identity"),),
            )

    async def _rest(self, body: bytearray) -> bytes:
        more = True
        while more:
            if len(body) > MAXIMUM_BODY_BYTES:
                raise _body_too_large()
            message = await self._message()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        return bytes(body)

    async def _message(self) -> dict[str, Any]:
        message: dict[str, Any] = dict(await self._receive())
        if message["type"] == "http.disconnect":
            raise HungUp
        return message


def _body_too_large() -> MalformedRequest:
    return MalformedRequest(413, f"the body is larger than {MAXIMUM_BODY_BYTES} bytes")


def headers_once(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Headers that the service reads, by their names in small letters.

    Raises
    ------
    MalformedRequest
        When all headers together are too long, or one that is read stands twice.
    """
    size, found = 0, {}
    for name, value in headers:
        size += len(name) + len(value)
        if name in _ONCE:
            if name in found:
                raise MalformedRequest(400, f"header {name.decode()}: given more than once")
            found[name] = value
    if size > MAXIMUM_HEADER_BYTES:
        raise MalformedRequest(431, f"the headers are longer than {MAXIMUM_HEADER_BYTES} bytes")
    return found


def _too_large(declared: bytes) -> bool:
    return not declared.isdigit() or len(declared) > _DIGITS or int(declared) > MAXIMUM_BODY_BYTES
