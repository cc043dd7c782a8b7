"""Write one batch: what happens between BEGIN and COMMIT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from credit.records.append.idempotency import Outcome, answer_losers, claim
from credit.records.append.prepare import Prepared
from credit.records.append.subjects import SubjectsOfBatch
from credit.records.proof.chain import ChainHead, record_hash
from credit.records.record import Receipt
from credit.records.sealing.cipher import encrypt
from credit.records.sealing.seal import sealed_aad
from credit.records.sealing.subjectkeys import SubjectKey, SubjectKeys
from credit.records.store.schema import records

_ADD_RECORDS = insert(records)
_POSITIONS = (
    select(records.c.position)
    .where(records.c.writer == bindparam("writer"), records.c.sequence > bindparam("after"))
    .order_by(records.c.sequence)
)


def write_batch(
    connection: Connection, batch: Sequence[Prepared], head: ChainHead, keys: SubjectKeys
) -> tuple[dict[Prepared, Outcome], ChainHead]:
    """Write `batch` behind `head`, inside the transaction of `connection`.

    Returns
    -------
    outcomes
        One for each record; true only once the transaction has committed.
    head
        The end of the chain, likewise.
    """
    outcomes: dict[Prepared, Outcome] = {}
    subjects = SubjectsOfBatch(connection, keys)
    outcomes.update(subjects.find(batch))
    claims = claim(connection, [item for item in batch if item not in outcomes])

    if claims.winners:
        sealing_keys = [subjects.key_for(item) for item in claims.winners]
        subjects.save()
        rows, new_head = _link(claims.winners, sealing_keys, head)
        connection.execute(_ADD_RECORDS, rows)
        outcomes.update(_receipts(connection, claims.winners, head))
        head = new_head
    if claims.losers:
        outcomes.update(answer_losers(connection, claims.losers, keys))
    return outcomes, head


def _link(
    winners: Sequence[Prepared], sealing_keys: Sequence[SubjectKey], head: ChainHead
) -> tuple[list[dict[str, Any]], ChainHead]:
    rows = []
    for item, sealing_key in zip(winners, sealing_keys, strict=True):
        row = _row(item, sealing_key, head)
        rows.append(row)
        head = ChainHead(writer=head.writer, sequence=row["sequence"], hash=row["hash"])
    return rows, head


def _row(item: Prepared, sealing_key: SubjectKey, head: ChainHead) -> dict[str, Any]:
    record, sequence = item.record, head.sequence + 1
    aad = sealed_aad(
        tenant=record.tenant,
        decision_id=record.decision_id,
        writer=head.writer,
        sequence=sequence,
    )
    hashed: dict[str, Any] = {
        "tenant": record.tenant,
        "route": record.route,
        "decision_id": record.decision_id,
        "writer": head.writer,
        "sequence": sequence,
        "subject_ref": sealing_key.subject_ref,
        "key_id": sealing_key.key_id,
        "created_at": record.clear.created_at,
        "clear": item.clear,
        "sealed": encrypt(item.packed, sealing_key.key, aad),
    }
    return {**hashed, "previous_hash": head.hash, "hash": record_hash(head.hash, **hashed)}


def _receipts(
    connection: Connection, winners: Sequence[Prepared], head: ChainHead
) -> dict[Prepared, Outcome]:
    positions = connection.execute(_POSITIONS, {"writer": head.writer, "after": head.sequence})
    return {
        item: Receipt(
            decision_id=item.record.decision_id,
            position=position,
            answer=item.record.sealed.answer,
            replayed=False,
        )
        for item, position in zip(winners, positions.scalars(), strict=True)
    }
