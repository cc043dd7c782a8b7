"""Parameters, headers and bodies of requests, checked."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypeVar

import msgspec

from credit.errors import SettingsInvalid
from credit.records.reading.selection import Period, make_period
from serve_app.problems import MalformedRequest
from serve_app.requests import Request

Value = TypeVar("Value")

MAXIMUM_KEY_LENGTH = 128
MAXIMUM_TEXT_LENGTH = 128


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
    given = key.decode("latin-1")
    if not 1 <= len(given) <= MAXIMUM_KEY_LENGTH:
        raise MalformedRequest(
            400, f"Idempotency-Key: expected 1 to {MAXIMUM_KEY_LENGTH} characters"
        )
    if not given.isascii() or not given.isprintable():
        raise MalformedRequest(400, "Idempotency-Key: expected printable ASCII characters")
    return given


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


def number(request: Request, name: str, default: int, maximum: int, *, minimum: int = 0) -> int:
    """Whole number of a parameter, from a minimum to a maximum.

    Raises
    ------
    MalformedRequest
        When it is anything else.
    """
    value = request.query.get(name, str(default))
    # int() itself gives up on thousands of digits.
    fits = value.isascii() and value.isdigit() and len(value) <= 10  # noqa: PLR2004
    if not fits or not minimum <= int(value) <= maximum:
        raise MalformedRequest(400, f"query parameter {name}: expected {minimum} to {maximum}")
    return int(value)


def text(request: Request, name: str) -> str | None:
    """Text of a parameter, None without one.

    Raises
    ------
    MalformedRequest
        When it is empty, too long, or not printable ASCII.
    """
    value = request.query.get(name)
    if value is None:
        return None
    if not 1 <= len(value) <= MAXIMUM_TEXT_LENGTH or not value.isascii() or not value.isprintable():
        raise MalformedRequest(
            400,
            f"query parameter {name}: expected 1 to {MAXIMUM_TEXT_LENGTH} printable ASCII characters",
        )
    return value


def one_of(request: Request, name: str, known: Collection[str]) -> str | None:
    """One of the values that a parameter may have, None without one.

    Raises
    ------
    MalformedRequest
        When it is anything else.
    """
    value = request.query.get(name)
    if value is not None and value not in known:
        raise MalformedRequest(400, f"query parameter {name}: expected one of {', '.join(known)}")
    return value


def period(request: Request) -> Period:
    """Period of the parameters ``since`` and ``until``, open where one is not given.

    Raises
    ------
    MalformedRequest
        When one is no point in time, or they are not in order.
    """
    try:
        return make_period(request.query.get("since"), request.query.get("until"))
    except (SettingsInvalid, OverflowError):
        raise MalformedRequest(
            400,
            "query parameters since and until: expected ISO dates, or dates and times with + as %2B, the earlier "
            "one first",
        ) from None


def require_known(request: Request, *names: str) -> None:
    """Refuse parameters that a route does not read: a filter that is ignored answers another question.

    Raises
    ------
    MalformedRequest
        When there is one.
    """
    if not request.query.keys() <= set(names):
        raise MalformedRequest(400, f"query: expected no parameters but {', '.join(names)}")


def decoded(decoder: msgspec.json.Decoder[Value], body: bytes, *, prefix: str = "") -> Value:
    """Decode a body that is one value of a type.

    Raises
    ------
    MalformedRequest
        When it is not JSON, or not such a value; then with `prefix` before what is wrong.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise MalformedRequest(422, f"{prefix}{error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise MalformedRequest(400, "the body is not JSON") from None
