"""Append decisions with group commit: one thread, one transaction for all that wait."""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from sqlalchemy import Engine, update

from credit.errors import CreditError, RecordStoreBusy, RecordStoreUnavailable
from credit.records.append.batch import write_batch
from credit.records.append.idempotency import Outcome
from credit.records.append.prepare import Prepared, prepare
from credit.records.proof.chain import new_chain
from credit.records.record import NewRecord, Receipt
from credit.records.sealing.binding import bind_keys
from credit.records.sealing.keys import KeyProvider
from credit.records.sealing.subjectkeys import SubjectKeys
from credit.records.store.schema import (
    SCHEMA_VERSION,
    cannot_open,
    cause_of,
    open_store,
    schema_info,
)
from credit.records.store.sqlite import begin_immediate

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    prepared: Prepared
    receipt: Future[Receipt]


class RecordWriter:
    """Writes decision records; a receipt means that the record is on disk.

    No timer decides how large a batch is: while one commit is in flight the next batch gathers, so
    a lone record never waits and a busy store shares each sync between many. Safe to call from any
    thread. Use as a context manager, or `close` it.

    Parameters
    ----------
    path
        The store; created on first use.
    keys
        Made on first use where the provider can, never for a store that already holds data.
    max_queue
        How many records may wait; one more is refused, so that overload is seen at once. Each
        holds its features and answer in memory, about 10 kB.
    max_batch
        How many records share a transaction: bounds how long other writers wait for the lock.

    Raises
    ------
    RecordStoreUnavailable
        The store cannot be opened for writing.
    KeyUnavailable
        The keys are missing, unsafe, or not those of this store.
    """

    def __init__(
        self, path: Path, keys: KeyProvider, *, max_queue: int = 1024, max_batch: int = 256
    ) -> None:
        self._path = path
        self._keys = keys
        self._max_queue = max_queue
        self._max_batch = max_batch
        self._subject_keys = SubjectKeys(keys)
        self._head = new_chain()
        self._engine: Engine | None = self._open()
        self._waiting: deque[_Waiting] = deque()
        self._closing = False
        self._changed = threading.Condition()
        self._process = os.getpid()
        # A daemon: a program that forgets `close` still ends. Nothing acknowledged can be lost.
        self._thread = threading.Thread(target=self._run, name="record-writer", daemon=True)
        self._thread.start()

    def __enter__(self) -> RecordWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def append(self, record: NewRecord) -> Future[Receipt]:
        """Hand a record over; never waits for the store.

        Encoding and compressing happen here, in the caller's thread, while the writer's own waits
        for the disk: about 0.1 ms, so hand over hundreds in a row from a thread, not an event loop.

        Returns
        -------
        Future[Receipt]
            Resolves after COMMIT. It is already running: cancelling it, or an asyncio future around
            it, does nothing, because a client that hangs up does not undo a decision. It fails with

            - `IdempotencyConflict` or `RecordErased`, as the idempotency key demands;
            - `RecordError`, when this record cannot be stored as it is;
            - `KeyUnavailable`, when the key of this subject does not open;
            - `RecordStoreUnavailable`, when the transaction failed. What was handed over may then
              be stored or not; only a repeat with the same idempotency key is safe.

        Raises
        ------
        RecordStoreBusy
            The queue is full.
        RecordStoreUnavailable
            The writer is closed, or was made by the parent of this process.
        """
        if os.getpid() != self._process:
            raise RecordStoreUnavailable(
                f"The record writer of {self._path} belongs to the process that made it; make one "
                "in this process."
            )
        receipt: Future[Receipt] = Future()
        receipt.set_running_or_notify_cancel()
        with self._changed:
            self._check_room()  # before the work of preparing, which a full store must not cost
        try:
            prepared = prepare(record, self._keys)
        except Exception as error:
            receipt.set_exception(error)
            return receipt
        with self._changed:
            self._check_room()
            self._waiting.append(_Waiting(prepared, receipt))
            self._changed.notify()
        return receipt

    def probe(self) -> None:
        """Commit and sync an empty change, as an append would; blocking, from any thread.

        Raises
        ------
        RecordStoreUnavailable
            Nothing can be written now.
        """
        try:
            engine = open_store(self._path)
            try:
                with begin_immediate(engine) as connection:
                    connection.execute(update(schema_info).values(version=SCHEMA_VERSION))
            finally:
                engine.dispose()
        except CreditError:
            raise
        except Exception as error:
            raise self._not_written(error) from error

    def close(self) -> None:
        """Write everything that was accepted, then stop. Blocks; calling it again does nothing."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _check_room(self) -> None:
        if self._closing:
            raise RecordStoreUnavailable(f"The record writer of {self._path} is closed.")
        if len(self._waiting) >= self._max_queue:
            raise RecordStoreBusy(
                f"{self._max_queue} decisions wait to be recorded; try again in a second."
            )

    def _run(self) -> None:
        while batch := self._gather():
            self._write(batch)
        if self._engine is not None:
            self._engine.dispose()

    def _gather(self) -> list[_Waiting]:
        """Wait for records and take them; nothing is left to take once the writer closes."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            size = min(len(self._waiting), self._max_batch)
            return [self._waiting.popleft() for _ in range(size)]

    def _write(self, batch: Sequence[_Waiting]) -> None:
        try:
            outcomes = self._commit([waiting.prepared for waiting in batch])
        except Exception as error:
            logger.exception("a batch of %d decision records was not written", len(batch))
            self._retire()
            for waiting in batch:
                waiting.receipt.set_exception(self._not_written(error))
            return
        for waiting in batch:
            _resolve(waiting.receipt, outcomes[waiting.prepared])

    def _commit(self, batch: Sequence[Prepared]) -> dict[Prepared, Outcome]:
        if self._engine is None:
            self._engine = self._open()
        with begin_immediate(self._engine) as connection:
            outcomes, head = write_batch(connection, batch, self._head, self._subject_keys)
        self._head = head
        return outcomes

    def _retire(self) -> None:
        """Give up identity and connection after a failure.

        Whether a failed commit reached the disk is unknown, so neither is the end of the chain:
        the next batch begins a new one, over a new connection.
        """
        self._head = new_chain()
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _open(self) -> Engine:
        engine = open_store(self._path)
        try:
            bind_keys(engine, self._keys, self._path)
        except CreditError:
            engine.dispose()
            raise
        except Exception as error:
            engine.dispose()
            raise cannot_open(self._path, error) from error
        return engine

    def _not_written(self, cause: Exception) -> RecordStoreUnavailable:
        """Make one error for each caller: an exception that is raised twice collects tracebacks."""
        error = RecordStoreUnavailable(
            f"The decision was not recorded: writing to {self._path} failed ({cause_of(cause)}). "
            "Check the free space and health of its disk; the next request tries again."
        )
        error.__cause__ = cause
        return error


def _resolve(receipt: Future[Receipt], outcome: Outcome) -> None:
    if isinstance(outcome, Receipt):
        receipt.set_result(outcome)
    else:
        receipt.set_exception(outcome)
