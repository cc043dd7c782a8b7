"""What a verification finds, and its report."""

from __future__ import annotations

from typing import Literal, NamedTuple

import msgspec

MAX_FINDINGS = 100
"""How many findings a report lists; all are counted."""

FindingKind = Literal[
    "record-changed",  # a record's bytes do not give its hash
    "records-missing",  # a gap in a chain, or in the positions that SQLite gave out
    "link-broken",  # a record does not follow on the one before it: one of them was exchanged
    "order-broken",  # records of one chain lie in another order than they were written in
    "fork",  # two histories: of a chain, or of the store and an anchor
    "tail-missing",  # a checkpoint knows more records of a chain than there are
    "chain-rewritten",  # a chain is consistent, but not the one that a checkpoint signed
    "tombstone-changed",
    "tombstone-missing",
    "erasure-unproven",  # a subject is erased, and no tombstone says so
    "erasure-undone",  # a subject has a tombstone, and keys
    "checkpoint-changed",
    "checkpoint-missing",
    "checkpoint-wrong",  # signed, but it does not add up
    "signature-wrong",
    "key-unknown",
    "store-behind-anchor",  # an old backup was restored, or the end was cut off
    "anchor-changed",
    "anchor-incomplete",
]


class Finding(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that is wrong; nothing in it is personal.

    Attributes
    ----------
    decision_id
        The wrong record; None when it is missing.
    position
        Where the record lies. For one that is missing: where the next one of its chain lies, or None at
        the end of the chain.
    writer, sequence
        The chain of the record, and its place there; of several that are missing, the first.
    number
        The checkpoint or tombstone that is wrong or that shows it.
    """

    kind: FindingKind
    message: str
    decision_id: str | None = None
    position: int | None = None
    writer: str | None = None
    sequence: int | None = None
    number: int | None = None


class Order(NamedTuple):
    """Where a finding stands in a report: records in store order, then what vouches for them."""

    part: int
    place: int
    after: int = 0


RECORDS, STORE, ERASURES, CHECKPOINTS, ANCHORS = range(5)
Placed = tuple[Order, Finding]


class AnchorState(msgspec.Struct, frozen=True, kw_only=True):
    """What one place outside holds.

    Attributes
    ----------
    n_checkpoints
        How many checkpoints it holds.
    n_behind
        How many of the store's it does not hold yet; the next `Checkpointer.step` publishes them.
    """

    name: str
    n_checkpoints: int
    n_behind: int


class VerifyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was verified, and what is wrong.

    Attributes
    ----------
    n_not_checkpointed
        Records behind the last checkpoint: only their chain vouches for them yet.
    n_findings
        All of them; `findings` lists the first `MAX_FINDINGS`.
    findings
        First wrong record first; then tombstones, checkpoints, anchors.
    """

    n_records: int
    n_chains: int
    n_checkpoints: int
    n_tombstones: int
    n_erased_subjects: int
    n_not_checkpointed: int
    anchors: list[AnchorState]
    seconds: float
    n_findings: int
    findings: list[Finding]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return self.n_findings == 0
