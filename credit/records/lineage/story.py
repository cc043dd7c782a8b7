"""The parts of a story."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

ReadState = Literal["sealed", "opened", "erased", "restricted"]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Who asked, by which way, and when.

    Attributes
    ----------
    slot
        Assignment slot; null outside the experiment.
    latency_us
        Microseconds by stage.
    """

    tenant: str
    route: str
    arm: str
    slot: int | None
    generation: int
    created_at: str
    latency_us: dict[str, int]


class Contents(msgspec.Struct, frozen=True, kw_only=True):
    """The sealed part, as far as it was opened.

    Attributes
    ----------
    state
        Why there is no more, when there is none.
    features, shap_values
        By feature name; of a bundle that is not here, by place. NaN, a missing value, is null in JSON.
    """

    state: ReadState
    application_id: str | None = None
    applicant_id: str | None = None
    application: dict[str, Any] | None = None
    features: dict[str, float] | None = None
    shap_values: dict[str, float] | None = None


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """From data to model to policy; what only the bundle knows is null when the bundle is not here.

    Attributes
    ----------
    data
        SHA-256 of the training rows.
    contract_digest
        SHA-256 of the contract.
    versions
        Libraries that the bundle was trained with.
    note
        What is not known, and where to get it.
    """

    data: str | None = None
    contract: str
    contract_version: str
    contract_digest: str | None = None
    features: tuple[str, ...] | None = None
    bundle: str
    model: str
    seed: int | None = None
    parameters: dict[str, Any] | None = None
    versions: dict[str, str] | None = None
    calibration: str | None = None
    policy_version: str
    cutoff: float | None = None
    engine: str
    fingerprint: str
    note: str = ""


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One reason; text and points where they could be read."""

    code: str
    text: str | None = None
    points: float | None = None


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered."""

    probability_of_default: float
    score: float
    rating: str
    risk_level: str
    decision: str
    reasons: tuple[Reason, ...]


class Covering(msgspec.Struct, frozen=True, kw_only=True):
    """The checkpoint that covers a record.

    Attributes
    ----------
    signature
        ``unknown key`` when the public key of the signer was not given.
    """

    number: int
    created_at: str
    signing_key_id: str
    signature: Literal["good", "bad", "unknown key"]


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """Where the record lies in its chain, and what was checked.

    Attributes
    ----------
    hash_ok
        Whether the stored content hashes to the stored hash.
    link_ok
        Whether the record names the hash of the one before it.
    checkpoint
        Null: not covered by a checkpoint yet.
    """

    position: int
    writer: str
    sequence: int
    hash: str
    previous_hash: str
    hash_ok: bool
    link_ok: bool
    checkpoint: Covering | None


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What is said about the person, by a random reference.

    Attributes
    ----------
    tombstones
        Numbers of the signed notes about the erasure.
    """

    subject_ref: str
    erased_at: str | None
    restricted_until: str | None
    tombstones: tuple[int, ...]


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known about one decision.

    Attributes
    ----------
    reviews, outcomes
        What people and time added; empty when nothing was recorded.
    """

    decision_id: str
    asked: Asked
    contents: Contents
    made: Made
    decided: Decided
    reviews: tuple[dict[str, Any], ...]
    outcomes: tuple[dict[str, Any], ...]
    proof: Proof
    subject: Subject
