"""One request as the routes see it: checked headers, bounded query, bounded body."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope

from serve_app.admission import HungUp
from serve_app.compression import NotGzip, TooLarge, inflate
from serve_app.deadlines import Deadline, DeadlinePassed
from serve_app.problems import MalformedRequest
from serve_app.request_ids import request_id

MAXIMUM_BODY_BYTES = 64 * 1024
"""An application takes about 500 bytes; anything far beyond is a mistake."""

_DIGITS = 10
"""Of any length that is looked at: int() gives up on thousands."""

JSON_ONLY = (b"application/json",)

MAXIMUM_HEADER_BYTES = 16 * 1024
"""Names and values together; HAProxy takes as much."""

MAXIMUM_QUERY_BYTES = 1024
MAXIMUM_PARAMETERS = 16

_READ = {
    b"accept": True,
    b"accept-encoding": True,
    b"authorization": False,
    b"content-encoding": False,
    b"content-length": False,
    b"content-type": False,
    b"idempotency-key": False,
    b"if-none-match": True,
    b"inference-header-content-length": False,
    b"traceparent": True,
    b"tracestate": True,
    b"transfer-encoding": False,
    b"x-request-id": True,
    b"x-request-timeout-ms": False,
}
"""Headers that are read here, and whether one may stand more than once: then they are one list (RFC 9110, section
5.3). Two of another kind are refused: a proxy may have looked at the other one."""

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
    has_begun
        Whether it is being decided: from then on a client that was not answered cannot know the outcome.
    deadline
        Set by the client; None when it set none.
    """

    __slots__ = (
        "_id",
        "_receive",
        "_scope",
        "body_is_read",
        "deadline",
        "has_begun",
        "headers",
        "path_params",
        "route",
    )

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._scope = scope
        self._receive = receive
        self.route = ""
        self.path_params: dict[str, str] = {}
        self.headers: dict[bytes, bytes] = _UNKNOWN
        self.body_is_read = False
        self.has_begun = False
        self.deadline: Deadline | None = None
        self._id: bytes | None = None

    @property
    def id(self) -> bytes:
        """Its name: the client's, or a new one that stays the same."""
        if self._id is None:
            self._id = request_id(self.headers.get(b"x-request-id"))
        return self._id

    @property
    def method(self) -> str:
        """Method, as it was sent."""
        return str(self._scope["method"])

    def begin(self) -> None:
        """Begin to decide, unless the client's deadline has passed.

        Raises
        ------
        DeadlinePassed
            When it has: then nothing may be decided.
        """
        if self.deadline is not None and self.deadline.is_over:
            raise DeadlinePassed(has_begun=False)
        self.has_begun = True

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
        return await self.body(JSON_ONLY)

    async def body(
        self,
        content_types: Collection[bytes],
        maximum: int = MAXIMUM_BODY_BYTES,
        arrived: Callable[[int], None] | None = None,
    ) -> bytes:
        """Read the body, which should be of one of these types; the first is that of a body that names none.

        Parameters
        ----------
        arrived
            Told how many bytes have come, again and again.

        Raises
        ------
        MalformedRequest, HungUp
            As :meth:`json_body`; also what ``arrived`` raises.
        """
        is_gzip = self._require_type(content_types)
        if _too_large(self.headers.get(b"content-length", b"0"), maximum):
            raise _body_too_large(maximum)
        message = await self._message()
        body: bytes = message.get("body", b"")
        if message.get("more_body", False):
            body = await self._rest(bytearray(body), maximum, arrived)
        self.body_is_read = True
        if len(body) > maximum:
            raise _body_too_large(maximum)
        if arrived is None:
            return _inflated(body, maximum) if is_gzip else body
        arrived(len(body))
        if not is_gzip:
            return body
        arrived(maximum)  # it may become as much
        return await asyncio.to_thread(_inflated, body, maximum)

    def content_type(self, otherwise: bytes) -> bytes:
        """Type of the body, without parameters, in small letters."""
        given = self.headers.get(b"content-type", otherwise)
        return given.partition(b";")[0].strip().lower()

    async def gone(self) -> None:
        """Wait until the client hangs up; only after its body was read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def _require_type(self, expected: Collection[bytes]) -> bool:
        """Refuse what is said to be something else; tell whether it is compressed."""
        if self.content_type(next(iter(expected))) not in expected:
            named = b" or ".join(expected).decode()
            raise MalformedRequest(415, f"expected content type {named}")
        coding = self.headers.get(b"content-encoding", b"identity").strip().lower()
        if coding in (b"identity", b""):
            return False
        if coding not in (b"gzip", b"x-gzip"):
            # RFC 9110, section 15.5.16: the answer says what would have been taken.
            raise MalformedRequest(
                415,
                "expected a body in the content coding gzip, or in none",
                headers=((b"accept-encoding", b"gzip, identity"),),
            )
        return True

    async def _rest(
        self, body: bytearray, maximum: int, arrived: Callable[[int], None] | None
    ) -> bytes:
        more = True
        while more:
            if len(body) > maximum:
                raise _body_too_large(maximum)
            if arrived is not None:
                arrived(len(body))
            message = await self._message()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        return bytes(body)

    async def _message(self) -> dict[str, Any]:
        message: dict[str, Any] = dict(await self._receive())
        if message["type"] == "http.disconnect":
            raise HungUp
        return message


def _inflated(body: bytes, maximum: int) -> bytes:
    try:
        return inflate(body, maximum)
    except NotGzip:
        raise MalformedRequest(
            400, "the body is not gzip, as Content-Encoding says, or not all of it"
        ) from None
    except TooLarge:
        raise _body_too_large(maximum) from None


def _body_too_large(maximum: int) -> MalformedRequest:
    return MalformedRequest(413, f"the body is larger than {maximum} bytes")


def headers_once(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """Headers that the service reads, by their names in small letters.

    Raises
    ------
    MalformedRequest
        When all headers together are too long, or one that is read stands twice.
    """
    size = 0
    found: dict[bytes, bytes] = {}
    for name, value in headers:
        size += len(name) + len(value)
        is_list = _READ.get(name)
        if is_list is None:
            continue
        if name in found:
            if not is_list:
                raise MalformedRequest(400, f"header {name.decode()}: given more than once")
            value = found[name] + b", " + value  # noqa: PLW2901
        found[name] = value
    if size > MAXIMUM_HEADER_BYTES:
        raise MalformedRequest(431, f"the headers are longer than {MAXIMUM_HEADER_BYTES} bytes")
    return found


def _too_large(declared: bytes, maximum: int = MAXIMUM_BODY_BYTES) -> bool:
    return not declared.isdigit() or len(declared) > _DIGITS or int(declared) > maximum
