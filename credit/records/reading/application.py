"""Who decided an application before."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from credit.records.reading.order import STORED
from credit.records.reading.reader import RecordReader, stored_record
from credit.records.record import ClearPart
from credit.records.store.schema import records, subjects

MOST_LOOKED_AT = 100
"""Newest decisions about an applicant among which the application is looked for."""

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
    with reader.reading() as connection:
        if connection is None:
            return None
        wanted = {"tenant": tenant, "digest": reader.applicant_digest(tenant, applicant_id)}
        rows = connection.execute(_OF_APPLICANT, wanted).all()
    found = [record for record in map(stored_record, rows) if record.clear.contract == product]
    for record, sealed in zip(found, reader.open_many(found), strict=True):
        if sealed is not None and sealed.application_id == application_id:
            return record.clear
    return None
