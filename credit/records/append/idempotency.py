"""Which records of a batch are decided for the first time, and what the others are answered."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sqlalchemy import Connection, Row, bindparam, select

from credit.errors import CreditError, IdempotencyConflict, RecordErased, RecordError
from credit.records.append.prepare import Prepared
from credit.records.record import Receipt
from credit.records.sealing.seal import sealed_aad, unseal
from credit.records.sealing.subjectkeys import SubjectKeys, WrappedKey
from credit.records.store.bulk import insert_new_rows
from credit.records.store.schema import idempotency_keys, records, subject_keys, subjects

WRITTEN: Final = None
"""The record was written, for the first time: whoever offered it knows its answer."""

Outcome: TypeAlias = Receipt | CreditError | None
"""`WRITTEN`, the stored answer to an idempotency key, or why there is neither."""

_TAKEN_IDS = select(records.c.decision_id).where(
    records.c.decision_id.in_(bindparam("decision_ids", expanding=True))
)
_COLUMNS = ("tenant", "route", "key_digest", "fingerprint", "decision_id")
_OWNERS = select(idempotency_keys.c.decision_id).where(
    idempotency_keys.c.key_digest.in_(bindparam("keys", expanding=True))
)
_STORED = (
    select(
        idempotency_keys.c.key_digest,
        idempotency_keys.c.fingerprint,
        records.c.tenant,
        records.c.decision_id,
        records.c.writer,
        records.c.sequence,
        records.c.subject_ref,
        records.c.key_id,
        records.c.sealed,
        subject_keys.c.master_key_id,
        subject_keys.c.wrapped_key,
        subjects.c.restricted_until,
    )
    .join_from(idempotency_keys, records, records.c.decision_id == idempotency_keys.c.decision_id)
    .join(subject_keys, subject_keys.c.key_id == records.c.key_id)
    .join(subjects, subjects.c.subject_ref == records.c.subject_ref)
    .where(idempotency_keys.c.key_digest.in_(bindparam("keys", expanding=True)))
)


@dataclass(frozen=True, slots=True)
class Claims:
    """How a batch divides: `winners` enter the chain, `losers` are answered from the store."""

    winners: list[Prepared]
    losers: list[Prepared]


def claim(
    connection: Connection, batch: Sequence[Prepared], *, ids_may_repeat: bool = False
) -> Claims:
    """Claim the idempotency keys of `batch`, before anything else of it is written.

    The primary key decides between requests, also those of other writers and those within one
    batch. A record without a key always wins.

    Parameters
    ----------
    ids_may_repeat
        Look for decision ids that are already in the store: their records lose. They are random, so
        this is worth a look only after the unique constraint has refused a batch.
    """
    fresh = _with_new_decision_id(connection, batch) if ids_may_repeat else list(batch)
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
    """Keep what does not repeat a decision id: a caller offered the same record again."""
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
        (item.record.tenant, item.record.route, key, item.fingerprint, item.record.decision_id)
        # In one order for all writers, so that two never wait for each other in a circle.
        for key, item in sorted(first.items())
    ]
    if insert_new_rows(connection, idempotency_keys, _COLUMNS, rows) == len(rows):
        return {item.record.decision_id for item in first.values()}
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
    if row.restricted_until is not None:
        return RecordErased(
            f"The decision {row.decision_id} was made under this idempotency key, and its subject has "
            "asked for erasure since; send a new key to ask for a new decision."
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
    return Receipt(decision_id=row.decision_id, answer=part.answer, replayed=True)


def _id_taken(item: Prepared) -> RecordError:
    return RecordError(
        f"A decision {item.record.decision_id} is already in the store; give every record its own "
        "decision id."
    )
