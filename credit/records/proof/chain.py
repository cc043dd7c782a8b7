"""The hash chain: each writer links every record to the one it wrote before.

The hash covers the ciphertext, never the plain values, so the chain still verifies after the key
of a subject was destroyed. It does not cover the position, which the database gives out later;
order within a chain is `sequence`.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

from credit.records.framing import frame

GENESIS = bytes(32)
HASHED_FIELDS = (
    *("tenant", "route", "decision_id", "writer", "subject_ref", "key_id", "created_at"),
    *("clear", "sealed"),
)
"""Columns that are hashed behind the link and the sequence, in the order of the format."""
_FORMAT = b"credit-decision-record/1"
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
        SHA-256 over the framed fields and the version of this format.
    """
    text = (tenant, route, decision_id, writer, subject_ref, key_id, created_at)
    return hash_of_stored(
        previous_hash, sequence, *[field.encode() for field in text], clear, sealed
    )


def hash_of_stored(previous_hash: bytes, sequence: int, *fields: bytes) -> bytes:
    """Hash a record as it lies in the store, its text not decoded.

    Parameters
    ----------
    fields
        `HASHED_FIELDS`, in this order, as UTF-8 or as bytes.
    """
    framed = memoryview(frame(_FORMAT, previous_hash, sequence.to_bytes(8, "big"), *fields))
    digest = hashlib.sha256()
    for begin in range(0, len(framed), _CHUNK):
        digest.update(framed[begin : begin + _CHUNK])
    return digest.digest()
