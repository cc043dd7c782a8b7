"""The child: takes what has come, commits it, tells; until its parent is gone.

Started as ``python -m credit.records.append.aside.child SOCKET``. One thread does it all: while it commits,
the next batch gathers in the socket.
"""

from __future__ import annotations

import gc
import logging
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from credit.errors import CreditError, RecordStoreUnavailable
from credit.records.append.aside.frames import Frames, frame
from credit.records.append.aside.messages import Failed, Offer, Opened, Opening, Outcomes
from credit.records.append.commit import Committer
from credit.records.append.idempotency import Outcome
from credit.records.append.prepare import Prepared, prepare_encoded
from credit.records.append.refusals import uncertain
from credit.records.sealing.keys import KeyProvider, LocalKeyFile
from credit.records.store.location import Location

MAX_BATCH = 256
"""Records that share a transaction: bounds how long other writers wait for the lock."""

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
        arrivals = _arrivals(parent)
        opening = _opening.decode(next(arrivals)[0])
        keys = LocalKeyFile(Path(opening.key_path))
        try:
            committer = Committer(opening.store, keys)
        except CreditError as error:
            parent.sendall(frame(_encode(Opened(Failed.of(error)))))
            return
        parent.sendall(frame(_encode(Opened())))
        gc.freeze()  # what was imported stays: no collection need look at it again
        for arrived in arrivals:
            for batch in _batches(arrived):
                outcomes = _write(batch, committer, keys, opening.store)
                parent.sendall(frame(_encode(Outcomes.of(outcomes))))
        committer.close()


def _arrivals(parent: socket.socket) -> Iterator[list[bytes]]:
    """Give all whole messages that are there, each time as many as there are."""
    frames = Frames()
    while piece := parent.recv(_RECEIVE_BYTES):
        if messages := list(frames.feed(piece)):
            yield messages


def _batches(messages: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (messages[at : at + MAX_BATCH] for at in range(0, len(messages), MAX_BATCH))


def _write(
    messages: Sequence[bytes], committer: Committer, keys: KeyProvider, location: Location
) -> dict[int, Outcome]:
    outcomes: dict[int, Outcome] = {}
    batch: dict[Prepared, int] = {}
    for message in messages:
        number, record = _offer.decode(message)
        try:
            batch[prepare_encoded(record, keys)] = number
        except CreditError as error:
            outcomes[number] = error
        except Exception as error:
            logger.exception("a decision record could not be prepared")
            outcomes[number] = uncertain(location, error)
    if not batch:
        return outcomes
    try:
        written = committer.commit(list(batch))
    except Exception as error:
        logger.exception("a batch of %d decision records was not written", len(batch))
        failed: RecordStoreUnavailable = uncertain(location, error)
        return outcomes | dict.fromkeys(batch.values(), failed)
    return outcomes | {number: written[prepared] for prepared, number in batch.items()}


if __name__ == "__main__":
    main(*sys.argv[1:])
