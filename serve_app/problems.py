"""Errors as problem documents (RFC 9457), from one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.responses import Response

from credit import errors
from serve_app.auth import Unauthorized

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 1


class MalformedRequest(Exception):
    """The request is not what the route takes, before any contract is looked at."""

    def __init__(self, status: int, detail: str) -> None:
        self.status = status
        super().__init__(detail)


@dataclass(frozen=True)
class Kind:
    """How one class of errors is answered."""

    status: int
    name: str
    title: str


KINDS: dict[type[Exception], Kind] = {
    Unauthorized: Kind(401, "unauthorized", "A valid token is required"),
    errors.ApplicationInvalid: Kind(
        422, "application-invalid", "The application breaks the contract"
    ),
    errors.ContractError: Kind(422, "contract", "The data do not fit the contract"),
    errors.DataError: Kind(422, "data", "The data cannot be used"),
    errors.InvalidInput: Kind(422, "invalid-input", "The input cannot be used"),
    errors.BundleCorrupt: Kind(503, "bundle-corrupt", "A model bundle was changed"),
    errors.BundleIncompatible: Kind(
        503, "bundle-incompatible", "A model bundle scores differently here"
    ),
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
    errors.ServiceUnavailable: Kind(503, "unavailable", "The service is not available"),
    errors.SettingsInvalid: Kind(500, "settings", "The service is set up wrongly"),
    errors.CreditError: Kind(500, "internal", "The service could not answer"),
}


def problem_for(error: Exception) -> Response:
    """Answer an error; one that nobody planned says nothing about its cause."""
    if isinstance(error, MalformedRequest):
        return problem(error.status, "malformed-request", "The request is malformed", str(error))
    if isinstance(error, Unauthorized):
        kind = KINDS[Unauthorized]
        detail = "send the header Authorization: Bearer <token>"
        return problem(kind.status, kind.name, kind.title, detail, {"www-authenticate": "Bearer"})
    if not isinstance(error, errors.CreditError):
        return problem(500, "internal", "The service could not answer", "see the service's log")
    kind = next(KINDS[c] for c in type(error).__mro__ if c in KINDS)
    headers = {"retry-after": str(RETRY_AFTER_S)} if kind.status == 503 else {}  # noqa: PLR2004
    extra: dict[str, Any] = {}
    if isinstance(error, errors.ApplicationInvalid):
        extra["errors"] = [
            {"field": f.field, "rule": f.rule, "message": f.message} for f in error.failures
        ]
    return problem(kind.status, kind.name, kind.title, str(error), headers, extra)


def problem(
    status: int,
    name: str,
    title: str,
    detail: str,
    headers: dict[str, str] | None = None,
    extra: dict[str, Any] | None = None,
) -> Response:
    """Build a problem document."""
    document = {
        "type": f"urn:credit-cluster:problem:{name}",
        "title": title,
        "status": status,
        "detail": detail,
        **(extra or {}),
    }
    return Response(
        msgspec.json.encode(document), status_code=status, media_type=MEDIA_TYPE, headers=headers
    )
