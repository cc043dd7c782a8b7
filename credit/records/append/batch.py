"""Write one batch: what happens between BEGIN and COMMIT."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from credit.records.append.idempotency import Outcome, answer_losers, claim
from credit.records.append.prepare import Prepared
from credit.records.append.subjects import SubjectsOfBatch
from credit.records.proof.chain import ChainHead, record_hash
from credit.records.record import Receipt
from credit.records.sealing.cipher import encrypt
from credit.records.sealing.seal import sealed_aad
from credit.records.sealing.subjectkeys import SubjectKey, SubjectKeys
from credit.records.store.bulk import Row, insert_rows
from credit.records.store.schema import records

_COLUMNS = (
    *("tenant", "route", "decision_id", "writer", "sequence", "previous_hash", "hash"),
    *("subject_ref", "key_id", "created_at", "clear", "sealed"),
)
_WRITTEN = (
    select(records.c.decision_id, records.c.sequence, records.c.hash)
    .where(records.c.writer == bindparam("writer"), records.c.sequence > bindparam("after"))
    .order_by(records.c.sequence)
)


def write_batch(
    connection: Connection,
    batch: Sequence[Prepared],
    head: ChainHead,
    keys: SubjectKeys,
    *,
    ids_may_repeat: bool = False,
) -> tuple[dict[Prepared, Outcome], ChainHead]:
    """Write `batch` behind `head`, inside the transaction of `connection`.

    ``ids_may_repeat`` as of `claim`.

    Raises
    ------
    KeysBroken
        Roll back, leave those records out, and begin again: a claim that no record follows would hold
        its key for ever.

    Returns
    -------
    outcomes
        One for each record; true only once the transaction has committed.
    head
        The end of the chain, likewise.
    """
    outcomes: dict[Prepared, Outcome] = {}
    claims = claim(connection, batch, ids_may_repeat=ids_may_repeat)
    # After the claim: keys before subjects, in every transaction, so that two never wait in a circle.
    subjects = SubjectsOfBatch(connection, keys)
    subjects.prepare(claims.winners)
    rows = []
    for item in claims.winners:
        row, head = _link(item, subjects.key_for(item), head)
        rows.append(row)
        outcomes[item] = Receipt(
            decision_id=item.record.decision_id, answer=item.record.sealed.answer, replayed=False
        )
    insert_rows(connection, records, _COLUMNS, rows)
    if claims.losers:
        outcomes.update(answer_losers(connection, claims.losers, keys))
    return outcomes, head


def recall_batch(
    connection: Connection, batch: Sequence[Prepared], head: ChainHead, keys: SubjectKeys
) -> tuple[dict[Prepared, Outcome], ChainHead] | None:
    """Find out whether a batch whose COMMIT got no answer is in the store.

    A transaction is there whole or not at all, and nobody else writes behind this head.

    Returns
    -------
    What `write_batch` would have returned, or None: it is not there.
    """
    written = connection.execute(_WRITTEN, {"writer": head.writer, "after": head.sequence}).all()
    if not written:
        return None
    ours = {row.decision_id for row in written}
    outcomes: dict[Prepared, Outcome] = {}
    losers = []
    for item in batch:
        if item.record.decision_id in ours:
            outcomes[item] = Receipt(
                decision_id=item.record.decision_id,
                answer=item.record.sealed.answer,
                replayed=False,
            )
        else:
            losers.append(item)
    if losers:
        outcomes.update(answer_losers(connection, losers, keys))
    last = written[-1]
    return outcomes, ChainHead(writer=head.writer, sequence=last.sequence, hash=last.hash)


def _link(item: Prepared, sealing_key: SubjectKey, head: ChainHead) -> tuple[Row, ChainHead]:
    record, sequence = item.record, head.sequence + 1
    sealed = encrypt(
        item.packed,
        sealing_key.key,
        sealed_aad(
            tenant=record.tenant,
            decision_id=record.decision_id,
            writer=head.writer,
            sequence=sequence,
        ),
    )
    hash_ = record_hash(
        head.hash,
        tenant=record.tenant,
        route=record.route,
        decision_id=record.decision_id,
        writer=head.writer,
        sequence=sequence,
        subject_ref=sealing_key.subject_ref,
        key_id=sealing_key.key_id,
        created_at=record.clear.created_at,
        clear=item.clear,
        sealed=sealed,
    )
    row = (
        *(record.tenant, record.route, record.decision_id, head.writer, sequence, head.hash, hash_),
        *(sealing_key.subject_ref, sealing_key.key_id, record.clear.created_at, item.clear, sealed),
    )
    return row, ChainHead(writer=head.writer, sequence=sequence, hash=hash_)
