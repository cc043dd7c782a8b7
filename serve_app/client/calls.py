"""Requests, as both clients send them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any
from urllib.parse import quote

import msgspec

ROWS_PER_REQUEST = 1_000
"""Rows of one batch: the service takes ten times as many, and a repeated one sends all of its own again."""

LINES = "application/x-ndjson"

_TYPED = {"content-type": "application/json"}


@dataclass(frozen=True)
class Call:
    """One request.

    Attributes
    ----------
    n_rows
        Applications in it, for a batch.
    first_row
        Number of the first one among those of the caller, from 1.
    """

    method: str
    path: str
    content: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    n_rows: int = 0
    first_row: int = 1

    def arguments(self) -> dict[str, Any]:
        """Everything but the timeout, as httpx takes it."""
        return {
            "method": self.method,
            "url": self.path,
            "content": self.content,
            "headers": self.headers,
            "params": self.params or None,
        }


def score_call(
    application: Mapping[str, Any], idempotency_key: str | None, *, shap_values: bool
) -> Call:
    """Ask for one decision."""
    return Call(
        "POST",
        "/v1/score",
        msgspec.json.encode(application),
        {**_TYPED, "idempotency-key": idempotency_key or new_key()},
        _flag(shap_values),
    )


def batch_calls(
    applications: Iterable[Mapping[str, Any]],
    idempotency_key: str | None,
    *,
    shap_values: bool,
    rows_per_request: int,
) -> Iterator[Call]:
    """Ask for many decisions, so many at a time; the place of a row among them decides on its key."""
    key, rows, first_row = idempotency_key or new_key(), iter(applications), 1
    while some := list(islice(rows, rows_per_request)):
        yield Call(
            "POST",
            "/v1/score/batch",
            msgspec.json.encode({"applications": some}),
            {**_TYPED, "accept": LINES, "idempotency-key": f"{key}.{first_row}"},
            _flag(shap_values),
            n_rows=len(some),
            first_row=first_row,
        )
        first_row += len(some)


def decision_call(decision_id: str) -> Call:
    """Ask for a decision that was made."""
    return Call("GET", f"/v1/decisions/{quote(decision_id, safe='')}")


def new_key() -> str:
    """Draw an idempotency key."""
    return str(uuid.uuid4())


def _flag(shap_values: bool) -> dict[str, str]:
    return {"shap_values": "true"} if shap_values else {}
