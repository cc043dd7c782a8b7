"""Commit batches behind one another, and find out what became of those whose answer was lost."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from credit.errors import CreditError
from credit.records.append.at_once import write_at_once
from credit.records.append.batch import recall_batch, write_batch
from credit.records.append.draft import Draft
from credit.records.append.idempotency import WRITTEN, Outcome
from credit.records.append.prepare import Prepared
from credit.records.append.subjects import KeysBroken
from credit.records.proof.chain import new_chain
from credit.records.sealing.binding import bind_keys
from credit.records.sealing.keys import KeyProvider
from credit.records.sealing.subjectkeys import SubjectKeys
from credit.records.store.carry import LogCarrier
from credit.records.store.engine import (
    prepare_to_write,
    settle_log,
    write_on,
)
from credit.records.store.location import Location, name_of
from credit.records.store.opening import cannot_open, open_store
from credit.records.store.sqlite import next_in_line

MAX_BATCH = 256
"""Records that share a transaction: bounds how long other writers wait for the lock."""

# How long a batch waits for a database that restarts or fails over before its clients are told.
_PATIENCE_S = 5.0
_PAUSE_S = 0.1
# Repeated ids and lost races (unique keys, deadlocks) that one batch may go through.
_MAX_REPEATS = 8
_TRANSACTION_ROLLBACK = "40"  # class of SQLSTATE: deadlocks, serialization failures


class Committer:
    """One chain of records and the connection that writes it. Not shared between threads.

    Parameters
    ----------
    location, keys
        As of the `RecordWriter`.
    carries_log
        Whether the log of an SQLite file is carried over beside the commits, so that none of them waits for
        it: for whoever is waited for.

    Raises
    ------
    RecordStoreUnavailable, KeyUnavailable
        The store cannot be opened with these keys.
    """

    def __init__(self, location: Location, keys: KeyProvider, *, carries_log: bool = False) -> None:
        self._carrier = LogCarrier(location) if carries_log and isinstance(location, Path) else None
        self._location = location
        self._keys = keys
        self._subject_keys = SubjectKeys(keys)
        self._head = new_chain()
        self._engine: Engine | None = self._open()
        self._connection: Connection | None = None

    def commit(self, take: Callable[[], Sequence[Prepared]]) -> dict[Prepared, Outcome]:
        """Take a batch and write it; when this returns it is on disk.

        `take` is called once, as late as it may be: when this writer is the next to write.

        After an error nobody knows whether the batch is in the store, so neither where the chain
        ends: identity and connection are given up, and the next batch begins a new chain.
        """
        try:
            with ExitStack() as turn:
                if isinstance(self._location, Path):
                    turn.enter_context(next_in_line(self._location))
                outcomes = self._commit_all(take(), turn.close)
        except BaseException:
            self._retire()
            raise
        if self._carrier is not None:
            self._carrier.wrote(len(outcomes))
        return outcomes

    def close(self) -> None:
        """Close the connection."""
        self._let_log_go()
        self._disconnect()
        if self._engine is not None:
            self._engine.dispose()

    def _commit_all(
        self, batch: Sequence[Prepared], locked: Callable[[], None]
    ) -> dict[Prepared, Outcome]:
        if not batch:
            return {}
        try:
            return self._commit_surely(batch, locked)
        except KeysBroken as broken:
            rest = [item for item in batch if item not in broken.errors]
            return {**broken.errors, **self._commit_all(rest, locked)}

    def _commit_surely(
        self, batch: Sequence[Prepared], locked: Callable[[], None]
    ) -> dict[Prepared, Outcome]:
        """Repeat what was certainly not written; ask for what may have been."""
        deadline = time.monotonic() + _PATIENCE_S
        repeats = 0
        while True:
            try:
                return self._commit_once(batch, locked, again=repeats > 0)
            except (DBAPIError, sqlite3.IntegrityError) as error:
                self._disconnect()
                repeats += 1
                if _connection_lost(error) and time.monotonic() < deadline:
                    time.sleep(_PAUSE_S)  # a database that restarts needs a moment
                elif not _rolled_back(error) or repeats > _MAX_REPEATS:
                    raise

    def _commit_once(
        self, batch: Sequence[Prepared], locked: Callable[[], None], *, again: bool
    ) -> dict[Prepared, Outcome]:
        connection, head, keys = self._connect(), self._head, self._subject_keys
        draft = Draft()
        if not again:
            draft, written = write_at_once(connection, batch, head, keys, locked=locked)
            if written:
                self._head = draft.rows[batch[-1]].head
                return dict.fromkeys(batch, WRITTEN)
        with write_on(connection):
            locked()
            done = recall_batch(connection, batch, head, keys) if again else None
            if done is None:
                done = write_batch(connection, batch, head, keys, draft=draft, ids_may_repeat=again)
        outcomes, self._head = done
        return outcomes

    def _connect(self) -> Connection:
        if self._engine is None:
            self._engine = self._open()
        if self._connection is None:
            self._connection = connection = self._engine.connect()
            prepare_to_write(connection)
        return self._connection

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            # What cannot even be closed is gone already; the error that led here is the one to tell.
            with contextlib.suppress(DBAPIError, sqlite3.Error):
                connection.close()

    def _let_log_go(self) -> None:
        """First of all that is closed: who is the last to close a file syncs it, whatever has become of it."""
        if self._carrier is not None:
            self._carrier.stop()

    def _retire(self) -> None:
        self._let_log_go()
        self._disconnect()
        self._head = new_chain()
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _open(self) -> Engine:
        try:
            settle_log(self._location)
        except OSError as error:
            raise cannot_open(self._location, error) from error
        engine = open_store(self._location)
        try:
            bind_keys(engine, self._keys, name_of(self._location))
        except CreditError:
            engine.dispose()
            raise
        except Exception as error:
            engine.dispose()
            raise cannot_open(self._location, error) from error
        return engine


def _connection_lost(error: DBAPIError | sqlite3.IntegrityError) -> bool:
    """Tell whether PostgreSQL ended the connection, or does not accept a new one yet."""
    if not isinstance(error, DBAPIError):
        return False
    # An error that is not of a session carries no SQLSTATE; those of SQLite do not know the word.
    unreached = isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", "") is None
    return error.connection_invalidated or unreached


def _rolled_back(error: DBAPIError | sqlite3.IntegrityError) -> bool:
    """Tell whether the batch met a unique constraint or another writer, and left nothing behind."""
    if not isinstance(error, DBAPIError) or isinstance(error, IntegrityError):
        return True
    return (getattr(error.orig, "sqlstate", None) or "").startswith(_TRANSACTION_ROLLBACK)
