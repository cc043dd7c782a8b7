"""Walk the checkpoints of a store: that none is missing or changed, and that each adds up."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection

from credit.records.proof.checkpoints import CheckpointBody, SignedHeads, body_of, checkpoints_after
from credit.records.proof.findings import (
    CHECKPOINTS,
    ERASURES,
    Finding,
    FindingKind,
    Order,
    Placed,
)
from credit.records.proof.signed import SignedEntry, digest_of
from credit.records.proof.tombstones import Tombstones

BEFORE_ALL = -(2**63)
"""Below every number, also one that somebody made negative."""


@dataclass(slots=True)
class Checkpoints:
    """The chain of checkpoints.

    Attributes
    ----------
    signed
        What the last of them signed.
    stretches
        Numbers, each stretch behind the first and up to the second, for processes to share.
    digests
        By number, to be compared with anchors.
    """

    signed: SignedHeads = field(default_factory=SignedHeads)
    stretches: list[tuple[int, int]] = field(default_factory=list)
    digests: dict[int, bytes] = field(default_factory=dict)
    findings: list[Placed] = field(default_factory=list)

    def add(self, kind: FindingKind, number: int, message: str) -> None:
        """Report a checkpoint."""
        finding = Finding(kind=kind, message=message, number=number)
        self.findings.append((Order(CHECKPOINTS, number), finding))


def check_checkpoints(
    connection: Connection, tombstones: Tombstones, last: int, *, page_size: int
) -> Checkpoints:
    """Walk the checkpoints up to number `last`; signatures and signed records are `PageChecker`'s.

    Parameters
    ----------
    tombstones
        Read after `last` was, so that it holds all that the checkpoints know.
    """
    found = Checkpoints()
    start = end = BEFORE_ALL
    walk = _Walk(found, tombstones)
    for n_read, entry in enumerate(checkpoints_after(connection, BEFORE_ALL, up_to=last), start=1):
        end = entry.number
        found.digests[end] = digest_of(entry)
        walk.step(entry)
        if n_read % page_size == 0:
            found.stretches.append((start, end))
            start = end
    if start != end:
        found.stretches.append((start, end))
    return found


class _Walk:
    """What the checkpoints seen so far demand of the next one."""

    def __init__(self, found: Checkpoints, tombstones: Tombstones) -> None:
        self._found = found
        self._tombstones = tombstones
        # After a hole not all heads are known, and nothing can be said about sums any more.
        self._all_known = True
        self._one_before_is_whole = True
        self._tombstones_are_there = True

    def step(self, entry: SignedEntry) -> None:
        found, number = self._found, entry.number
        body = body_of(entry)
        if (expected := found.signed.number + 1) != number:
            self._all_known = self._one_before_is_whole = False
            found.add(
                "checkpoint-missing",
                expected,
                f"Checkpoints {expected} to {number - 1} are missing: they were removed, or renumbered.",
            )
        if body is None:
            self._all_known = self._one_before_is_whole = False
            found.signed.number, found.signed.hash = number, entry.hash
            found.add(
                "checkpoint-changed",
                number,
                f"The bytes of checkpoint {number} do not give its hash: one of its fields was changed.",
            )
            return
        if self._one_before_is_whole and body.previous != found.signed.hash.hex():
            self._all_known = False
            found.add(
                "checkpoint-changed",
                number,
                f"Checkpoint {number} does not follow on the one before it: one of the two was exchanged.",
            )
        self._one_before_is_whole = True
        problem = found.signed.follow(entry, body)
        if self._all_known and problem is not None:
            found.add(
                "checkpoint-wrong", number, f"Checkpoint {number} does not add up: {problem}."
            )
        self._hold_against_tombstones(body)

    def _hold_against_tombstones(self, body: CheckpointBody) -> None:
        number, signed = body.tombstones
        if not self._tombstones_are_there or self._tombstones.hashes.get(number) == bytes.fromhex(
            signed
        ):
            return
        self._tombstones_are_there = False
        finding = Finding(
            kind="tombstone-missing",
            message=f"Checkpoint {body.number} signed tombstone {number}, which is not there as it was: "
            "tombstones were removed, or exchanged for others.",
            number=number,
        )
        self._found.findings.append((Order(ERASURES, number, 1), finding))
