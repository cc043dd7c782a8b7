"""Read decision records, in order or one at a time, and open their sealed parts."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Literal, TypeAlias

import msgspec
from sqlalchemy import Connection, Engine, Row, bindparam, func, select

from credit.errors import KeyUnavailable, RecordErased, RecordStoreUnavailable
from credit.records.order import START, Cursor
from credit.records.reading.order import STORED, count_after, end_of_records, records_after
from credit.records.record import ClearPart, SealedPart, StoredRecord
from credit.records.sealing.binding import check_keys
from credit.records.sealing.keys import KeyProvider, applicant_digest
from credit.records.sealing.seal import aad_of, unseal
from credit.records.sealing.subjectkeys import SubjectKeys, WrappedKey
from credit.records.store.engine import STORE_ERRORS, cause_of
from credit.records.store.location import Location, name_of
from credit.records.store.opening import StoreMissing, open_store
from credit.records.store.schema import records, subject_keys, subjects

MAX_LIMIT = 1000
Closed: TypeAlias = Literal["erased", "restricted"]
"""Why a sealed part may not be read: it is gone, or its subject asked for that and must be kept."""

_clear_decoder = msgspec.json.Decoder(ClearPart)
_FIND = STORED.where(
    records.c.decision_id == bindparam("decision_id"), records.c.tenant == bindparam("tenant")
)
_OF_SUBJECT = STORED.where(records.c.subject_ref == bindparam("subject_ref")).order_by(
    records.c.position
)
_COUNT = select(func.count()).select_from(records)
_KEYS = (
    select(subject_keys, subjects.c.restricted_until)
    .join_from(subject_keys, subjects, subjects.c.subject_ref == subject_keys.c.subject_ref)
    .where(subject_keys.c.key_id.in_(bindparam("key_ids", expanding=True)))
)


class RecordReader:
    """Reads a store that others write; never blocks them.

    A store that does not exist yet reads as empty, so a consumer may start before the first
    decision. Constructing opens nothing. Safe to share between threads; `close` it.

    Parameters
    ----------
    location
        An SQLite file, or the address of a PostgreSQL database.
    keys
        Needed by `open` only: who reads just the clear parts should not hold keys.
    restricted
        Whether to open the records of subjects who asked for erasure and are kept only because a law
        demands it. For showing what is kept; nothing else may use them.
    """

    def __init__(
        self, location: Location, keys: KeyProvider | None = None, *, restricted: bool = False
    ) -> None:
        self._location = location
        self._keys = keys
        self._restricted = restricted
        self._subject_keys: SubjectKeys | None = None
        self._engine: Engine | None = None
        self._opening = threading.Lock()

    def __enter__(self) -> RecordReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def after(self, cursor: Cursor = START, limit: int = MAX_LIMIT) -> list[StoredRecord]:
        """Read up to `limit` records behind `cursor`, in the order of the store.

        The order is total and never changes, and no record appears later at a place that was
        already passed: going on from the last one read sees each record exactly once.

        Parameters
        ----------
        limit
            1 to 1,000; bounds memory and how long the read keeps the log from being trimmed.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise ValueError(f"limit: expected 1 to {MAX_LIMIT}, got {limit}")
        with self.reading() as connection:
            if connection is None:
                return []
            statement = records_after(connection).limit(limit)
            rows = connection.execute(statement, cursor._asdict()).all()
        return [stored_record(row) for row in rows]

    def find(self, tenant: str, decision_id: str) -> StoredRecord | None:
        """Find one decision of one tenant; None when that tenant has none of this id."""
        with self.reading() as connection:
            if connection is None:
                return None
            wanted = {"tenant": tenant, "decision_id": decision_id}
            row = connection.execute(_FIND, wanted).one_or_none()
        return None if row is None else stored_record(row)

    def of_subject(self, subject_ref: str) -> list[StoredRecord]:
        """Read all records of one subject, oldest first."""
        with self.reading() as connection:
            if connection is None:
                return []
            rows = connection.execute(_OF_SUBJECT, {"subject_ref": subject_ref}).all()
        return [stored_record(row) for row in rows]

    def end(self) -> Cursor:
        """Place of the newest record that may be read now; `START` when there is none."""
        with self.reading() as connection:
            return START if connection is None else end_of_records(connection)

    def count_after(self, cursor: Cursor) -> int:
        """Count the records behind a cursor; reads an index, so not for a hot path."""
        with self.reading() as connection:
            return 0 if connection is None else count_after(connection, cursor)

    def count(self) -> int:
        """Count all records; reads an index to its end, so not for a hot path."""
        with self.reading() as connection:
            return 0 if connection is None else connection.execute(_COUNT).scalar_one()

    def open(self, record: StoredRecord) -> SealedPart:
        """Open the sealed part of one record.

        Raises
        ------
        RecordErased
            The subject was erased, or is restricted.
        KeyUnavailable
            No keys were given, or they do not fit this store.
        RecordStoreUnavailable
            The sealed bytes were changed, or the store cannot be read.
        """
        [part] = self.open_many([record])
        if part is None:
            [why] = self.why_closed([record])
            raise RecordErased(
                f"The subject of decision {record.decision_id} "
                + (
                    "asked for erasure and is kept only because a law demands it; nobody may use it."
                    if why == "restricted"
                    else "was erased; only its clear part remains."
                )
            )
        return part

    def open_many(self, batch: Sequence[StoredRecord]) -> list[SealedPart | None]:
        """Open many sealed parts with one look at their key rows; None where one may not be read.

        That is: its subject was erased, or has asked for it and is only kept for the law.

        The rows are read each time, also for keys still in memory: an erasure takes effect at once.

        Raises
        ------
        KeyUnavailable, RecordStoreUnavailable
            As `open`.
        """
        keys = self._open_keys()
        stored = self._key_rows(batch)
        return [self._open_one(record, stored.get(record.key_id), keys) for record in batch]

    def applicant_digest(self, tenant: str, applicant_id: str) -> bytes:
        """Digest under which the store knows an applicant of a tenant; it holds no id in clear.

        Raises
        ------
        KeyUnavailable
            No keys were given, or they do not fit this store.
        """
        self._open_keys()
        if self._keys is None:
            raise KeyUnavailable("This reader was given no keys.")
        return applicant_digest(self._keys, tenant, applicant_id)

    def why_closed(self, batch: Sequence[StoredRecord]) -> list[Closed | None]:
        """Tell why `open_many` gives None for records; None where it opens them. Needs no keys."""
        if not batch:
            return []
        stored = self._key_rows(batch)
        return [self._why_closed(stored.get(record.key_id)) for record in batch]

    def close(self) -> None:
        """Close the connections; a later read opens them again."""
        with self._opening:
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection | None]:
        """Give a short read transaction, or None while there is no store; errors become those of `find`."""
        try:
            engine = self._open_engine()
        except StoreMissing:
            yield None
            return
        try:
            with engine.begin() as connection:
                yield connection
        except STORE_ERRORS as error:
            raise RecordStoreUnavailable(
                f"The record store {name_of(self._location)} cannot be read ({cause_of(error)}); check "
                "that the database runs and that its disk is well."
            ) from error

    def _open_engine(self) -> Engine:
        with self._opening:
            if self._engine is None:
                self._engine = open_store(self._location, read_only=True)
            return self._engine

    def _open_keys(self) -> SubjectKeys:
        if self._keys is None:
            raise KeyUnavailable("This reader was given no keys, so it cannot open sealed parts.")
        if self._subject_keys is None:
            name = name_of(self._location)
            with self.reading() as connection:
                if connection is None:
                    raise StoreMissing(f"There is no record store at {name} yet.")
                check_keys(connection, self._keys, name)
            self._subject_keys = SubjectKeys(self._keys)
        return self._subject_keys

    def _key_rows(self, batch: Sequence[StoredRecord]) -> dict[str, Row[Any]]:
        wanted = {"key_ids": list({record.key_id for record in batch})}
        with self.reading() as connection:
            rows = [] if connection is None else connection.execute(_KEYS, wanted).all()
        return {row.key_id: row for row in rows}

    def _why_closed(self, stored: Row[Any] | None) -> Closed | None:
        if stored is None:
            return None
        if stored.wrapped_key is None:
            return "erased"
        return "restricted" if stored.restricted_until and not self._restricted else None

    def _open_one(
        self, record: StoredRecord, stored: Row[Any] | None, keys: SubjectKeys
    ) -> SealedPart | None:
        if stored is None:
            raise RecordStoreUnavailable(
                f"The key row of decision {record.decision_id} is not in the store; restore it from a "
                "backup."
            )
        if self._why_closed(stored) is not None:
            return None
        wrapped = WrappedKey(
            stored.key_id, stored.subject_ref, stored.master_key_id, stored.wrapped_key
        )
        return unseal(record.sealed, keys.unwrap(wrapped).key, aad_of(record))


def stored_record(row: Row[Any]) -> StoredRecord:
    """Turn a row of `STORED` into a record.

    Raises
    ------
    RecordStoreUnavailable
        Its clear part cannot be read.
    """
    return StoredRecord(
        position=row.position,
        commit_xid=row.commit_xid,
        tenant=row.tenant,
        route=row.route,
        decision_id=row.decision_id,
        writer=row.writer,
        sequence=row.sequence,
        previous_hash=row.previous_hash,
        hash=row.hash,
        subject_ref=row.subject_ref,
        key_id=row.key_id,
        created_at=row.created_at,
        clear=_clear(row),
        clear_bytes=row.clear,
        sealed=row.sealed,
    )


def _clear(row: Row[Any]) -> ClearPart:
    try:
        return _clear_decoder.decode(row.clear)
    except ValueError as error:
        raise RecordStoreUnavailable(
            f"The clear part of the record at position {row.position} cannot be read: its bytes "
            "were changed. Restore the record store from a backup and verify its chain."
        ) from error
