"""Signed entries that say which subject was erased, when, and by which rule."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from sqlalchemy import Connection, insert, select

from credit.records.erasure.outcome import Requester
from credit.records.erasure.policies import RetentionPolicy
from credit.records.proof.signed import FIRST_PREVIOUS, SignedEntry, canonical_json, sign_entry
from credit.records.proof.signing import Signer
from credit.records.store.schema import tombstones

FORMAT = "credit-tombstone/1"

_LAST = select(tombstones.c.number, tombstones.c.hash).order_by(tombstones.c.number.desc()).limit(1)


class TombstoneBody(msgspec.Struct, frozen=True, kw_only=True):
    """What a tombstone says.

    Attributes
    ----------
    number
        From 1, without gaps.
    previous
        Hash of the tombstone before, hexadecimal; zeros for the first.
    erased_at
        UTC, ISO 8601.
    n_keys, n_records
        Keys that were destroyed, and records of the subject.
    requested_by
        A role, not a person.
    """

    format: str
    number: int
    previous: str
    subject_ref: str
    erased_at: str
    policy: str
    policy_version: str
    n_keys: int
    n_records: int
    requested_by: str


def append_tombstone(
    connection: Connection,
    signer: Signer,
    *,
    subject_ref: str,
    erased_at: datetime,
    policy: RetentionPolicy,
    n_keys: int,
    n_records: int,
    requested_by: Requester,
) -> SignedEntry:
    """Write the next tombstone.

    Parameters
    ----------
    connection
        From `begin_alone`, so that the numbers have no gaps; the keys are destroyed in it, too.
    """
    last = connection.execute(_LAST).one_or_none()
    number = 1 if last is None else last.number + 1
    body = TombstoneBody(
        format=FORMAT,
        number=number,
        previous=FIRST_PREVIOUS if last is None else last.hash.hex(),
        subject_ref=subject_ref,
        erased_at=erased_at.astimezone(UTC).isoformat(timespec="microseconds"),
        policy=policy.policy,
        policy_version=policy.version,
        n_keys=n_keys,
        n_records=n_records,
        requested_by=requested_by,
    )
    entry = sign_entry(number, FORMAT, canonical_json(body), signer)
    connection.execute(
        insert(tombstones).values(subject_ref=subject_ref, **msgspec.structs.asdict(entry))
    )
    return entry
