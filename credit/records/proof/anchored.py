"""The form in which a checkpoint lies outside: one line of JSON that a person can read."""

from __future__ import annotations

import msgspec

from credit.errors import RecordsNotProven
from credit.records.proof.signed import SignedEntry


class _Anchored(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A checkpoint outside: body as text, hash in hexadecimal, signature in base64."""

    number: int
    body: str
    hash: str
    signature: bytes
    signing_key_id: str


def encode_anchored(checkpoint: SignedEntry) -> bytes:
    """Write a checkpoint as one line of JSON, without its end; always the same bytes."""
    return msgspec.json.encode(
        _Anchored(
            number=checkpoint.number,
            body=checkpoint.body.decode(),
            hash=checkpoint.hash.hex(),
            signature=checkpoint.signature,
            signing_key_id=checkpoint.signing_key_id,
        )
    )


def decode_anchored(content: bytes, name: str) -> SignedEntry:
    """Undo `encode_anchored`.

    Raises
    ------
    RecordsNotProven
        It is no checkpoint; `name` says where it was read.
    """
    try:
        found = msgspec.json.decode(content, type=_Anchored)
        return SignedEntry(
            number=found.number,
            body=found.body.encode(),
            hash=bytes.fromhex(found.hash),
            signature=found.signature,
            signing_key_id=found.signing_key_id,
        )
    except ValueError as error:
        raise RecordsNotProven(
            f"The anchor {name} holds something that is no checkpoint: it was changed. Compare it with its "
            "own backup, and keep both."
        ) from error


def forked(name: str, number: int) -> RecordsNotProven:
    """Say that the store and an anchor hold different checkpoints of one number."""
    return RecordsNotProven(
        f"The anchor {name} holds another checkpoint {number} than the store: the history of the store was "
        "replaced. Keep both as evidence, and run: credit records verify"
    )
