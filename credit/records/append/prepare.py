"""Check, compress and digest an encoded record before any lock is taken.

All that can be wrong with a single record, and all the work that needs no database, is done by then:
a bad record fails alone, and the time other writers wait stays short.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from credit.records.append.encode import EncodedRecord, cannot_be_recorded, encode
from credit.records.record import ClearPart, NewRecord
from credit.records.sealing.keys import KeyProvider, applicant_digest
from credit.records.sealing.seal import pack_encoded

_clear_decoder = msgspec.json.Decoder(ClearPart)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A record ready to be written. Compared by identity: two offers of one record stay two.

    Attributes
    ----------
    packed
        The sealed part, compressed, not yet encrypted.
    applicant_digest, key_digest
        Keyed digests, which cover their scope (tenant; tenant and route) and so identify alone.
        None when the record has no applicant id or no idempotency key.
    fingerprint
        Keyed digest of the canonical body.
    """

    record: EncodedRecord
    packed: bytes
    applicant_digest: bytes | None
    key_digest: bytes | None
    fingerprint: bytes


def prepare(record: NewRecord, keys: KeyProvider) -> Prepared:
    """Encode `record` and prepare it, as `encode` and `prepare_encoded` do."""
    return prepare_encoded(encode(record), keys)


def prepare_encoded(record: EncodedRecord, keys: KeyProvider) -> Prepared:
    """Check and compress `record` and make its lookup digests.

    Raises
    ------
    RecordError
        A field has a value that could not be read back from the store.
    """
    try:
        return _prepare(record, keys)
    except (TypeError, ValueError, OverflowError) as error:
        raise cannot_be_recorded(record.decision_id) from error


def _prepare(record: EncodedRecord, keys: KeyProvider) -> Prepared:
    _clear_decoder.decode(record.clear)  # JSON has no NaN, and a Struct does not check its fields
    texts = (record.tenant, record.route, record.decision_id, record.created_at)
    if b"\0" in "".join(texts).encode():  # which also refuses what is no Unicode
        raise ValueError("PostgreSQL has no place for a zero character in a text")
    tenant = record.tenant.encode()
    return Prepared(
        record=record,
        packed=pack_encoded(record.sealed),
        applicant_digest=(
            None
            if record.applicant_id is None
            else applicant_digest(keys, record.tenant, record.applicant_id)
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
