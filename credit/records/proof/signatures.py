"""Say whether a checkpoint or tombstone is signed by a key that is known."""

from __future__ import annotations

from collections.abc import Mapping

from credit.records.proof.findings import Finding
from credit.records.proof.public_keys import signature_holds
from credit.records.proof.signed import SignedEntry


def wrong_signature(
    entry: SignedEntry, public_keys: Mapping[str, bytes], what: str
) -> Finding | None:
    """Say what is wrong with the signature of a checkpoint or tombstone; None when it holds."""
    if entry.signing_key_id not in public_keys:
        return Finding(
            kind="key-unknown",
            message=f"The {what} {entry.number} names a signing key that is none of the public keys given: "
            "somebody else signed it, or a key is missing from the file of public keys.",
            number=entry.number,
        )
    if not signature_holds(public_keys, entry.signing_key_id, entry.hash, entry.signature):
        return Finding(
            kind="signature-wrong",
            message=f"The signature of {what} {entry.number} is not that of its key: somebody without the "
            "signing key wrote it.",
            number=entry.number,
        )
    return None
