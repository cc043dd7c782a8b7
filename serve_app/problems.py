"""Errors as problem documents (RFC 9457), from one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec.structs import replace

from credit import errors
from serve_app.admission import Overloaded
from serve_app.auth import Forbidden, Unauthorized
from serve_app.deadlines import DeadlinePassed
from serve_app.reply import Header, Reply
from serve_app.request_ids import instance

MEDIA_TYPE = b"application/problem+json"
RETRY_AFTER_S = 1


class MalformedRequest(Exception):
    """The request is not what the route takes, before any contract is looked at."""

    def __init__(self, status: int, detail: str, *, headers: tuple[Header, ...] = ()) -> None:
        self.status = status
        self.headers = headers
        super().__init__(detail)


@dataclass(frozen=True)
class Kind:
    """How one class of errors is answered."""

    status: int
    name: str
    title: str


KINDS: dict[type[Exception], Kind] = {
    Unauthorized: Kind(401, "unauthorized", "A valid token is required"),
    Forbidden: Kind(403, "forbidden", "The token does not allow this"),
    Overloaded: Kind(503, "overloaded", "Too many requests are waiting for a decision"),
    DeadlinePassed: Kind(504, "deadline", "The deadline of the client has passed"),
    errors.ApplicationInvalid: Kind(
        422, "application-invalid", "The application breaks the contract"
    ),
    errors.NotJson: Kind(400, "not-json", "The request is malformed"),
    errors.ContractError: Kind(422, "contract", "The data do not fit the contract"),
    errors.DataError: Kind(422, "data", "The data cannot be used"),
    errors.InvalidInput: Kind(422, "invalid-input", "The input cannot be used"),
    errors.BundleCorrupt: Kind(503, "bundle-corrupt", "A model bundle was changed"),
    errors.BundleIncompatible: Kind(
        503, "bundle-incompatible", "A model bundle scores differently here"
    ),
    errors.BundleTooLarge: Kind(503, "bundle-too-large", "A model bundle does not fit into memory"),
    errors.ModelTooDeep: Kind(503, "model-too-deep", "A model takes too much memory to explain"),
    errors.BundleUnknown: Kind(503, "bundle-unknown", "A model bundle is not loaded"),
    errors.BundleError: Kind(503, "bundle", "A model bundle cannot be used"),
    errors.ExplanationInconsistent: Kind(
        500, "explanation", "The reasons do not explain the score"
    ),
    errors.RecordStoreUnavailable: Kind(503, "record-store", "The decision cannot be recorded"),
    errors.RecordStoreBusy: Kind(503, "busy", "Too many decisions are waiting to be recorded"),
    errors.IdempotencyConflict: Kind(409, "idempotency", "The idempotency key was used before"),
    errors.RecordErased: Kind(410, "erased", "The subject was erased"),
    errors.DecisionUnknown: Kind(404, "decision-unknown", "There is no such decision"),
    errors.RecordsNotProven: Kind(503, "not-proven", "The records are not what was signed"),
    errors.AnchorUnavailable: Kind(
        503, "anchor", "The place outside for checkpoints does not answer"
    ),
    errors.RecordError: Kind(503, "record", "The decision record refused"),
    errors.KeyUnavailable: Kind(503, "key", "A key is not available"),
    errors.RegistryUnavailable: Kind(503, "registry", "The model registry is not available"),
    errors.RolloutMoved: Kind(409, "rollout-moved", "The rollout was changed in between"),
    errors.RolloutRefused: Kind(409, "rollout", "The rollout cannot be changed so"),
    errors.ServiceUnavailable: Kind(503, "unavailable", "The service is not available"),
    errors.SettingsInvalid: Kind(500, "settings", "The service is set up wrongly"),
    errors.CreditError: Kind(500, "internal", "The service could not answer"),
}


def problem_for(
    error: Exception, *, retry_after_s: int = RETRY_AFTER_S, product: str | None = None
) -> Reply:
    """Answer an error; one that nobody planned says nothing about its cause.

    Parameters
    ----------
    retry_after_s
        When to come again, if it is of use to do so.
    product
        The product that is scored here, for those whose data do not fit it.
    """
    if isinstance(error, MalformedRequest):
        title = "The request is malformed"
        return problem(error.status, "malformed-request", title, str(error), error.headers)
    if isinstance(error, Unauthorized):
        kind = KINDS[Unauthorized]
        detail = "send the header Authorization: Bearer <token>"
        return problem(
            kind.status, kind.name, kind.title, detail, ((b"www-authenticate", b"Bearer"),)
        )
    if isinstance(error, Forbidden):
        kind = KINDS[Forbidden]
        return problem(kind.status, kind.name, kind.title, "this needs the token of admins")
    if isinstance(error, Overloaded):
        retry_after_s = error.retry_after_s
    elif not isinstance(error, errors.CreditError | DeadlinePassed):
        return problem(500, "internal", "The service could not answer", "see the service's log")
    kind = next(KINDS[c] for c in type(error).__mro__ if c in KINDS)
    headers = _retry_after(retry_after_s) if kind.status == 503 else ()  # noqa: PLR2004
    extra: dict[str, Any] = {}
    detail = str(error)
    if isinstance(error, errors.ApplicationInvalid):
        extra["errors"] = [
            {"field": f.field, "rule": f.rule, "message": f.message} for f in error.failures
        ]
        if product is not None:
            extra["product"] = product
            detail = f"{detail}. This service scores {product}"
    return problem(kind.status, kind.name, kind.title, detail, headers, extra)


def _retry_after(seconds: int) -> tuple[Header, ...]:
    return ((b"retry-after", str(seconds).encode()),)


def problem(
    status: int,
    name: str,
    title: str,
    detail: str,
    headers: tuple[Header, ...] = (),
    extra: dict[str, Any] | None = None,
) -> Reply:
    """Build a problem document."""
    document = {
        "type": f"urn:credit-cluster:problem:{name}",
        "title": title,
        "status": status,
        "detail": detail,
        **(extra or {}),
    }
    return Reply(status, msgspec.json.encode(document), MEDIA_TYPE, headers)


def with_instance(reply: Reply, request_id: bytes) -> Reply:
    """Name the request in a problem document; any other reply stays as it is."""
    if reply.content_type != MEDIA_TYPE:
        return reply
    # The documents are our own: they end with the brace of an object that is not empty.
    named = b',"instance":' + msgspec.json.encode(instance(request_id)) + b"}"
    return replace(reply, body=reply.body[:-1] + named)
