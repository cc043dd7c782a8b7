"""Append decisions with group commit: one thread, one transaction for all that wait."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType

from credit.records.append.commit import MAX_BATCH, Committer
from credit.records.append.idempotency import Outcome
from credit.records.append.prepare import Prepared, prepare
from credit.records.append.probe import probe
from credit.records.append.refusals import closed, full, made_elsewhere, uncertain
from credit.records.append.settle import AnyFuture, settle
from credit.records.record import NewRecord, Receipt
from credit.records.sealing.keys import KeyProvider
from credit.records.store.location import Location

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    record: NewRecord
    prepared: Prepared
    receipt: AnyFuture
    loop: asyncio.AbstractEventLoop | None


class RecordWriter:
    """Writes decision records; a receipt means that the record is on disk.

    No timer decides how large a batch is: while one commit is in flight the next batch gathers, so
    a lone record never waits and a busy store shares each sync between many. Safe to call from any
    thread. Use as a context manager, or `close` it.

    Parameters
    ----------
    location
        The store, an SQLite file or a PostgreSQL database; created on first use.
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
        self,
        location: Location,
        keys: KeyProvider,
        *,
        max_queue: int = 1024,
        max_batch: int = MAX_BATCH,
    ) -> None:
        self._location = location
        self._keys = keys
        self._max_queue = max_queue
        self._max_batch = max_batch
        self._committer = Committer(location, keys)
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

        From a coroutine use `append_async`.

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
        receipt: Future[Receipt] = Future()
        receipt.set_running_or_notify_cancel()
        self._enqueue(record, receipt, loop=None)
        return receipt

    def append_async(self, record: NewRecord) -> asyncio.Future[Receipt]:
        """Hand a record over from a coroutine; as `append`, for the running event loop.

        A loop is woken once for all its records of a commit, not once for each. Shield what awaits
        the future: cancelling it loses the answer, never the record.
        """
        loop = asyncio.get_running_loop()
        receipt: asyncio.Future[Receipt] = loop.create_future()
        self._enqueue(record, receipt, loop=loop)
        return receipt

    def _enqueue(
        self, record: NewRecord, receipt: AnyFuture, *, loop: asyncio.AbstractEventLoop | None
    ) -> None:
        if os.getpid() != self._process:
            raise made_elsewhere(self._location)
        with self._changed:
            self._check_room()  # before the work of preparing, which a full store must not cost
        try:
            prepared = prepare(record, self._keys)
        except Exception as error:
            receipt.set_exception(error)
            return
        with self._changed:
            self._check_room()
            self._waiting.append(_Waiting(record, prepared, receipt, loop))
            self._changed.notify()

    def probe(self) -> None:
        """Commit and sync an empty change, as an append would; blocking, from any thread.

        Raises
        ------
        RecordStoreUnavailable
            Nothing can be written now.
        """
        probe(self._location)

    def close(self) -> None:
        """Write everything that was accepted, then stop. Blocks; calling it again does nothing."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _check_room(self) -> None:
        if self._closing:
            raise closed(self._location)
        if len(self._waiting) >= self._max_queue:
            raise full(self._max_queue)

    def _run(self) -> None:
        while self._wait():
            self._write()
        self._committer.close()

    def _wait(self) -> bool:
        """Wait for records; False once the writer closes and none is left."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            return bool(self._waiting)

    def _take(self) -> list[_Waiting]:
        with self._changed:
            size = min(len(self._waiting), self._max_batch)
            return [self._waiting.popleft() for _ in range(size)]

    def _write(self) -> None:
        batch: list[_Waiting] = []

        def take() -> list[Prepared]:
            batch.extend(self._take())
            return [waiting.prepared for waiting in batch]

        try:
            outcomes = self._committer.commit(take)
        except Exception as error:
            batch = batch or self._take()
            logger.exception("a batch of %d decision records was not written", len(batch))
            failed = [(waiting, uncertain(self._location, error)) for waiting in batch]
            _resolve_all(failed)
            return
        _resolve_all([(waiting, outcomes[waiting.prepared]) for waiting in batch])


def _resolve_all(resolved: Sequence[tuple[_Waiting, Outcome]]) -> None:
    of_loops: dict[asyncio.AbstractEventLoop, list[tuple[_Waiting, Outcome]]] = {}
    for waiting, outcome in resolved:
        if waiting.loop is None:
            settle(waiting.receipt, waiting.record, outcome)
        else:
            of_loops.setdefault(waiting.loop, []).append((waiting, outcome))
    for loop, waited in of_loops.items():
        # A loop that was closed has nobody left to tell; the records are on disk.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle_all, waited)


def _settle_all(resolved: Sequence[tuple[_Waiting, Outcome]]) -> None:
    for waiting, outcome in resolved:
        settle(waiting.receipt, waiting.record, outcome)
