"""One request that the service should never be sent, byte by byte, and what it promises to answer.

Cases know only an address and a token, so the same ones hold a service under any server to its promises.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from tests.loanbook import application

SECRET_INCOME = 7_654_321.25
SECRET_NAME = "Mustermann"
ROW = application(application_id=f"A-{SECRET_NAME}", monthly_income=SECRET_INCOME)
GOOD = json.dumps(ROW).encode()
MEGABYTE = b"x" * 2**20
TYPED = "Content-Type: application/json"

Request = Callable[[str], bytes]
"""Makes the bytes of a request, given the token."""


@dataclass(frozen=True)
class Case:
    """One request and what is expected of it.

    Attributes
    ----------
    statuses
        One, or several where a proxy in front may answer in place of the service.
    detail
        What the problem document says, as a regular expression; None where a server may answer that has no
        problem documents.
    """

    name: str
    request: Request
    statuses: tuple[int, ...]
    detail: str | None = None
    header: tuple[str, str] | None = None


def head(method: str, path: str, token: str | None, *lines: str) -> bytes:
    """Begin a request."""
    authorization = [] if token is None else [f"Authorization: Bearer {token}"]
    all_lines = [f"{method} {path} HTTP/1.1", "Host: service", *authorization, *lines]
    return ("\r\n".join(all_lines) + "\r\n\r\n").encode("latin-1")


def post(
    token: str | None,
    body: bytes,
    *lines: str,
    path: str = "/v1/score",
    content_type: str | None = "application/json",
) -> bytes:
    """Make a whole request for a score."""
    typed = [] if content_type is None else [f"Content-Type: {content_type}"]
    return head("POST", path, token, *typed, f"Content-Length: {len(body)}", *lines) + body


def chunked(token: str, *chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    """Make a request whose length is not said beforehand."""
    lines = ("Content-Type: application/json", "Transfer-Encoding: chunked")
    parts = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks]
    return head("POST", "/v1/score", token, *lines) + b"".join(parts) + end


def posts(
    body: bytes = GOOD,
    *lines: str,
    path: str = "/v1/score",
    content_type: str | None = "application/json",
) -> Request:
    """Ask for a score with the right token."""
    return lambda token: post(token, body, *lines, path=path, content_type=content_type)


def asks(method: str, path: str, *lines: str, then: bytes = b"") -> Request:
    """Send a head with the right token, and what follows it."""
    return lambda token: head(method, path, token, *lines) + then


def sends_chunks(*chunks: bytes, end: bytes = b"0\r\n\r\n") -> Request:
    """Ask for a score in a body whose length is not said beforehand."""
    return lambda token: chunked(token, *chunks, end=end)


def with_value(name: str, written: bytes) -> bytes:
    """Write one field of a good application in another way."""
    marked = json.dumps({**ROW, name: "@"}).encode()
    return marked.replace(b'"@"', written)
