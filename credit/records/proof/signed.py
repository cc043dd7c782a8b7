"""One entry of a signed chain: checkpoints and tombstones are kept alike.

An entry is a JSON body in canonical spelling (keys sorted), the hash over it and the name of its
format, and a signature over that hash. The body carries its number, from 1 without gaps, and under
``previous`` the hash of the entry before, so that none can be taken out of the middle.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

from credit.errors import RecordsNotProven
from credit.records.framing import frame
from credit.records.proof.chain import GENESIS
from credit.records.proof.signing import Signer

FIRST_PREVIOUS = GENESIS.hex()
"""What the first entry of a chain has under ``previous``."""

canonical_json = msgspec.json.Encoder(order="sorted").encode
"""Encode a body; the same content always gives the same bytes."""


class SignedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as it lies in the store.

    Attributes
    ----------
    number
        Its place, from 1.
    body
        The very bytes that were hashed.
    hash
        `signed_hash` of the body.
    signature
        Ed25519 over `hash`, by the key that `signing_key_id` names.
    """

    number: int
    body: bytes
    hash: bytes
    signature: bytes
    signing_key_id: str


def signed_hash(format_name: str, body: bytes) -> bytes:
    """Hash a body: SHA-256 over the framed name of its format and its bytes.

    The name keeps an entry of one kind from being passed off as one of another.
    """
    return hashlib.sha256(frame(format_name.encode(), body)).digest()


def sign_entry(number: int, format_name: str, body: bytes, signer: Signer) -> SignedEntry:
    """Hash and sign a body."""
    hash_ = signed_hash(format_name, body)
    return SignedEntry(
        number=number,
        body=body,
        hash=hash_,
        signature=signer.sign(hash_),
        signing_key_id=signer.key_id,
    )


def digest_of(entry: SignedEntry) -> bytes:
    """Digest everything an entry holds, to tell whether two are the same."""
    return hashlib.sha256(
        frame(entry.body, entry.hash, entry.signature, entry.signing_key_id.encode())
    ).digest()


def entry_of(row: Mapping[str, Any]) -> SignedEntry:
    """Read an entry from its row.

    Raises
    ------
    RecordsNotProven
        A column holds another type than was written (SQLite takes any).
    """
    fields = {str(name): value for name, value in row.items()}  # not SQLAlchemy's kind of text
    try:
        return msgspec.convert(fields, SignedEntry, builtin_types=(bytes,))
    except msgspec.ValidationError as error:
        raise RecordsNotProven(
            f"A checkpoint or tombstone of the store has a column that nobody wrote so ({error}): it was "
            "changed. Keep the database as evidence, and restore a backup."
        ) from error
