"""Seal and open the personal part of a record."""

from __future__ import annotations

import zlib

import msgspec
from cryptography.exceptions import InvalidTag

from credit.errors import RecordStoreUnavailable
from credit.records.framing import frame
from credit.records.record import SealedPart
from credit.records.sealing.cipher import decrypt, encrypt

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(SealedPart)


def sealed_aad(*, tenant: str, decision_id: str, writer: str, sequence: int) -> bytes:
    """Name the one place a sealed part belongs to, so that it opens nowhere else."""
    return frame(
        b"sealed-part/1",
        tenant.encode(),
        decision_id.encode(),
        writer.encode(),
        sequence.to_bytes(8, "big"),
    )


def pack(part: SealedPart) -> bytes:
    """Encode and compress a part; the expensive half of sealing, which needs no key.

    Level 1 because it takes nearly all of the gain: feature names repeat, float mantissas do not.

    Raises
    ------
    TypeError, ValueError, OverflowError
        A value has a type or size that could not be read back.
    """
    encoded = _encoder.encode(part)
    _decoder.decode(
        encoded
    )  # a Struct does not check its fields; what cannot be read is refused now
    return zlib.compress(encoded, 1)


def unpack(packed: bytes) -> SealedPart:
    """Undo `pack`."""
    return _decoder.decode(zlib.decompress(packed))


def seal(part: SealedPart, key: bytes, aad: bytes) -> bytes:
    """Encode, compress and encrypt `part` under `key`, bound to `aad`."""
    return encrypt(pack(part), key, aad)


def unseal(sealed: bytes, key: bytes, aad: bytes) -> SealedPart:
    """Undo `seal`.

    Raises
    ------
    RecordStoreUnavailable
        The bytes were changed, or belong to another record or key.
    """
    try:
        return unpack(decrypt(sealed, key, aad))
    except (InvalidTag, ValueError) as error:
        raise RecordStoreUnavailable(
            "A sealed part does not open: its bytes were changed or moved to another record. "
            "Restore the record store from a backup and verify its chain."
        ) from error
