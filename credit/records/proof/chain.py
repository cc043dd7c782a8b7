"""The hash chain: each writer links every record to the one it wrote before.

A record's hash is SHA-256 over the hash before it, its sequence and a hash of its content. So the
chain can be followed past a record by who knows no more of it than these hashes, and evidence about
one person hands out nothing about others.

The content is hashed with the ciphertext, never the plain values, so the chain still verifies after
the key of a subject was destroyed. The position is not hashed: the database gives it out later, and
order within a chain is `sequence`.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from credit.records.framing import frame
from credit.records.record import StoredRecord

GENESIS = bytes(32)
HASHED_FIELDS = (
    *("tenant", "route", "decision_id", "writer", "subject_ref", "key_id", "created_at"),
    *("clear", "sealed"),
)
"""Columns that are the content of a record, in the order of the format."""
_CONTENT_FORMAT = b"credit-record-content/2"
_FORMAT = b"credit-decision-record/2"
_FIRST_FORMAT = b"credit-decision-record/1"
# For more than this hashlib hands the interpreter to another thread, and a busy event loop keeps it for
# longer than the hash takes.
_CHUNK = 2047


@dataclass(frozen=True, slots=True)
class ChainHead:
    """Where one writer's chain ends; immutable, so a failed transaction cannot move it."""

    writer: str
    sequence: int
    hash: bytes


def new_chain() -> ChainHead:
    """Begin the chain of a new writer, under an identity that no other writer has."""
    return ChainHead(writer=secrets.token_hex(16), sequence=0, hash=GENESIS)


def record_hash(
    previous_hash: bytes,
    *,
    tenant: str,
    route: str,
    decision_id: str,
    writer: str,
    sequence: int,
    subject_ref: str,
    key_id: str,
    created_at: str,
    clear: bytes,
    sealed: bytes,
) -> bytes:
    """Hash one record and its link to the previous one of the same writer.

    Parameters
    ----------
    previous_hash
        Hash of the record with the sequence before; `GENESIS` for the first.
    clear
        The clear part, exactly as stored.
    sealed
        The ciphertext of the sealed part.

    Returns
    -------
    bytes
        SHA-256, 32 bytes.
    """
    text = (tenant, route, decision_id, writer, subject_ref, key_id, created_at)
    content = content_hash(*[field.encode() for field in text], clear, sealed)
    return link_hash(previous_hash, sequence, content)


def content_hash(*fields: bytes) -> bytes:
    """Hash the content of a record, whatever its place.

    Nobody finds the content by trying what it could be: the ciphertext in it is as good as random.

    Parameters
    ----------
    fields
        `HASHED_FIELDS`, in this order, as UTF-8 or as bytes.
    """
    return _sha256(frame(_CONTENT_FORMAT, *fields))


def link_hash(previous_hash: bytes, sequence: int, content: bytes) -> bytes:
    """Hash a record of which only the hash of its content is known."""
    return _sha256(frame(_FORMAT, previous_hash, sequence.to_bytes(8, "big"), content))


def hash_holds(hash_: bytes, previous_hash: bytes, sequence: int, *fields: bytes) -> bool:
    """Tell whether a record, as it lies in the store, has the hash that it should.

    Parameters
    ----------
    fields
        As of `content_hash`. These and the others may be anything that a database holds: what no writer
        stores does not hold.
    """
    try:
        return hash_ == link_hash(previous_hash, sequence, content_hash(*fields)) or (
            hash_ == _hash_in_first_format(previous_hash, sequence, *fields)
        )
    except (TypeError, AttributeError, OverflowError):
        return False


def fields_of(record: StoredRecord) -> tuple[bytes, ...]:
    """Give `HASHED_FIELDS` of a record as they are hashed."""
    text = (record.tenant, record.route, record.decision_id, record.writer)
    more = (record.subject_ref, record.key_id, record.created_at)
    return (*[field.encode() for field in (*text, *more)], record.clear_bytes, record.sealed)


def _hash_in_first_format(previous_hash: bytes, sequence: int, *fields: bytes) -> bytes:
    """Hash as the first version did, which took link and content as one."""
    return _sha256(frame(_FIRST_FORMAT, previous_hash, sequence.to_bytes(8, "big"), *fields))


def _sha256(content: bytes) -> bytes:
    view = memoryview(content)
    digest = hashlib.sha256(view[:_CHUNK])
    for begin in range(_CHUNK, len(view), _CHUNK):
        digest.update(view[begin : begin + _CHUNK])
    return digest.digest()
