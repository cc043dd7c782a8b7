"""The child: takes what has come, commits it, tells; until its parents are gone.

Started as ``python -m credit.records.append.aside.child parent SOCKET``, or ``... shared SOCKET LOCK`` to write for
whoever connects: then it outlives the process that started it, and holds the lock as long as it lives. One thread
does it all: while it commits, the next batch gathers in the sockets.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

import msgspec

from credit.errors import CreditError
from credit.records.append.aside.messages import Failed, Offer, Opened, Opening, Outcomes
from credit.records.append.aside.parents import Parent, Parents
from credit.records.append.commit import MAX_BATCH, Committer
from credit.records.append.idempotency import Outcome
from credit.records.append.prepare import Prepared, prepare_encoded
from credit.records.append.refusals import uncertain
from credit.records.sealing.keys import KeyProvider, LocalKeyFile
from credit.records.store.location import Location

logger = logging.getLogger(__name__)
_encode = msgspec.msgpack.Encoder().encode
_opening = msgspec.msgpack.Decoder(Opening)
_offer = msgspec.msgpack.Decoder(Offer)

Number: TypeAlias = tuple[Parent, int]
"""A record: who sent it, and under which number."""


def main(kind: str, descriptor: str, lock: str = "") -> None:
    """Write records until every parent has closed its end of its socket.

    Parameters
    ----------
    lock
        Descriptor of a lock that ends with this process.
    """
    if kind == "shared" and os.fork():
        # Whoever started it may end, and takes its own children along: nobody is the parent of this one.
        os._exit(0)
    # Their ends of the sockets are what ends this process, so that nothing it has taken is dropped half-way: a
    # Ctrl-C or an orderly end of a whole service reaches all of them.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    logging.basicConfig(level=logging.WARNING)
    with socket.socket(fileno=int(descriptor)) as given:
        if kind == "shared":
            os.set_inheritable(int(lock), False)
            _serve(Parents(listening=given))
        else:
            _serve(Parents(only=given))


def _serve(parents: Parents) -> None:
    if not parents.wait():
        return
    [(first, message)] = parents.take(1)
    opening = _opening.decode(message)
    keys = LocalKeyFile(Path(opening.key_path))
    try:
        committer = Committer(opening.store, keys, carries_log=True)
    except CreditError as error:
        parents.tell_all(_encode(Opened(os.getpid(), Failed.of(error))))
        return
    opened = _encode(Opened(os.getpid()))
    parents.tell(first, opened)
    first.is_known = True
    gc.freeze()  # what was imported stays: no collection need look at it again
    while parents.wait():
        batch = _Batch(keys, opening.store, opened)
        batch.fill(parents)
        batch.commit(committer, parents)
        parents.part()
    committer.close()


class _Batch:
    """What is committed together, and what becomes of it."""

    def __init__(self, keys: KeyProvider, location: Location, opened: bytes) -> None:
        self._keys = keys
        self._location = location
        self._opened = opened
        self._numbers: dict[Prepared, Number] = {}
        self._outcomes: dict[Number, Outcome] = {}

    def fill(self, parents: Parents) -> Sequence[Prepared]:
        """Add what has come; a record that cannot be prepared fails alone."""
        for parent, message in parents.take(MAX_BATCH - len(self._numbers)):
            if (
                not parent.is_known
            ):  # its first message: it asks for what this process was started for
                parent.is_known = True
                parents.tell(parent, self._opened)
                continue
            try:
                number, record = _offer.decode(message)
            except msgspec.DecodeError:
                logger.exception("a gateway sent what is no record")
                parents.let_go(parent)
                continue
            try:
                self._numbers[prepare_encoded(record, self._keys)] = parent, number
            except CreditError as error:
                self._outcomes[parent, number] = error
            except Exception as error:
                logger.exception("a decision record could not be prepared")
                self._outcomes[parent, number] = uncertain(self._location, error)
        return list(self._numbers)

    def commit(self, committer: Committer, parents: Parents) -> None:
        """Write it, with what comes while other writers are before this one, and tell everybody."""
        try:
            written = committer.commit(lambda: self.fill(parents))
        except Exception as error:
            logger.exception("a batch of %d decision records was not written", len(self._numbers))
            lost: Outcome = uncertain(self._location, error)
            self._outcomes |= dict.fromkeys(self._numbers.values(), lost)
        else:
            for prepared, place in self._numbers.items():
                self._outcomes[place] = written[prepared]
        of_parents: dict[Parent, dict[int, Outcome]] = {}
        for (parent, number), outcome in self._outcomes.items():
            of_parents.setdefault(parent, {})[number] = outcome
        for parent, outcomes in of_parents.items():
            parents.tell(parent, _encode(Outcomes.of(outcomes)))


if __name__ == "__main__":
    main(*sys.argv[1:])
