"""Which records of a batch are decided for the first time, and what the others are answered."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, bindparam, select
from sqlalchemy.dialects.sqlite import insert

from credit.errors import CreditError, IdempotencyConflict, RecordErased, RecordError
from credit.records.append.prepare import Prepared
from credit.records.record import Receipt
from credit.records.sealing.seal import sealed_aad, unseal
from credit.records.sealing.subjectkeys import SubjectKeys, WrappedKey
from credit.records.store.schema import idempotency_keys, records, subject_keys

Outcome: TypeAlias = Receipt | CreditError

_TAKEN_IDS = select(records.c.decision_id).where(
    records.c.decision_id.in_(bindparam("decision_ids", expanding=True))
)
_CLAIM = insert(idempotency_keys).on_conflict_do_nothing()
_OWNERS = select(idempotency_keys.c.decision_id).where(
    idempotency_keys.c.key_digest.in_(bindparam("keys", expanding=True))
)
_STORED = (
    select(
        idempotency_keys.c.key_digest,
        idempotency_keys.c.fingerprint,
        records.c.tenant,
        records.c.position,
        records.c.decision_id,
        records.c.writer,
        records.c.sequence,
        records.c.subject_ref,
        records.c.key_id,
        records.c.sealed,
        subject_keys.c.master_key_id,
        subject_keys.c.wrapped_key,
    )
    .join_from(idempotency_keys, records, records.c.decision_id == idempotency_keys.c.decision_id)
    .join(subject_keys, subject_keys.c.key_id == records.c.key_id)
    .where(idempotency_keys.c.key_digest.in_(bindparam("keys", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class Claims:
    """How a batch divides: `winners` enter the chain, `losers` are answered from the store."""

    winners: list[Prepared]
    losers: list[Prepared]


def claim(connection: Connection, batch: Sequence[Prepared]) -> Claims:
    """Claim the idempotency keys of `batch`, before anything else of it is written.

    The primary key decides between requests, also those of other writers and those within one
    batch. A record without a key always wins, unless its decision id is already in the store.
    """
    fresh = _with_new_decision_id(connection, batch)
    first: dict[bytes, Prepared] = {}
    for item in fresh:
        if (key := item.key_digest) is not None:
            first.setdefault(key, item)
    owners = _insert(connection, first)
    # A fresh decision id that owns a key can only have got it just now.
    winners = [
        item for item in fresh if item.key_digest is None or item.record.decision_id in owners
    ]
    won = set(winners)
    return Claims(winners=winners, losers=[item for item in batch if item not in won])


def answer_losers(
    connection: Connection, losers: Sequence[Prepared], keys: SubjectKeys
) -> dict[Prepared, Outcome]:
    """Answer each loser with the stored answer to its key, or with the reason against it."""
    wanted = {key for item in losers if (key := item.key_digest) is not None}
    if not wanted:
        return {item: _id_taken(item) for item in losers}
    rows: Iterable[Row[Any]] = connection.execute(_STORED, {"keys": list(wanted)})
    stored = {row.key_digest: row for row in rows}
    return {item: _answer(item, stored, keys) for item in losers}


def _with_new_decision_id(connection: Connection, batch: Sequence[Prepared]) -> list[Prepared]:
    """Keep what does not repeat a decision id.

    Ids are random, so a repeated one is a caller offering the same record again. Left in, the
    unique constraint would fail the whole batch for it.
    """
    ids = [item.record.decision_id for item in batch]
    seen = set(connection.execute(_TAKEN_IDS, {"decision_ids": ids}).scalars())
    fresh = []
    for item, decision_id in zip(batch, ids, strict=True):
        if decision_id not in seen:
            seen.add(decision_id)
            fresh.append(item)
    return fresh


def _insert(connection: Connection, first: dict[bytes, Prepared]) -> set[str]:
    """Insert the keys that are free; return the decision ids that own them all."""
    if not first:
        return set()
    rows = [
        {
            "tenant": item.record.tenant,
            "route": item.record.route,
            "key_digest": item.key_digest,
            "fingerprint": item.fingerprint,
            "decision_id": item.record.decision_id,
        }
        for item in first.values()
    ]
    connection.execute(_CLAIM, rows)
    return set(connection.execute(_OWNERS, {"keys": list(first)}).scalars())


def _answer(item: Prepared, stored: dict[bytes, Row[Any]], keys: SubjectKeys) -> Outcome:
    key = item.key_digest
    row = stored.get(key) if key is not None else None
    if row is None:
        return _id_taken(item)
    if not hmac.compare_digest(row.fingerprint, item.fingerprint):
        return IdempotencyConflict(
            f"The idempotency key was used on {item.record.route} for another application; "
            "send a new key, or the same application."
        )
    if row.wrapped_key is None:
        return RecordErased(
            f"The decision {row.decision_id} was made under this idempotency key, and its subject "
            "was erased since; send a new key to ask for a new decision."
        )
    wrapped = WrappedKey(row.key_id, row.subject_ref, row.master_key_id, row.wrapped_key)
    aad = sealed_aad(
        tenant=row.tenant,
        decision_id=row.decision_id,
        writer=row.writer,
        sequence=row.sequence,
    )
    try:
        part = unseal(row.sealed, keys.unwrap(wrapped).key, aad)
    except CreditError as error:
        return error
    return Receipt(
        decision_id=row.decision_id, position=row.position, answer=part.answer, replayed=True
    )


def _id_taken(item: Prepared) -> RecordError:
    return RecordError(
        f"A decision {item.record.decision_id} is already in the store; give every record its own "
        "decision id."
    )
