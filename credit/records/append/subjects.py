"""Find or create the subject of each record, inside the transaction that writes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Connection, bindparam, select

from credit.errors import KeyUnavailable
from credit.records.append.prepare import Prepared
from credit.records.ids import time_ordered_id
from credit.records.sealing.subjectkeys import SubjectKey, SubjectKeys, WrappedKey
from credit.records.store.bulk import Row, find_in, insert_new_rows, insert_rows
from credit.records.store.schema import subject_keys, subjects

_WANTED = subjects.c.applicant_digest.in_(bindparam("applicants", expanding=True))
# On PostgreSQL an erasure locks the subject before it destroys keys: either it waits for our commit,
# or we wait for its own and find the mapping gone.
_REFS = (
    select(subjects.c.applicant_digest, subjects.c.subject_ref)
    .where(_WANTED)
    .with_for_update(read=True)
)
_KEYS = (
    select(
        subjects.c.applicant_digest,
        subject_keys.c.key_id,
        subject_keys.c.subject_ref,
        subject_keys.c.master_key_id,
        subject_keys.c.wrapped_key,
    )
    .join_from(subjects, subject_keys, subject_keys.c.subject_ref == subjects.c.subject_ref)
    .where(_WANTED, subject_keys.c.wrapped_key.is_not(None))
    # A subject may own several keys: the newest one seals.
    .order_by(subject_keys.c.created_at, subject_keys.c.key_id)
    .with_for_update(read=True, of=subjects)  # for the same reason
)
_SUBJECT_COLUMNS = ("subject_ref", "tenant", "applicant_digest", "created_at")
_KEY_COLUMNS = ("key_id", "subject_ref", "master_key_id", "wrapped_key", "created_at")


class KeysBroken(Exception):
    """Keys of some subjects do not open: their records fail alone, and the batch begins again.

    Attributes
    ----------
    errors
        What each of those records fails with.
    """

    def __init__(self, errors: Mapping[Prepared, KeyUnavailable]) -> None:
        self.errors = dict(errors)
        super().__init__(f"the subject keys of {len(self.errors)} records do not open")


class SubjectsOfBatch:
    """The subjects of one batch: what the store knows, and what the batch adds.

    Reading the key rows here, in the transaction of the records, is what makes it impossible to
    seal under a key that was destroyed a moment ago.
    """

    def __init__(
        self,
        connection: Connection,
        keys: SubjectKeys,
        new_keys: Mapping[Prepared, tuple[SubjectKey, WrappedKey]],
    ) -> None:
        self._connection = connection
        self._keys = keys
        self._drafted = new_keys
        self._of_item: dict[Prepared, SubjectKey] = {}

    def key_for(self, item: Prepared) -> SubjectKey:
        """Give the key that seals a prepared record."""
        return self._of_item[item]

    def prepare(self, batch: Sequence[Prepared]) -> None:
        """Look up or make subject and key for every record of `batch`.

        Raises
        ------
        KeysBroken
            Keys of the store do not open.
        """
        first: dict[bytes, Prepared] = {}
        for item in batch:
            if item.applicant_digest is not None:
                first.setdefault(item.applicant_digest, item)
        opened = self._open(first, batch)
        without_key = {who: item for who, item in first.items() if who not in opened}
        opened |= self._make(without_key)
        nameless = [item for item in batch if item.applicant_digest is None]
        for item, key in zip(nameless, self._make_nameless(nameless), strict=True):
            self._of_item[item] = key
        for item in batch:
            if item.applicant_digest is not None:
                self._of_item[item] = opened[item.applicant_digest]

    def _open(
        self, applicants: Iterable[bytes], batch: Sequence[Prepared]
    ) -> dict[bytes, SubjectKey]:
        wanted = list(applicants)
        if not wanted:
            return {}
        opened: dict[bytes, SubjectKey] = {}
        broken: dict[bytes, KeyUnavailable] = {}
        for who, stored in find_keys(self._connection, wanted):
            try:
                opened[who] = self._keys.unwrap(stored)
            except KeyUnavailable as error:
                broken[who] = error
        if broken:
            raise KeysBroken(
                {
                    item: broken[item.applicant_digest]
                    for item in batch
                    if item.applicant_digest in broken
                }
            )
        return opened

    def _make(self, applicants: Mapping[bytes, Prepared]) -> dict[bytes, SubjectKey]:
        """Make keys for applicants who have none, and subjects for those who are new."""
        if not applicants:
            return {}
        # In one order for all writers, so that two never wait for each other in a circle.
        wanted = sorted(applicants)
        refs = {who: self._new_ref(applicants[who]) for who in wanted}
        rows = [_subject_row(refs[who], applicants[who]) for who in wanted]
        opened: dict[bytes, SubjectKey] = {}
        if insert_new_rows(self._connection, subjects, _SUBJECT_COLUMNS, rows) < len(wanted):
            # Some are known: without a key, or from another writer that was faster a moment ago.
            refs |= self._refs(wanted)
            opened = self._open(wanted, list(applicants.values()))
        missing = [who for who in wanted if who not in opened]
        made = self._new_keys([(refs[who], applicants[who]) for who in missing])
        return opened | dict(zip(missing, made, strict=True))

    def _make_nameless(self, batch: Sequence[Prepared]) -> list[SubjectKey]:
        """Give every record without an applicant a subject of its own."""
        pairs = [(self._new_ref(item), item) for item in batch]
        rows = [_subject_row(ref, item) for ref, item in pairs]
        insert_rows(self._connection, subjects, _SUBJECT_COLUMNS, rows)
        return self._new_keys(pairs)

    def _refs(self, applicants: list[bytes]) -> dict[bytes, str]:
        found = find_in(self._connection, _REFS, "applicants", applicants)
        return {row[0]: row[1] for row in found}

    def _new_ref(self, item: Prepared) -> str:
        drafted = self._drafted.get(item)
        return time_ordered_id() if drafted is None else drafted[0].subject_ref

    def _new_keys(self, pairs: Sequence[tuple[str, Prepared]]) -> list[SubjectKey]:
        keys, rows = [], []
        # A key that was wrapped before a rotation must not be stored after it.
        current = self._keys.master_key_id if pairs else ""
        for subject_ref, item in pairs:
            made, wrapped = self._drafted.get(item, (None, None))
            if (
                made is None
                or wrapped is None
                or (made.subject_ref, wrapped.master_key_id) != (subject_ref, current)
            ):
                [(made, wrapped)] = self._keys.make([subject_ref])
            keys.append(made)
            rows.append(
                (
                    *(wrapped.key_id, subject_ref, wrapped.master_key_id, wrapped.wrapped_key),
                    item.record.created_at,
                )
            )
        insert_rows(self._connection, subject_keys, _KEY_COLUMNS, rows)
        return keys


def find_keys(
    connection: Connection, applicants: Sequence[bytes]
) -> list[tuple[bytes, WrappedKey]]:
    """Find the live keys of applicants, the newest of each last; on PostgreSQL they are locked."""
    if not applicants:
        return []
    found = find_in(connection, _KEYS, "applicants", applicants)
    return [(who, WrappedKey(*stored)) for who, *stored in found]


def _subject_row(subject_ref: str, item: Prepared) -> Row:
    return (subject_ref, item.record.tenant, item.applicant_digest, item.record.created_at)
