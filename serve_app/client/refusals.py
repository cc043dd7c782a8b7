"""What the service refuses, as errors of the product."""

from __future__ import annotations

import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import msgspec

from credit.errors import (
    ApplicationInvalid,
    CreditError,
    DecisionUnknown,
    Failure,
    IdempotencyConflict,
    NotJson,
    RecordErased,
    RolloutMoved,
    RolloutRefused,
    ServiceUnavailable,
)

PASSING = frozenset({502, 503, 504})
"""Statuses of refusals that will pass: the same request may be answered later."""

_TYPE = "urn:credit-cluster:problem:"

_ERRORS: dict[str, type[CreditError]] = {
    "not-json": NotJson,
    "idempotency": IdempotencyConflict,
    "erased": RecordErased,
    "decision-unknown": DecisionUnknown,
    "rollout": RolloutRefused,
    "rollout-moved": RolloutMoved,
}
"""By the name of the problem; what is not here is told as :class:`ServiceRefused`."""


class ServiceRefused(ServiceUnavailable):
    """The service answered with a problem that no other error of the product stands for.

    Attributes
    ----------
    status
        Of HTTP.
    retry_after_s
        When it asked to come again; None when it did not say.
    """

    def __init__(
        self, status: int, title: str, detail: str, retry_after_s: float | None = None
    ) -> None:
        self.status = status
        self.retry_after_s = retry_after_s
        self._parts = (status, title, detail, retry_after_s)
        super().__init__(f"{status} {title}: {detail}")

    def __reduce__(self) -> tuple[type[ServiceRefused], tuple[int, str, str, float | None]]:
        """Keep the parts when the error crosses a process boundary."""
        return type(self), self._parts


class ServiceUnreachable(ServiceUnavailable):
    """The service could not be asked, or its answer did not arrive."""


def refusal(response: httpx.Response) -> CreditError:
    """Turn an answer that is none into an error with the sentence of its problem document."""
    try:
        problem = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        problem = None
    retry_after_s = _retry_after_s(response.headers.get("retry-after"))
    error = refusal_of(problem, response.status_code, retry_after_s, otherwise=response.text[:200])
    name = response.headers.get("x-request-id")
    if name is not None:
        error.add_note(f"request {name}")
    return error


def refusal_of(
    problem: Any, status: int, retry_after_s: float | None = None, *, otherwise: str = ""
) -> CreditError:
    """Turn a problem document into an error.

    Parameters
    ----------
    problem
        As decoded; anything, for a proxy may have answered.
    otherwise
        What to tell when it is no problem document.
    """
    try:
        kind, title, detail = problem["type"], problem["title"], problem["detail"]
        failures = [Failure(f["field"], f["rule"], f["message"]) for f in problem.get("errors", [])]
    except (KeyError, TypeError, AttributeError):
        return ServiceRefused(status, "no problem document", otherwise, retry_after_s)
    if failures:
        return ApplicationInvalid(failures)
    made = _ERRORS.get(str(kind).removeprefix(_TYPE))
    return ServiceRefused(status, title, detail, retry_after_s) if made is None else made(detail)


def unreachable(base_url: httpx.URL, error: httpx.HTTPError) -> ServiceUnavailable:
    """Turn a connection that failed into an error; one that cannot ever work may not be repeated."""
    told = f"no answer from {base_url}: {type(error).__name__}; is `credit serve` running?"
    is_passing = isinstance(error, httpx.TransportError) and not isinstance(
        error, httpx.UnsupportedProtocol | httpx.LocalProtocolError
    )
    found = ServiceUnreachable(told) if is_passing else ServiceUnavailable(told)
    found.__cause__ = error
    return found


def _retry_after_s(value: str | None) -> float | None:
    """Seconds that a Retry-After names, in either of its forms (RFC 9110, section 10.2.3)."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=datetime.UTC)
    return max(0.0, (at - datetime.datetime.now(datetime.UTC)).total_seconds())
