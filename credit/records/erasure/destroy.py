"""Destroy the keys of a subject, or restrict it: what happens in the one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, bindparam, func, select, update

from credit.errors import RecordStoreUnavailable
from credit.records.erasure.outcome import ErasureOutcome, Requester
from credit.records.erasure.policies import ProductKind, RetentionPolicy
from credit.records.erasure.subject import decisions_of, kept_until, sealed_rows_of
from credit.records.erasure.tombstones import append_tombstone
from credit.records.proof.signing import Signer
from credit.records.sealing.keys import KeyProvider
from credit.records.sealing.seal import sealed_aad, unseal
from credit.records.sealing.subjectkeys import SubjectKeys, WrappedKey
from credit.records.store.schema import subject_keys, subjects

# Writers share this lock from their first look at a subject to their commit (`append.subjects`).
_LOCKED = (
    select(subjects).where(subjects.c.subject_ref == bindparam("subject_ref")).with_for_update()
)
_alive = (subject_keys.c.subject_ref == bindparam("ref")) & subject_keys.c.wrapped_key.is_not(None)
_COUNT_KEYS = select(func.count()).select_from(subject_keys).where(_alive)
_DESTROY = update(subject_keys).where(_alive).values(wrapped_key=None, destroyed_at=bindparam("at"))
_FORGET = (
    update(subjects)
    .where(subjects.c.subject_ref == bindparam("ref"))
    .values(applicant_digest=None, erased_at=bindparam("at"), restricted_until=None)
)
_RESTRICT = (
    update(subjects)
    .where(subjects.c.subject_ref == bindparam("ref"))
    .values(restricted_until=bindparam("until"))
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """By which rule, on which day and for whom something is erased.

    Attributes
    ----------
    today
        The day that the periods of the policy are held against.
    """

    policy: RetentionPolicy
    product_kind: ProductKind
    today: date
    requested_by: Requester


def judge(connection: Connection, subject: Row[Any], order: Order) -> ErasureOutcome:
    """Say what becomes of a subject, and change nothing."""
    ref = subject.subject_ref
    if subject.erased_at is not None:
        day = date.fromisoformat(subject.erased_at[:10])
        return ErasureOutcome(status="already_erased", day=day, subject_ref=ref)
    decided = decisions_of(connection, [ref])
    until = kept_until(decided, order.policy, order.product_kind)
    if until is not None and order.today <= until:
        return ErasureOutcome(
            status="restricted", day=until, subject_ref=ref, n_records=len(decided)
        )
    return ErasureOutcome(
        status="erased",
        subject_ref=ref,
        n_keys=connection.execute(_COUNT_KEYS, {"ref": ref}).scalar_one(),
        n_records=len(decided),
    )


def erase_or_restrict(
    connection: Connection, subject_ref: str, order: Order, signer: Signer
) -> ErasureOutcome:
    """Do to one subject what the policy says.

    A record that is being written for it at this moment is either under a key that is destroyed
    here, or under that of a new subject.

    Parameters
    ----------
    connection
        From `begin_alone`.
    """
    subject = connection.execute(_LOCKED, {"subject_ref": subject_ref}).one()
    found = judge(connection, subject, order)
    if found.status == "restricted" and found.day is not None:
        connection.execute(_RESTRICT, {"ref": subject_ref, "until": found.day.isoformat()})
    if found.status != "erased":
        return found
    now = datetime.now(UTC)
    at = now.isoformat(timespec="microseconds")
    connection.execute(_DESTROY, {"ref": subject_ref, "at": at})
    connection.execute(_FORGET, {"ref": subject_ref, "at": at})
    tombstone = append_tombstone(
        connection,
        signer,
        subject_ref=subject_ref,
        erased_at=now,
        policy=order.policy,
        n_keys=found.n_keys,
        n_records=found.n_records,
        requested_by=order.requested_by,
    )
    return ErasureOutcome(
        status="erased",
        day=now.date(),
        subject_ref=subject_ref,
        tombstone=tombstone.number,
        n_keys=found.n_keys,
        n_records=found.n_records,
    )


def vectors_of(
    engine: Engine, keys: KeyProvider, refs: Sequence[str]
) -> tuple[list[list[float]], int]:
    """Open the feature vectors of some subjects, before their keys are destroyed.

    Returns
    -------
    vectors
        As they were scored.
    n_unopened
        How many sealed parts do not open, because their bytes were changed.

    Raises
    ------
    KeyUnavailable
        A master key is missing or does not fit; nothing should be destroyed then.
    """
    opening = SubjectKeys(keys)
    vectors, n_unopened = [], 0
    with engine.begin() as connection:
        rows = sealed_rows_of(connection, refs)
    for row in rows:
        stored = WrappedKey(row.key_id, row.subject_ref, row.master_key_id, row.wrapped_key)
        aad = sealed_aad(
            tenant=row.tenant,
            decision_id=row.decision_id,
            writer=row.writer,
            sequence=row.sequence,
        )
        try:
            vectors.append(unseal(row.sealed, opening.unwrap(stored).key, aad).features)
        except RecordStoreUnavailable:
            n_unopened += 1
    return vectors, n_unopened
