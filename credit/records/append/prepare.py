"""Turn an offered record into bytes before any lock is taken.

All that can be wrong with a single record, and all the work that needs no database, is done here:
a bad record then fails alone, and the time other writers wait stays short.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from credit.errors import RecordError
from credit.records.record import ClearPart, NewRecord
from credit.records.sealing.keys import KeyProvider
from credit.records.sealing.seal import pack

_clear_encoder = msgspec.json.Encoder(order="sorted")
_clear_decoder = msgspec.json.Decoder(ClearPart)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A record ready to be written. Compared by identity: two offers of one record stay two.

    Attributes
    ----------
    clear
        Canonical JSON of the clear part.
    packed
        The sealed part, encoded and compressed, not yet encrypted.
    applicant_digest, key_digest
        Keyed digests, which cover their scope (tenant; tenant and route) and so identify alone.
        None when the record has no applicant id or no idempotency key.
    fingerprint
        Keyed digest of the canonical body.
    """

    record: NewRecord
    clear: bytes
    packed: bytes
    applicant_digest: bytes | None
    key_digest: bytes | None
    fingerprint: bytes


def prepare(record: NewRecord, keys: KeyProvider) -> Prepared:
    """Encode and compress `record` and make its lookup digests.

    Raises
    ------
    RecordError
        A field has a value that could not be read back from the store.
    """
    try:
        return _prepare(record, keys)
    except (TypeError, ValueError, OverflowError) as error:
        raise RecordError(
            f"Decision {record.decision_id} cannot be recorded: a field has a type or value that "
            "does not survive storing (see the cause); correct what builds the record."
        ) from error


def _prepare(record: NewRecord, keys: KeyProvider) -> Prepared:
    clear = _clear_encoder.encode(record.clear)
    _clear_decoder.decode(clear)  # JSON has no NaN, and a Struct does not check its fields
    texts = (record.tenant, record.route, record.decision_id, record.clear.created_at)
    if b"\0" in "".join(texts).encode():  # which also refuses what is no Unicode
        raise ValueError("PostgreSQL has no place for a zero character in a text")
    tenant, applicant_id = record.tenant.encode(), record.sealed.applicant_id
    return Prepared(
        record=record,
        clear=clear,
        packed=pack(record.sealed),
        applicant_digest=(
            None
            if applicant_id is None
            else keys.lookup_digest(b"applicant", tenant, applicant_id.encode())
        ),
        key_digest=(
            None
            if record.idempotency_key is None
            else keys.lookup_digest(
                b"idempotency-key", tenant, record.route.encode(), record.idempotency_key.encode()
            )
        ),
        fingerprint=keys.lookup_digest(b"body", tenant, record.canonical_body),
    )
