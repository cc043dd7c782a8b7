"""Parameters and headers of requests, checked."""

from __future__ import annotations

from serve_app.problems import MalformedRequest
from serve_app.requests import Request

MAXIMUM_KEY_LENGTH = 128


def idempotency_key(request: Request) -> str | None:
    """Idempotency key of a request, None without one.

    Raises
    ------
    MalformedRequest
        When it is too long, or not printable ASCII.
    """
    key = request.headers.get(b"idempotency-key")
    if key is None:
        return None
    text = key.decode("latin-1")
    if not 1 <= len(text) <= MAXIMUM_KEY_LENGTH:
        raise MalformedRequest(
            400, f"Idempotency-Key: expected 1 to {MAXIMUM_KEY_LENGTH} characters"
        )
    if not text.isascii() or not text.isprintable():
        raise MalformedRequest(400, "Idempotency-Key: expected printable ASCII characters")
    return text


def flag(request: Request, name: str) -> bool:
    """Truth of a parameter, false when it is not given.

    Raises
    ------
    MalformedRequest
        When it is neither true nor false.
    """
    value = request.query.get(name, "false")
    if value not in ("true", "false"):
        raise MalformedRequest(400, f"query parameter {name}: expected true or false")
    return value == "true"


def number(request: Request, name: str, default: int, maximum: int) -> int:
    """Whole number of a parameter, from 0 to a maximum.

    Raises
    ------
    MalformedRequest
        When it is anything else.
    """
    value = request.query.get(name, str(default))
    # int() itself gives up on thousands of digits.
    if not value.isascii() or not value.isdigit() or len(value) > 10 or int(value) > maximum:  # noqa: PLR2004
        raise MalformedRequest(400, f"query parameter {name}: expected 0 to {maximum}")
    return int(value)
