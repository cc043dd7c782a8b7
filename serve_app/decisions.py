"""One recorded decision, as a client may see it again."""

from __future__ import annotations

from typing import Literal

import msgspec

from credit.records import ClearPart, RecordReader
from credit.records.lineage.gather import find_decision


class RecordedDecision(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of ``/v1/decisions/{id}``.

    Attributes
    ----------
    subject
        Whether what is personal may still be read.
    answer
        What the client was told, byte for byte; null unless ``subject`` is open.
    hash
        Of the record, in the chain of the process that wrote it, as hexadecimal digits.
    """

    decision_id: str
    route: str
    decision: ClearPart
    subject: Literal["open", "erased", "restricted"]
    answer: msgspec.Raw
    writer: str
    sequence: int
    hash: str


_NO_ANSWER = msgspec.Raw(b"null")


def recorded_decision(reader: RecordReader, tenant: str, decision_id: str) -> bytes:
    """Find a decision of a tenant; as JSON.

    Raises
    ------
    DecisionUnknown
        This tenant has none of this id; nobody can tell whether another one has.
    """
    record = find_decision(reader, tenant, decision_id)
    [part] = reader.open_many([record])
    [why] = reader.why_closed([record])
    return msgspec.json.encode(
        RecordedDecision(
            decision_id=record.decision_id,
            route=record.route,
            decision=record.clear,
            subject=why or "open",
            answer=msgspec.Raw(part.answer) if part else _NO_ANSWER,
            writer=record.writer,
            sequence=record.sequence,
            hash=record.hash.hex(),
        )
    )
