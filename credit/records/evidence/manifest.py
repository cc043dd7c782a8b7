"""What an export says about itself; `verify_evidence.py` reads it."""

from __future__ import annotations

from typing import Literal

import msgspec

FORMAT = "credit-evidence/1"


class Filter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which records were asked for. A person is named by random references only.

    Attributes
    ----------
    tenant
        Null: every tenant.
    since_ms, until_ms
        Unix milliseconds of the decision id; up to, not including, the latter.
    """

    kind: Literal["subject", "model", "period"]
    tenant: str | None
    subject_refs: tuple[str, ...] = ()
    bundle: str = ""
    since_ms: int | None = None
    until_ms: int | None = None


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How much was exported.

    Attributes
    ----------
    n_opened, n_erased, n_restricted
        Of the records; the last two stay sealed, whatever was asked for.
    n_covered
        Records that a signed checkpoint covers.
    n_links
        Records that lie between those and the checkpoints: only their hashes are here.
    """

    n_records: int
    n_opened: int
    n_erased: int
    n_restricted: int
    n_covered: int
    n_links: int
    n_checkpoints: int
    n_tombstones: int


class EvidenceManifest(msgspec.Struct, frozen=True, kw_only=True):
    """What was exported, how much, and the SHA-256 of every other file."""

    format: str
    created_at: str
    filter: Filter
    opened: bool
    counts: Counts
    versions: dict[str, str]
    files: dict[str, str]
