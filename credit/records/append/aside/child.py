"""The child: takes what has come, commits it, tells; until its parent is gone.

Started as ``python -m credit.records.append.aside.child SOCKET``. One thread does it all: while it commits,
the next batch gathers in the socket.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import signal
import socket
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from credit.errors import CreditError
from credit.records.append.aside.frames import Frames, frame
from credit.records.append.aside.messages import Failed, Offer, Opened, Opening, Outcomes
from credit.records.append.commit import MAX_BATCH, Committer
from credit.records.append.idempotency import Outcome
from credit.records.append.prepare import Prepared, prepare_encoded
from credit.records.append.refusals import uncertain
from credit.records.sealing.keys import KeyProvider, LocalKeyFile
from credit.records.store.location import Location

_RECEIVE_BYTES = 1 << 20

logger = logging.getLogger(__name__)
_encode = msgspec.msgpack.Encoder().encode
_opening = msgspec.msgpack.Decoder(Opening)
_offer = msgspec.msgpack.Decoder(Offer)


def main(descriptor: str) -> None:
    """Write records until the parent closes its end of the socket."""
    # The parent's end is what ends this process, so that nothing it has taken is dropped half-way: a
    # Ctrl-C or an orderly end of a whole service reaches both.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING)
    with socket.socket(fileno=int(descriptor)) as parent:
        _serve(parent)


def _serve(parent: socket.socket) -> None:
    inbox = _Inbox(parent)
    inbox.wait()
    opening = _opening.decode(next(inbox.take(1)))
    keys = LocalKeyFile(Path(opening.key_path))
    try:
        committer = Committer(opening.store, keys)
    except CreditError as error:
        parent.sendall(frame(_encode(Opened(Failed.of(error)))))
        return
    parent.sendall(frame(_encode(Opened())))
    gc.freeze()  # what was imported stays: no collection need look at it again
    while inbox.wait():
        batch = _Batch(keys, opening.store)
        batch.fill(inbox)
        outcomes = batch.commit(committer, inbox)
        parent.sendall(frame(_encode(Outcomes.of(outcomes))))
    committer.close()


class _Inbox:
    """Messages of the parent, in their order."""

    def __init__(self, parent: socket.socket) -> None:
        self._parent = parent
        self._frames = Frames()
        self._messages: deque[bytes] = deque()

    def wait(self) -> bool:
        """Wait for a message; False when the parent is gone and none is left."""
        while not self._messages:
            piece = self._parent.recv(_RECEIVE_BYTES)
            if not piece:
                return False
            self._messages.extend(self._frames.feed(piece))
        return True

    def take(self, most: int) -> Iterator[bytes]:
        """Give messages that are there, up to so many."""
        with contextlib.suppress(BlockingIOError):
            self._messages.extend(
                self._frames.feed(self._parent.recv(_RECEIVE_BYTES, socket.MSG_DONTWAIT))
            )
        for _ in range(min(most, len(self._messages))):
            yield self._messages.popleft()


class _Batch:
    """What is committed together, and what becomes of it."""

    def __init__(self, keys: KeyProvider, location: Location) -> None:
        self._keys = keys
        self._location = location
        self._numbers: dict[Prepared, int] = {}
        self._outcomes: dict[int, Outcome] = {}

    def fill(self, inbox: _Inbox) -> Sequence[Prepared]:
        """Add what has come; a record that cannot be prepared fails alone."""
        for message in inbox.take(MAX_BATCH - len(self._numbers)):
            number, record = _offer.decode(message)
            try:
                self._numbers[prepare_encoded(record, self._keys)] = number
            except CreditError as error:
                self._outcomes[number] = error
            except Exception as error:
                logger.exception("a decision record could not be prepared")
                self._outcomes[number] = uncertain(self._location, error)
        return list(self._numbers)

    def commit(self, committer: Committer, inbox: _Inbox) -> dict[int, Outcome]:
        """Write it, with what comes while other writers are before this one."""
        try:
            written = committer.commit(lambda: self.fill(inbox))
        except Exception as error:
            logger.exception("a batch of %d decision records was not written", len(self._numbers))
            lost: Outcome = uncertain(self._location, error)
            return self._outcomes | dict.fromkeys(self._numbers.values(), lost)
        return self._outcomes | {
            number: written[prepared] for prepared, number in self._numbers.items()
        }


if __name__ == "__main__":
    main(*sys.argv[1:])
