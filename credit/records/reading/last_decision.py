"""The last decision on an application."""

from __future__ import annotations

import itertools

from sqlalchemy import bindparam, select

from credit.records.reading.order import STORED
from credit.records.reading.reader import RecordReader, stored_record
from credit.records.record import ClearPart
from credit.records.store.opening import StoreMissing
from credit.records.store.schema import records, subjects

MOST_LOOKED_AT = 100
"""Newest decisions about an applicant among which the application is looked for."""

_OPENED_AT_ONCE = 4

_OF_APPLICANT = (
    STORED.where(
        records.c.subject_ref.in_(
            select(subjects.c.subject_ref).where(
                subjects.c.applicant_digest == bindparam("digest"),
                subjects.c.tenant == bindparam("tenant"),
            )
        )
    )
    .order_by(records.c.position.desc())
    .limit(MOST_LOOKED_AT)
)


def last_decision(
    reader: RecordReader, *, tenant: str, product: str, applicant_id: str, application_id: str
) -> ClearPart | None:
    """Find the last decision on an application; None when there is none, or it may not be known.

    Applications of somebody who was erased, or has asked for it, are nobody's.

    Raises
    ------
    KeyUnavailable, RecordStoreUnavailable
        As `RecordReader.open`.
    """
    try:
        digest = reader.applicant_digest(tenant, applicant_id)
    except StoreMissing:
        return None
    with reader.reading() as connection:
        if connection is None:
            return None
        rows = connection.execute(_OF_APPLICANT, {"tenant": tenant, "digest": digest}).all()
    found = (record for record in map(stored_record, rows) if record.clear.contract == product)
    # The newest is nearly always the one, so most are never opened.
    while some := list(itertools.islice(found, _OPENED_AT_ONCE)):
        for record, sealed in zip(some, reader.open_many(some), strict=True):
            if sealed is not None and sealed.application_id == application_id:
                return record.clear
    return None
