"""Hold the checkpoints of a store against a place outside."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass

from sqlalchemy import Engine

from credit.errors import RecordsNotProven
from credit.records.proof.anchors import Anchor
from credit.records.proof.checkpoints import body_of, checkpoints_after
from credit.records.proof.findings import (
    ANCHORS,
    AnchorState,
    Finding,
    FindingKind,
    Order,
    Placed,
)
from credit.records.proof.signatures import wrong_signature
from credit.records.proof.signed import SignedEntry, digest_of


@dataclass(frozen=True, slots=True)
class StoredCheckpoints:
    """What the store holds.

    Attributes
    ----------
    digests
        Of each checkpoint, by number.
    last
        The highest number there was when the store was read.
    reported
        Numbers that are known to be wrong, and are not reported again.
    """

    digests: Mapping[int, bytes]
    last: int
    reported: Set[int]


def check_anchor(
    engine: Engine,
    anchor: Anchor,
    stored: StoredCheckpoints,
    public_keys: Mapping[str, bytes],
) -> tuple[AnchorState, list[Placed]]:
    """Compare every checkpoint of an anchor with that of the store.

    Raises
    ------
    AnchorUnavailable
        The anchor cannot be read.
    """
    seen: set[int] = set()
    ahead: list[SignedEntry] = []
    findings: list[Finding] = []
    try:
        for outside in anchor.read_all():
            seen.add(outside.number)
            if outside.number > stored.last:
                ahead.append(outside)
            elif stored.digests.get(outside.number) != digest_of(outside):
                findings += _differs(anchor.name, outside, stored, public_keys)
    except RecordsNotProven as error:
        findings.append(_finding("anchor-changed", None, str(error)))
    else:
        if missing := sorted(set(range(1, max(seen, default=0))) - seen):
            findings.append(
                _finding(
                    "anchor-incomplete",
                    missing[0],
                    f"The anchor {anchor.name} does not hold {len(missing):,} checkpoints below its last, the "
                    f"first is {missing[0]}: they were removed there.",
                )
            )
    findings += _behind(engine, anchor.name, ahead, stored, public_keys)
    state = AnchorState(
        name=anchor.name, n_checkpoints=len(seen), n_behind=len(stored.digests.keys() - seen)
    )
    return state, [(Order(ANCHORS, f.number or 0), f) for f in findings]


def _differs(
    name: str,
    outside: SignedEntry,
    stored: StoredCheckpoints,
    public_keys: Mapping[str, bytes],
) -> list[Finding]:
    if (changed := _changed_outside(name, outside, public_keys)) is not None:
        return [changed]
    if outside.number in stored.reported or outside.number not in stored.digests:
        return []  # a wrong or missing checkpoint of the store, which its own chain shows
    return [
        _finding(
            "fork",
            outside.number,
            f"The anchor {name} holds another checkpoint {outside.number} than the store, both rightly signed: "
            "the history of the store was replaced by somebody who has the signing key.",
        )
    ]


def _behind(
    engine: Engine,
    name: str,
    ahead: list[SignedEntry],
    stored: StoredCheckpoints,
    public_keys: Mapping[str, bytes],
) -> list[Finding]:
    """Report what only the anchor knows; what was made since the store was read is no finding."""
    if not ahead:
        return []
    with engine.begin() as connection:
        new = {e.number: digest_of(e) for e in checkpoints_after(connection, stored.last)}
    findings, unknown = [], []
    for outside in ahead:
        if (changed := _changed_outside(name, outside, public_keys)) is not None:
            findings.append(changed)
        elif new.get(outside.number) != digest_of(outside):
            unknown.append(outside.number)
    if unknown:
        findings.append(
            _finding(
                "store-behind-anchor",
                max(unknown),
                f"The anchor {name} knows checkpoint {max(unknown)}, the store ends with {stored.last}: it was "
                "restored from an old backup, or its end was cut off. What was recorded since is not there.",
            )
        )
    return findings


def _changed_outside(
    name: str, outside: SignedEntry, public_keys: Mapping[str, bytes]
) -> Finding | None:
    finding = wrong_signature(outside, public_keys, "checkpoint")
    if finding is None and body_of(outside) is not None:
        return None
    return _finding(
        "anchor-changed",
        outside.number,
        f"The anchor {name} holds a checkpoint {outside.number} that is not rightly signed: it was changed "
        "there, or a public key is missing.",
    )


def _finding(kind: FindingKind, number: int | None, message: str) -> Finding:
    return Finding(kind=kind, message=message, number=number)
