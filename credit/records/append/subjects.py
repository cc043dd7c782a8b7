"""Find or create the subject of each record, inside the transaction that writes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select

from credit.errors import KeyUnavailable
from credit.records.append.prepare import Prepared
from credit.records.ids import time_ordered_id
from credit.records.sealing.subjectkeys import SubjectKey, SubjectKeys, WrappedKey
from credit.records.store.schema import subject_keys, subjects

_FIND = (
    select(
        subjects.c.applicant_digest,
        subjects.c.subject_ref,
        subject_keys.c.key_id,
        subject_keys.c.master_key_id,
        subject_keys.c.wrapped_key,
    )
    .outerjoin_from(
        subjects,
        subject_keys,
        (subject_keys.c.subject_ref == subjects.c.subject_ref)
        & subject_keys.c.wrapped_key.is_not(None),
    )
    .where(subjects.c.applicant_digest.in_(bindparam("applicants", expanding=True)))
    # A subject may own several keys: the newest one seals.
    .order_by(subject_keys.c.created_at, subject_keys.c.key_id)
)
_ADD_SUBJECTS = insert(subjects)
_ADD_KEYS = insert(subject_keys)


class SubjectsOfBatch:
    """The subjects of one batch: what the store knows, and what the batch adds.

    Reading the key rows here, in the transaction of the records, is what makes it impossible to
    seal under a key that was destroyed a moment ago.
    """

    def __init__(self, connection: Connection, keys: SubjectKeys) -> None:
        self._connection = connection
        self._keys = keys
        self._refs: dict[bytes, str] = {}
        self._opened: dict[bytes, SubjectKey] = {}
        self._new_subjects: list[dict[str, Any]] = []
        self._new_keys: list[dict[str, Any]] = []

    def find(self, batch: Sequence[Prepared]) -> dict[Prepared, KeyUnavailable]:
        """Look up the applicants of `batch`; return the records whose subject key does not open."""
        applicants = {who for item in batch if (who := item.applicant_digest) is not None}
        if not applicants:
            return {}
        broken: dict[bytes, KeyUnavailable] = {}
        for row in self._connection.execute(_FIND, {"applicants": list(applicants)}):
            who = row.applicant_digest
            self._refs[who] = row.subject_ref
            if row.key_id is None:
                continue
            stored = WrappedKey(row.key_id, row.subject_ref, row.master_key_id, row.wrapped_key)
            try:
                self._opened[who] = self._keys.unwrap(stored)
            except KeyUnavailable as error:
                broken[who] = error
        return {
            item: broken[who]
            for item in batch
            if (who := item.applicant_digest) is not None and who in broken
        }

    def key_for(self, item: Prepared) -> SubjectKey:
        """Give the key that seals `item`, making subject and key if there are none."""
        who = item.applicant_digest
        if who is not None and who in self._opened:
            return self._opened[who]
        created_at = item.record.clear.created_at
        subject_ref = self._refs.get(who) if who is not None else None
        if subject_ref is None:
            subject_ref = time_ordered_id()
            self._new_subjects.append(
                {
                    "subject_ref": subject_ref,
                    "tenant": item.record.tenant,
                    "applicant_digest": item.applicant_digest,
                    "created_at": created_at,
                }
            )
        made, wrapped = self._keys.make(subject_ref)
        self._new_keys.append(
            {
                "key_id": wrapped.key_id,
                "subject_ref": subject_ref,
                "master_key_id": wrapped.master_key_id,
                "wrapped_key": wrapped.wrapped_key,
                "created_at": created_at,
            }
        )
        if who is not None:
            self._opened[who] = made
        return made

    def save(self) -> None:
        """Insert what `key_for` made; records refer to it, so before them."""
        if self._new_subjects:
            self._connection.execute(_ADD_SUBJECTS, self._new_subjects)
        if self._new_keys:
            self._connection.execute(_ADD_KEYS, self._new_keys)
