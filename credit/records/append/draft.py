"""Seal and link a batch before anything is locked, on what nearly always holds.

Making keys, sealing and hashing need no lock, only assumptions: that every record wins its idempotency
key, and that the keys of subjects are what they were a moment ago. A drafted row is taken as long as its
assumptions held; from the first that did not, rows are made anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from credit.errors import KeyUnavailable
from credit.records.append.known import Known, look_up
from credit.records.append.link import link
from credit.records.append.prepare import Prepared
from credit.records.ids import time_ordered_id
from credit.records.proof.chain import ChainHead
from credit.records.randomness import drawn_at_once
from credit.records.sealing.cipher import KEY_BYTES, NONCE_BYTES
from credit.records.sealing.subjectkeys import SubjectKey, SubjectKeys, WrappedKey
from credit.records.store.bulk import Row

# A reference and the name of a key, 8 bytes each, the key, and the nonce that seals.
_RANDOM_BYTES = 8 + 8 + KEY_BYTES + NONCE_BYTES


@dataclass(frozen=True, slots=True)
class DraftedRow:
    """A row that is right if it follows on `after` and its subject's key is `key_id`."""

    after: ChainHead
    key_id: str
    row: Row
    head: ChainHead


@dataclass(frozen=True, slots=True)
class Draft:
    """A batch as it will probably be written; nothing in it is binding.

    Attributes
    ----------
    rows
        In the order of the batch, one behind the other.
    new_keys
        A key, and the subject it belongs to, for each applicant who seems to be new.
    relies_on
        The keys of the store that seal, by the digest of their applicant.
    is_plain
        Whether every record seems to be new, and every key to be at hand: nothing is left to decide.
    """

    rows: Mapping[Prepared, DraftedRow] = field(default_factory=dict)
    new_keys: Mapping[Prepared, tuple[SubjectKey, WrappedKey]] = field(default_factory=dict)
    relies_on: Mapping[bytes, str] = field(default_factory=dict)
    is_plain: bool = False


def draft_batch(
    connection: Connection, batch: Sequence[Prepared], head: ChainHead, keys: SubjectKeys
) -> Draft:
    """Draft `batch` behind `head`."""
    digests = [item.key_digest for item in batch if item.key_digest is not None]
    applicants = {item.applicant_digest for item in batch if item.applicant_digest is not None}
    known = look_up(connection, list(applicants), digests)
    at_hand, all_open = _open(known, keys)
    random_bytes = drawn_at_once(_RANDOM_BYTES * len(batch))
    first = _first_of_new_subjects(batch, at_hand)
    refs = [time_ordered_id(random_bytes=random_bytes) for _ in first]
    new_keys = dict(zip(first, keys.make(refs, random_bytes), strict=True))
    sealing = dict(at_hand)
    for item, (key, _) in new_keys.items():
        if item.applicant_digest is not None:
            sealing[item.applicant_digest] = key
    rows: dict[Prepared, DraftedRow] = {}
    for item in batch:
        who = item.applicant_digest
        key = new_keys[item][0] if who is None else sealing[who]
        row, after = link(item, key, head, random_bytes)
        rows[item] = DraftedRow(after=head, key_id=key.key_id, row=row, head=after)
        head = after
    return Draft(
        rows=rows,
        new_keys=new_keys,
        relies_on={who: key.key_id for who, key in at_hand.items()},
        is_plain=known.is_plain and all_open and len(set(digests)) == len(digests),
    )


def _first_of_new_subjects(
    batch: Sequence[Prepared], sealing: Mapping[bytes, SubjectKey]
) -> list[Prepared]:
    """Choose the records that bring a subject with them; without an applicant id each does."""
    seen = set(sealing)
    first = []
    for item in batch:
        who = item.applicant_digest
        if who is None or who not in seen:
            first.append(item)
        if who is not None:
            seen.add(who)
    return first


def _open(known: Known, keys: SubjectKeys) -> tuple[dict[bytes, SubjectKey], bool]:
    opened, all_open = {}, True
    for who, stored in known.keys.items():
        try:
            opened[who] = keys.unwrap(stored)
        except KeyUnavailable:
            all_open = False  # is told later, to the one it concerns
    return opened, all_open
