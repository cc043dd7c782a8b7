"""What WSGI says of a request, as ASGI says it, and the other way round for answers (PEP 3333)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.types import Scope

from serve_app.problems import with_instance
from serve_app.reply import Reply
from serve_app.request_ids import HEADER, request_id

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

ENDLESS = float("inf")

_HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"upgrade"})
"""Headers that are for the server to set (PEP 3333, "Other HTTP Features")."""


def scope_of(environ: WSGIEnvironment) -> Scope:
    """What ASGI says of a request, from what WSGI says of it."""
    root = _text(environ.get("SCRIPT_NAME", ""))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": environ.get("SERVER_PROTOCOL", "HTTP/1.1").removeprefix("HTTP/"),
        "method": environ["REQUEST_METHOD"],
        "scheme": environ["wsgi.url_scheme"],
        "path": root + _text(environ.get("PATH_INFO", "")),
        "root_path": root,
        "query_string": environ.get("QUERY_STRING", "").encode("latin-1"),
        "headers": list(_request_headers(environ)),
        "client": (environ.get("REMOTE_ADDR", ""), 0),
    }


def _text(value: str) -> str:
    """Decode a path, whose bytes WSGI shows as Latin-1."""
    return value.encode("latin-1").decode("utf-8", "replace")


def _request_headers(environ: WSGIEnvironment) -> Iterator[tuple[bytes, bytes]]:
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            known = name[5:]
        elif name in ("CONTENT_TYPE", "CONTENT_LENGTH") and value:
            known = name
        else:
            continue
        yield known.replace("_", "-").lower().encode("latin-1"), value.encode("latin-1")


def length_of(environ: WSGIEnvironment) -> int | float | None:
    """Bytes of the body: infinity when the server marks its end, None when nobody does."""
    if environ.get("wsgi.input_terminated"):
        return ENDLESS
    if "HTTP_TRANSFER_ENCODING" in environ:
        return None
    declared = environ.get("CONTENT_LENGTH") or "0"
    # What is no length is refused by the application, before anything is read.
    return int(declared) if declared.isascii() and declared.isdigit() and len(declared) < 20 else 0  # noqa: PLR2004


def at_once(
    reply: Reply, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Answer with all there is."""
    given = environ.get("HTTP_X_REQUEST_ID")
    name = request_id(None if given is None else given.encode("latin-1"))
    reply = with_instance(reply, name)
    headers = (
        (HEADER, name),
        (b"content-type", reply.content_type),
        (b"content-length", str(len(reply.body)).encode()),
        (b"cache-control", reply.cache_control),
        *reply.headers,
    )
    start_response(status_line(reply.status), header_list(headers))
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [reply.body]


def status_line(status: int) -> str:
    """Status with its name, as WSGI wants it."""
    return f"{status} {HTTPStatus(status).phrase}"


def header_list(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[str, str]]:
    """Headers of an answer as text, without those that are for the server to set."""
    return [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in headers
        if name not in _HOP_BY_HOP
    ]
