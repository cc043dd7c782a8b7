"""Read decision records, in order or one at a time, and open their sealed parts."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Row, bindparam, func, select

from credit.errors import KeyUnavailable, RecordErased, RecordStoreUnavailable
from credit.records.record import ClearPart, SealedPart, StoredRecord
from credit.records.sealing.binding import check_keys
from credit.records.sealing.keys import KeyProvider
from credit.records.sealing.seal import sealed_aad, unseal
from credit.records.sealing.subjectkeys import SubjectKeys, WrappedKey
from credit.records.store.schema import StoreMissing, cause_of, open_store, records, subject_keys
from credit.records.store.sqlite import STORE_ERRORS

MAX_LIMIT = 1000

_clear_decoder = msgspec.json.Decoder(ClearPart)
_stored_columns = [column for column in records.c if column is not records.c.commit_xid]
_AFTER = (
    select(*_stored_columns)
    .where(records.c.position > bindparam("position"))
    .order_by(records.c.position)
    .limit(bindparam("limit"))
)
_FIND = select(*_stored_columns).where(
    records.c.decision_id == bindparam("decision_id"), records.c.tenant == bindparam("tenant")
)
_LAST = select(func.coalesce(func.max(records.c.position), 0))
_COUNT = select(func.count()).select_from(records)
_KEYS = select(subject_keys).where(subject_keys.c.key_id.in_(bindparam("key_ids", expanding=True)))


class RecordReader:
    """Reads a store that others write; never blocks them.

    A store that does not exist yet reads as empty, so a consumer may start before the first
    decision. Constructing opens nothing. Safe to share between threads; `close` it.

    Parameters
    ----------
    keys
        Needed by `open` only: who reads just the clear parts should not hold keys.
    """

    def __init__(self, path: Path, keys: KeyProvider | None = None) -> None:
        self._path = path
        self._keys = keys
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

    def after(self, position: int, limit: int = MAX_LIMIT) -> list[StoredRecord]:
        """Read up to `limit` records behind `position`, in the order of the store.

        The order is total and never changes, and no record appears later at a position that was
        already passed: going on from the last one read sees each record exactly once.

        Parameters
        ----------
        position
            0 to begin.
        limit
            1 to 1,000; bounds memory and how long the read keeps the log from being trimmed.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise ValueError(f"limit: expected 1 to {MAX_LIMIT}, got {limit}")
        with self._reading() as connection:
            if connection is None:
                return []
            rows = connection.execute(_AFTER, {"position": position, "limit": limit}).all()
        return [_stored(row) for row in rows]

    def find(self, tenant: str, decision_id: str) -> StoredRecord | None:
        """Find one decision of one tenant; None when that tenant has none of this id."""
        with self._reading() as connection:
            if connection is None:
                return None
            wanted = {"tenant": tenant, "decision_id": decision_id}
            row = connection.execute(_FIND, wanted).one_or_none()
        return None if row is None else _stored(row)

    def last_position(self) -> int:
        """Position of the newest record; 0 when there is none."""
        with self._reading() as connection:
            return 0 if connection is None else connection.execute(_LAST).scalar_one()

    def count(self) -> int:
        """Count all records; reads an index to its end, so not for a hot path."""
        with self._reading() as connection:
            return 0 if connection is None else connection.execute(_COUNT).scalar_one()

    def open(self, record: StoredRecord) -> SealedPart:
        """Open the sealed part of one record.

        Raises
        ------
        RecordErased
            The subject was erased.
        KeyUnavailable
            No keys were given, or they do not fit this store.
        RecordStoreUnavailable
            The sealed bytes were changed, or the store cannot be read.
        """
        [part] = self.open_many([record])
        if part is None:
            raise RecordErased(
                f"The subject of decision {record.decision_id} was erased; only its clear part "
                "remains."
            )
        return part

    def open_many(self, batch: Sequence[StoredRecord]) -> list[SealedPart | None]:
        """Open many sealed parts with one look at their key rows; None where one was erased.

        The rows are read each time, also for keys still in memory: an erasure takes effect at once.

        Raises
        ------
        KeyUnavailable, RecordStoreUnavailable
            As `open`.
        """
        keys = self._open_keys()
        wanted = {"key_ids": list({record.key_id for record in batch})}
        with self._reading() as connection:
            rows = [] if connection is None else connection.execute(_KEYS, wanted).all()
        stored = {row.key_id: row for row in rows}
        return [_open(record, stored.get(record.key_id), keys) for record in batch]

    def close(self) -> None:
        """Close the connections; a later read opens them again."""
        with self._opening:
            engine, self._engine = self._engine, None
        if engine is not None:
            engine.dispose()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection | None]:
        """Give a short read transaction, or None while there is no store."""
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
                f"The record store {self._path} cannot be read ({cause_of(error)}); check the file "
                "and its disk."
            ) from error

    def _open_engine(self) -> Engine:
        with self._opening:
            if self._engine is None:
                self._engine = open_store(self._path, read_only=True)
            return self._engine

    def _open_keys(self) -> SubjectKeys:
        if self._keys is None:
            raise KeyUnavailable("This reader was given no keys, so it cannot open sealed parts.")
        if self._subject_keys is None:
            with self._reading() as connection:
                if connection is None:
                    raise StoreMissing(f"There is no record store at {self._path} yet.")
                check_keys(connection, self._keys, self._path)
            self._subject_keys = SubjectKeys(self._keys)
        return self._subject_keys


def _stored(row: Row[Any]) -> StoredRecord:
    return StoredRecord(
        position=row.position,
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


def _open(record: StoredRecord, stored: Row[Any] | None, keys: SubjectKeys) -> SealedPart | None:
    if stored is None:
        raise RecordStoreUnavailable(
            f"The key row of decision {record.decision_id} is not in the store; restore it from a "
            "backup."
        )
    if stored.wrapped_key is None:
        return None
    wrapped = WrappedKey(
        stored.key_id, stored.subject_ref, stored.master_key_id, stored.wrapped_key
    )
    aad = sealed_aad(
        tenant=record.tenant,
        decision_id=record.decision_id,
        writer=record.writer,
        sequence=record.sequence,
    )
    return unseal(record.sealed, keys.unwrap(wrapped).key, aad)
