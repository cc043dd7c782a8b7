"""Write one batch: what happens between BEGIN and COMMIT."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select

from credit.records.append.draft import Draft
from credit.records.append.idempotency import Outcome, answer_losers, claim
from credit.records.append.link import COLUMNS, link
from credit.records.append.prepare import Prepared
from credit.records.append.subjects import SubjectsOfBatch
from credit.records.proof.chain import ChainHead
from credit.records.record import Receipt
from credit.records.sealing.subjectkeys import SubjectKeys
from credit.records.store.bulk import insert_rows
from credit.records.store.schema import records

_NO_DRAFT = Draft()
_WRITTEN = (
    select(records.c.decision_id, records.c.sequence, records.c.hash)
    .where(records.c.writer == bindparam("writer"), records.c.sequence > bindparam("after"))
    .order_by(records.c.sequence)
)


def first_receipt(item: Prepared) -> Receipt:
    """Answer a record that was written for the first time, once that is committed."""
    return Receipt(
        decision_id=item.record.decision_id, answer=item.record.sealed.answer, replayed=False
    )


def write_batch(
    connection: Connection,
    batch: Sequence[Prepared],
    head: ChainHead,
    keys: SubjectKeys,
    *,
    draft: Draft = _NO_DRAFT,
    ids_may_repeat: bool = False,
) -> tuple[dict[Prepared, Outcome], ChainHead]:
    """Write `batch` behind `head`, inside the transaction of `connection`.

    `draft` saves work where it is right; ``ids_may_repeat`` as of `claim`.

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
    subjects = SubjectsOfBatch(connection, keys, draft.new_keys)
    subjects.prepare(claims.winners)
    rows = []
    for item in claims.winners:
        key, drafted = subjects.key_for(item), draft.rows.get(item)
        if drafted is not None and (drafted.after, drafted.key_id) == (head, key.key_id):
            row, head = drafted.row, drafted.head
        else:
            row, head = link(item, key, head)
        rows.append(row)
        outcomes[item] = first_receipt(item)
    insert_rows(connection, records, COLUMNS, rows)
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
            outcomes[item] = first_receipt(item)
        else:
            losers.append(item)
    if losers:
        outcomes.update(answer_losers(connection, losers, keys))
    last = written[-1]
    return outcomes, ChainHead(writer=head.writer, sequence=last.sequence, hash=last.hash)
