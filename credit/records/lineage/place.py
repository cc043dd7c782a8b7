"""Check one record against its chain and the checkpoint that covers it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Literal

import msgspec
from sqlalchemy import Connection, func, select

from credit.errors import RecordsNotProven
from credit.records.lineage.story import Covering, Proof
from credit.records.proof.chain import GENESIS, fields_of, hash_holds
from credit.records.proof.checkpoints import FORMAT, checkpoints_after
from credit.records.proof.signed import SignedEntry, signed_hash
from credit.records.proof.signing import signature_holds
from credit.records.reading.reader import RecordReader
from credit.records.record import StoredRecord
from credit.records.store.schema import checkpoints, records

_CLOCKS_DIFFER = datetime.timedelta(days=1)


class Body(msgspec.Struct, frozen=True):
    """What is read here of the body of a checkpoint."""

    created_at: datetime.datetime
    changed: list[tuple[str, int, str]]


_bodies = msgspec.json.Decoder(Body)


def prove_place(
    reader: RecordReader, record: StoredRecord, public_keys: Mapping[str, bytes]
) -> Proof:
    """Check hash and link of one record, and find the first checkpoint that covers it.

    Parameters
    ----------
    public_keys
        Raw Ed25519 keys of signers, by id.

    Notes
    -----
    The records between this one and the checkpointed head are not read: `credit records verify`
    walks the chains.

    Raises
    ------
    RecordsNotProven
        A checkpoint cannot be read.
    """
    with reader.reading() as connection:
        before = None if connection is None else _before(connection, record)
        cover = None if connection is None else _covering(connection, record)
    return Proof(
        position=record.position,
        writer=record.writer,
        sequence=record.sequence,
        hash=record.hash.hex(),
        previous_hash=record.previous_hash.hex(),
        hash_ok=hash_holds(record.hash, record.previous_hash, record.sequence, *fields_of(record)),
        link_ok=before == record.previous_hash,
        checkpoint=None if cover is None else _described(cover, public_keys),
    )


def signature_state(
    entry: SignedEntry, public_keys: Mapping[str, bytes]
) -> Literal["good", "bad", "unknown key"]:
    """Check hash and signature of a checkpoint."""
    if entry.signing_key_id not in public_keys:
        return "unknown key"
    if signed_hash(FORMAT, entry.body) != entry.hash:
        return "bad"
    holds = signature_holds(public_keys, entry.signing_key_id, entry.hash, entry.signature)
    return "good" if holds else "bad"


def _described(entry: SignedEntry, public_keys: Mapping[str, bytes]) -> Covering:
    return Covering(
        number=entry.number,
        created_at=_read(entry).created_at.isoformat(),
        signing_key_id=entry.signing_key_id,
        signature=signature_state(entry, public_keys),
    )


def _before(connection: Connection, record: StoredRecord) -> bytes | None:
    """Hash of the record before; None when it is gone."""
    if record.sequence == 1:
        return GENESIS
    found: bytes | None = connection.execute(
        select(records.c.hash).where(
            records.c.writer == record.writer, records.c.sequence == record.sequence - 1
        )
    ).scalar_one_or_none()
    return found


def _covering(connection: Connection, record: StoredRecord) -> SignedEntry | None:
    """Find the first checkpoint that names this chain at this record or later.

    Checkpoints stand in the order of time, so the search begins shortly before the record was made:
    a body lists only chains that moved, and all of a year would be half a million.
    """
    begin = datetime.datetime.fromisoformat(record.created_at) - _CLOCKS_DIFFER
    first = _first_since(connection, begin)
    for entry in checkpoints_after(connection, max(first - 1, 0)):
        changed = _read(entry).changed
        if any(writer == record.writer and n >= record.sequence for writer, n, _ in changed):
            return entry
    return None


def _first_since(connection: Connection, begin: datetime.datetime) -> int:
    """Number of the first checkpoint that was made at `begin` or later, by bisection."""
    low = connection.execute(select(func.min(checkpoints.c.number))).scalar_one() or 0
    high = (connection.execute(select(func.max(checkpoints.c.number))).scalar_one() or 0) + 1
    while low < high:
        middle = (low + high) // 2
        found = next(checkpoints_after(connection, middle - 1, up_to=middle), None)
        # A checkpoint that is missing cannot say when it was: look at the earlier ones.
        early = found is not None and _read(found).created_at < begin
        low, high = (middle + 1, high) if early else (low, middle)
    return low


def _read(entry: SignedEntry) -> Body:
    try:
        return _bodies.decode(entry.body)
    except ValueError as error:
        raise RecordsNotProven(
            f"Checkpoint {entry.number} cannot be read: its bytes were changed. Run: credit records verify"
        ) from error
