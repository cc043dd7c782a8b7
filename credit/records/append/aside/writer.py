"""The parent's side: hands records to the child and resolves what it tells."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from pathlib import Path

import msgspec

from credit.errors import CreditError, RecordStoreUnavailable
from credit.records.append.aside.child_process import ChildProcess, start
from credit.records.append.aside.frames import Frames, frame
from credit.records.append.aside.messages import Outcomes
from credit.records.append.aside.shared import join
from credit.records.append.encode import encode
from credit.records.append.probe import probe
from credit.records.append.refusals import closed, full, made_elsewhere, uncertain
from credit.records.append.settle import settle
from credit.records.record import NewRecord, Receipt
from credit.records.store.location import Location, name_of

_RECEIVE_BYTES = 1 << 18
# Between two starts of a child: a database that is away may be back by then.
_PAUSE_S = 1.0

logger = logging.getLogger(__name__)
_encode = msgspec.msgpack.Encoder().encode
_outcomes = msgspec.msgpack.Decoder(Outcomes)


class RecordWriterAside:
    """Writes decision records in a child; a receipt means that the record is on disk.

    Those of one machine that write to the same SQLite file share a child. For one event loop, the first
    that appends. As of `RecordWriter`, no timer decides how large a batch is, and what was handed over is
    written even when nobody waits for it any more. When the child ends, what it had is answered with
    `RecordStoreUnavailable`, and another one is started.

    Parameters
    ----------
    location
        As of `RecordWriter`.
    key_path
        File of the keys, as of `LocalKeyFile`.
    max_queue
        How many records may be on their way; one more is refused, so that overload is seen at once.

    Raises
    ------
    RecordStoreUnavailable, KeyUnavailable
        The store cannot be opened with these keys.
    """

    def __init__(self, location: Location, key_path: Path, *, max_queue: int = 1024) -> None:
        self._location = location
        self._key_path = key_path
        self._max_queue = max_queue
        self._process = os.getpid()
        self._waiting: dict[int, tuple[NewRecord, asyncio.Future[Receipt]]] = {}
        self._number = 0
        self._unsent: list[bytes] = []
        self._frames = Frames()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = threading.Event()
        self._starting: threading.Thread | None = None
        self._child: ChildProcess | None = _child_for(location, key_path)

    def append_async(self, record: NewRecord) -> asyncio.Future[Receipt]:
        """Hand a record over from a coroutine.

        Shield what awaits the future: cancelling it loses the answer, never the record.

        Returns
        -------
        asyncio.Future[Receipt]
            Resolves after COMMIT, or fails as that of `RecordWriter.append`.

        Raises
        ------
        RecordStoreBusy
            As many records as may be are on their way.
        RecordStoreUnavailable
            The writer is closed, its child is being replaced, or it was made by the parent of this process.
        """
        if os.getpid() != self._process:
            raise made_elsewhere(self._location)
        if self._closing.is_set():
            raise closed(self._location)
        child = self._child
        if child is None:
            raise self._being_replaced()
        if len(self._waiting) >= self._max_queue:
            raise full(self._max_queue)
        loop = self._connect(child)
        receipt: asyncio.Future[Receipt] = loop.create_future()
        try:
            encoded = encode(record)
        except CreditError as error:
            receipt.set_exception(error)
            return receipt
        self._number += 1
        self._waiting[self._number] = (record, receipt)
        if not self._unsent:
            loop.call_soon(self._send)  # with all that comes in this turn of the loop
        self._unsent.append(frame(_encode((self._number, encoded))))
        return receipt

    def probe(self) -> None:
        """Commit and sync an empty change, as an append would; blocking, from any thread.

        Raises
        ------
        RecordStoreUnavailable
            Nothing can be written now.
        """
        if self._child is None:
            raise self._being_replaced()
        probe(self._location)

    def close(self) -> None:
        """Let the child write everything that it was sent, then end. Blocks; again, it does nothing."""
        self._closing.set()
        if self._starting is not None:
            self._starting.join()
        child, loop = self._child, self._loop
        if child is None:
            return
        child.finish()
        if loop is None or loop.is_closed():
            child.abandon()  # nobody waits
        else:
            loop.call_soon_threadsafe(self._receive_all, child)

    def _connect(self, child: ChildProcess) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(child.socket, self._receive, child)
        return self._loop

    def _send(self, has_waited: bool = False) -> None:
        child, loop = self._child, self._loop
        if child is None or loop is None or not self._unsent:
            return
        pieces = b"".join(self._unsent)
        try:
            n_sent = child.socket.send(pieces)
        except BlockingIOError:
            n_sent = 0
        except OSError:
            return  # the reader learns of it, too
        self._unsent = [pieces[n_sent:]] if n_sent < len(pieces) else []
        if self._unsent:
            loop.add_writer(child.socket, self._send, True)
        elif has_waited:
            loop.remove_writer(child.socket)

    def _receive_all(self, child: ChildProcess) -> None:
        while self._child is child and self._receive(child):
            pass

    def _receive(self, child: ChildProcess) -> bool:
        """Take what has come; False when nothing has."""
        try:
            piece = child.socket.recv(_RECEIVE_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            piece = b""
        if not piece:
            self._lost(child)
            return True
        for message in self._frames.feed(piece):
            for number, outcome in _outcomes.decode(message).each():
                record, receipt = self._waiting.pop(number)
                settle(receipt, record, outcome)
        return True

    def _lost(self, child: ChildProcess) -> None:
        """Tell everybody who waits, and start another child; in a thread, for it takes a second."""
        if self._loop is not None:
            self._loop.remove_reader(child.socket)
            self._loop.remove_writer(child.socket)
        self._child, self._loop, self._frames, self._unsent = None, None, Frames(), []
        waiting, self._waiting = self._waiting, {}
        for record, receipt in waiting.values():
            settle(receipt, record, uncertain(self._location, EOFError("the writer ended")))
        child.abandon()
        if not self._closing.is_set():
            logger.error(
                "the process that writes records ended: %d were on their way", len(waiting)
            )
            self._starting = threading.Thread(target=self._start_again, daemon=True)
            self._starting.start()

    def _start_again(self) -> None:
        while not self._closing.is_set():
            try:
                self._child = _child_for(self._location, self._key_path)
            except Exception:  # it may pass; without a next try nothing would be recorded again
                logger.exception("the process that writes records does not start")
                self._closing.wait(_PAUSE_S)
            else:
                return

    def _being_replaced(self) -> RecordStoreUnavailable:
        return RecordStoreUnavailable(
            f"The process that writes records to {name_of(self._location)} ended and is being replaced; "
            "nothing was decided, try again in a second."
        )


def _child_for(location: Location, key_path: Path) -> ChildProcess:
    """Share a file with the others who write to it; PostgreSQL takes writers side by side."""
    return join(location, key_path) if isinstance(location, Path) else start(location, key_path)
