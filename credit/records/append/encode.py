"""Turn an offered record into bytes: what the thread that decides has to do, and nothing more."""

from __future__ import annotations

import msgspec

from credit.errors import RecordError
from credit.records.record import NewRecord
from credit.records.sealing.seal import encode_part

_clear_encoder = msgspec.json.Encoder(order="sorted")


class EncodedRecord(msgspec.Struct, frozen=True, array_like=True):
    """A record as it travels to whoever writes it.

    Attributes
    ----------
    applicant_id, idempotency_key
        As they were given; the writer keeps keyed digests of them.
    canonical_body
        The writer keeps its keyed fingerprint.
    clear
        Canonical JSON of the clear part.
    sealed
        The sealed part, encoded; neither compressed nor encrypted.
    """

    tenant: str
    route: str
    decision_id: str
    created_at: str
    applicant_id: str | None
    idempotency_key: str | None
    canonical_body: bytes
    clear: bytes
    sealed: bytes

    def __repr__(self) -> str:
        """Show no value of the request."""
        return f"EncodedRecord(decision_id={self.decision_id!r})"


def encode(record: NewRecord) -> EncodedRecord:
    """Encode `record`; its values are checked where it is prepared to be written.

    Raises
    ------
    RecordError
        A field has a type that has no place in a record.
    """
    try:
        return EncodedRecord(
            tenant=record.tenant,
            route=record.route,
            decision_id=record.decision_id,
            created_at=record.clear.created_at,
            applicant_id=record.sealed.applicant_id,
            idempotency_key=record.idempotency_key,
            canonical_body=record.canonical_body,
            clear=_clear_encoder.encode(record.clear),
            sealed=encode_part(record.sealed),
        )
    except (TypeError, ValueError, OverflowError) as error:
        raise cannot_be_recorded(record.decision_id) from error


def cannot_be_recorded(decision_id: str) -> RecordError:
    """Refuse a record that could not be read back from the store."""
    return RecordError(
        f"Decision {decision_id} cannot be recorded: a field has a type or value that does not survive "
        "storing (see the cause); correct what builds the record."
    )
