"""Check the tombstones: signed entries that say whose keys were destroyed, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Connection, func, select

from credit.records.proof.chain import GENESIS
from credit.records.proof.findings import ERASURES, Finding, FindingKind, Order, Placed
from credit.records.proof.signatures import wrong_signature
from credit.records.proof.signed import SignedEntry, entry_of, signed_hash
from credit.records.store.schema import subject_keys, subjects, tombstones

_OF_SUBJECT = select(tombstones.c.number).where(tombstones.c.subject_ref == subjects.c.subject_ref)
_N_ERASED = select(func.count()).select_from(subjects).where(subjects.c.erased_at.is_not(None))
_UNPROVEN = select(func.count(), func.min(subjects.c.subject_ref)).where(
    subjects.c.erased_at.is_not(None), ~_OF_SUBJECT.exists()
)
_UNDONE = (
    select(func.count(), func.min(tombstones.c.number))
    .join_from(tombstones, subject_keys, subject_keys.c.subject_ref == tombstones.c.subject_ref)
    .where(subject_keys.c.wrapped_key.is_not(None))
)


class _Link(msgspec.Struct, frozen=True):
    """What the chain needs of a body; a tombstone says more."""

    format: str
    number: int
    previous: str
    subject_ref: str


_decode = msgspec.json.Decoder(_Link).decode


@dataclass(slots=True)
class Tombstones:
    """The chain of tombstones.

    Attributes
    ----------
    hashes
        By number; `GENESIS` under 0, where the chain begins.
    """

    hashes: dict[int, bytes] = field(default_factory=lambda: {0: GENESIS})
    n_erased_subjects: int = 0
    findings: list[Placed] = field(default_factory=list)

    @property
    def n_tombstones(self) -> int:
        """How many there are."""
        return len(self.hashes) - 1


def check_tombstones(connection: Connection, public_keys: Mapping[str, bytes]) -> Tombstones:
    """Walk the tombstones, and hold them against what they say was erased."""
    found = Tombstones()
    number, hash_ = 0, GENESIS
    for row in connection.execute(select(tombstones).order_by(tombstones.c.number)):
        fields = dict(row._mapping)
        subject_ref = fields.pop("subject_ref")
        entry = entry_of(fields)
        finding = _problem(entry, subject_ref, number, hash_)
        finding = finding or wrong_signature(entry, public_keys, "tombstone")
        if finding is not None:
            found.findings.append((Order(ERASURES, entry.number), finding))
        number, hash_ = entry.number, entry.hash
        found.hashes[number] = hash_
    found.n_erased_subjects = connection.execute(_N_ERASED).scalar_one()
    found.findings += [(Order(ERASURES, 2**63), finding) for finding in _erasures(connection)]
    return found


def _problem(entry: SignedEntry, subject_ref: str, number: int, hash_: bytes) -> Finding | None:
    if entry.number != number + 1:
        return _finding(
            "tombstone-missing",
            number + 1,
            f"Tombstones {number + 1} to {entry.number - 1} are missing: they were removed, or renumbered.",
        )
    try:
        link = _decode(entry.body)
        whole = signed_hash(link.format, entry.body) == entry.hash
    except ValueError:
        whole = False
    if not whole or (link.number, link.subject_ref) != (entry.number, subject_ref):
        return _finding(
            "tombstone-changed",
            entry.number,
            f"The bytes of tombstone {entry.number} do not give its hash: one of its fields was changed.",
        )
    if link.previous != hash_.hex():
        return _finding(
            "tombstone-changed",
            entry.number,
            f"Tombstone {entry.number} does not follow on the one before it: one of the two was exchanged.",
        )
    return None


def _erasures(connection: Connection) -> list[Finding]:
    findings = []
    n_unproven, subject_ref = connection.execute(_UNPROVEN).one()
    if n_unproven:
        findings.append(
            Finding(
                kind="erasure-unproven",
                message=f"{n_unproven:,} subjects are erased and have no tombstone, the first is {subject_ref}: "
                "their keys were destroyed by something other than an erasure.",
            )
        )
    n_undone, number = connection.execute(_UNDONE).one()
    if n_undone:
        findings.append(
            _finding(
                "erasure-undone",
                number,
                f"{n_undone:,} keys of erased subjects are in the store again, the first is that of tombstone "
                f"{number}: they came back from a backup. Erase those subjects again.",
            )
        )
    return findings


def _finding(kind: FindingKind, number: int, message: str) -> Finding:
    return Finding(kind=kind, message=message, number=number)
