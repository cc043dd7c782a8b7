"""The decision record: what is kept in clear, what is sealed, and what the writer answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import msgspec

from credit.records.ids import time_ordered_id
from credit.records.order import Cursor


class ClearPart(msgspec.Struct, frozen=True, kw_only=True):
    """What every consumer may read: nothing in it identifies or describes a person.

    Attributes
    ----------
    created_at
        When the decision was made: UTC, ISO 8601 with microseconds, so that text sorts as time.
    bundle
        Hash that names the bundle.
    generation
        Rollout generation the request was pinned to.
    slot
        Assignment slot of the applicant; None outside the experiment.
    fingerprint
        The environment in which the score is reproducible to the bit.
    probability_of_default
        Unrounded, as decided on.
    reason_codes
        Codes only, most adverse first; values and points are sealed.
    latency_us
        Microseconds by stage.
    """

    created_at: str
    contract: str
    contract_version: str
    bundle: str
    generation: int
    arm: str
    slot: int | None
    model: str
    engine: str
    fingerprint: str
    probability_of_default: float
    score: float
    rating: str
    risk_level: str
    decision: str
    reason_codes: list[str]
    policy_version: str
    latency_us: dict[str, int]


class SealedPart(msgspec.Struct, frozen=True, kw_only=True):
    """What is encrypted under the key of the subject, and gone once that key is destroyed.

    Attributes
    ----------
    application
        The application as received and validated.
    features
        The vector that was scored; NaN means missing.
    answer
        The exact bytes told to the client; a repeated request gets them again.
    """

    application_id: str
    applicant_id: str | None
    application: Mapping[str, float | int | str | list[str] | None]
    features: list[float]
    shap_values: list[float]
    answer: bytes

    def __repr__(self) -> str:
        """Show no value: a record that ends up in a log must not carry a person with it."""
        return "SealedPart(...)"


class NewRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One decision on its way into the store.

    Attributes
    ----------
    route
        The route that was asked; with `tenant` it scopes `idempotency_key`.
    idempotency_key
        None: nothing is deduplicated.
    canonical_body
        The validated request in one canonical spelling. Only its keyed fingerprint is stored.
    """

    tenant: str = "default"
    route: str
    idempotency_key: str | None
    canonical_body: bytes
    decision_id: str
    clear: ClearPart
    sealed: SealedPart

    def __repr__(self) -> str:
        """Show no value of the request."""
        return f"NewRecord(decision_id={self.decision_id!r})"


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Proof that a decision is durable.

    Attributes
    ----------
    decision_id
        The stored decision: on a replay the first one, not the one that was offered.
    answer
        What to tell the client.
    replayed
        True when the idempotency key was known and `answer` is the stored one.
    """

    decision_id: str
    answer: bytes
    replayed: bool

    @classmethod
    def of_new(cls, record: NewRecord) -> Receipt:
        """Acknowledge a record that was written for the first time."""
        return cls(decision_id=record.decision_id, answer=record.sealed.answer, replayed=False)


class StoredRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One decision as it lies in the store, its sealed part still closed.

    Attributes
    ----------
    position
        Number of the record, never given out twice.
    commit_xid
        The transaction that wrote it, on PostgreSQL; 0 on SQLite.
    writer, sequence
        The chain that the record belongs to, and its place there, from 1.
    clear_bytes
        The clear part exactly as it was hashed.
    sealed
        Ciphertext; ``RecordReader.open`` opens it.
    """

    position: int
    commit_xid: int
    tenant: str
    route: str
    decision_id: str
    writer: str
    sequence: int
    previous_hash: bytes
    hash: bytes
    subject_ref: str
    key_id: str
    created_at: str
    clear: ClearPart
    clear_bytes: bytes
    sealed: bytes

    @property
    def cursor(self) -> Cursor:
        """Place in the total order of the store."""
        return Cursor(self.commit_xid, self.position)


def new_decision_id(clock_ns: Callable[[], int] = time.time_ns) -> str:
    """Make a decision id: it sorts by time and cannot be guessed (see `time_ordered_id`)."""
    return time_ordered_id(clock_ns)
