"""Where every chain ends now, found without walking it."""

from __future__ import annotations

from sqlalchemy import Connection, bindparam, select, text

from credit.errors import RecordsNotProven
from credit.records.proof.chain import GENESIS, ChainHead
from credit.records.store.schema import records, tombstones

# A loose index scan: from one writer straight to the next in the index (writer, sequence), instead of
# over every record. DISTINCT or GROUP BY would read the index to its end.
_HEADS = text(
    """
    WITH RECURSIVE known (writer) AS (
        SELECT min(writer) FROM records
        UNION ALL
        SELECT (SELECT min(records.writer) FROM records WHERE records.writer > known.writer)
        FROM known WHERE known.writer IS NOT NULL
    ),
    ends (writer, sequence) AS (
        SELECT writer, (SELECT max(records.sequence) FROM records WHERE records.writer = known.writer)
        FROM known WHERE writer IS NOT NULL
    )
    SELECT ends.writer, ends.sequence, records.hash
    FROM ends JOIN records ON records.writer = ends.writer AND records.sequence = ends.sequence
    """
)
_HASH_AT = select(records.c.hash).where(
    records.c.writer == bindparam("writer"), records.c.sequence == bindparam("sequence")
)
_LAST_TOMBSTONE = (
    select(tombstones.c.number, tombstones.c.hash).order_by(tombstones.c.number.desc()).limit(1)
)


def read_heads(connection: Connection) -> dict[str, ChainHead]:
    """Read the head of every chain; about 20 us a chain, however many records it has.

    No record below a head can commit later. On SQLite writers queue, so any snapshot will do. On
    PostgreSQL transactions run side by side and positions say nothing, but one chain is extended by
    its one writer alone, which begins a transaction only after the one before has committed: the
    highest committed sequence of a chain is final. All heads come from one statement, so from one
    snapshot.

    Raises
    ------
    RecordsNotProven
        A head is nothing that a writer could have written.
    """
    heads = {}
    for writer, sequence, hash_ in connection.execute(_HEADS):
        if not (isinstance(writer, str) and isinstance(sequence, int) and isinstance(hash_, bytes)):
            raise RecordsNotProven(
                "A chain of records ends with a row that no writer wrote; run: credit records verify"
            )
        heads[writer] = ChainHead(writer=writer, sequence=sequence, hash=hash_)
    return heads


def hash_at(connection: Connection, writer: str, sequence: int) -> bytes | None:
    """Read the hash of one record of a chain; None when it is not there."""
    found: bytes | None = connection.execute(
        _HASH_AT, {"writer": writer, "sequence": sequence}
    ).scalar_one_or_none()
    return found


def last_tombstone(connection: Connection) -> tuple[int, bytes]:
    """Read number and hash of the last tombstone; 0 and `GENESIS` when there is none."""
    row = connection.execute(_LAST_TOMBSTONE).one_or_none()
    return (0, GENESIS) if row is None else (row.number, row.hash)
