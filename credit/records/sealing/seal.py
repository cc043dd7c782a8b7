"""Seal and open the personal part of a record."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Callable
from typing import TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from zstandard import ZstdCompressor, ZstdDecompressor, ZstdError

from credit.errors import RecordStoreUnavailable
from credit.records.framing import frame
from credit.records.record import SealedPart, StoredRecord
from credit.records.sealing.cipher import decrypt, encrypt

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(SealedPart)
_ZSTANDARD = b"\x28\xb5\x2f\xfd"  # RFC 8878, section 3.1.1: what every frame begins with
_threads = threading.local()
T = TypeVar("T")


def sealed_aad(*, tenant: str, decision_id: str, writer: str, sequence: int) -> bytes:
    """Name the one place a sealed part belongs to, so that it opens nowhere else."""
    return frame(
        b"sealed-part/1",
        tenant.encode(),
        decision_id.encode(),
        writer.encode(),
        sequence.to_bytes(8, "big"),
    )


def aad_of(record: StoredRecord) -> bytes:
    """Name the place of a stored record."""
    return sealed_aad(
        tenant=record.tenant,
        decision_id=record.decision_id,
        writer=record.writer,
        sequence=record.sequence,
    )


def encode_part(part: SealedPart) -> bytes:
    """Encode a part; what has no place in it is refused when it is packed.

    Raises
    ------
    TypeError, ValueError, OverflowError
        A value has a type or size that cannot be encoded.
    """
    return _encoder.encode(part)


def pack(part: SealedPart) -> bytes:
    """Encode and compress a part, as `pack_encoded`."""
    return pack_encoded(encode_part(part))


def pack_encoded(encoded: bytes) -> bytes:
    """Check and compress an encoded part; the expensive half of sealing, which needs no key.

    Level 1 because it takes nearly all of the gain: feature names repeat, float mantissas do not.
    A compressor is kept for each thread, because making one costs more than the work.

    Raises
    ------
    TypeError, ValueError, OverflowError
        A value has a type or size that could not be read back.
    """
    # A Struct does not check its fields: what cannot be read is refused now.
    _decoder.decode(encoded)
    return _of_thread("compressor", _make_compressor).compress(encoded)


def unpack(packed: bytes) -> SealedPart:
    """Undo `pack`, also of the first stores, which compressed with zlib."""
    if packed[:4] == _ZSTANDARD:
        return _decoder.decode(_of_thread("decompressor", ZstdDecompressor).decompress(packed))
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
    except (InvalidTag, ValueError, zlib.error, ZstdError) as error:
        raise RecordStoreUnavailable(
            "A sealed part does not open: its bytes were changed or moved to another record. "
            "Restore the record store from a backup and verify its chain."
        ) from error


def _make_compressor() -> ZstdCompressor:
    return ZstdCompressor(level=1)


def _of_thread(name: str, make: Callable[[], T]) -> T:
    found: T | None = getattr(_threads, name, None)
    if found is None:
        found = make()
        setattr(_threads, name, found)
    return found
