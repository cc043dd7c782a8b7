"""Clients of a record store: several at once, each repeating what it got no answer to."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from credit.errors import RecordStoreBusy, RecordStoreUnavailable
from credit.records import LocalKeyFile, Location, NewRecord, Receipt, RecordWriter
from tests.faults.ledger import Ledger
from tests.records.samples import new_record

N_CLIENTS = 6
N_APPLICANTS = 7
DEADLINE_S = 60
_REPEATS = 0.25
_PAUSE_S = 0.01

Tell = Callable[[int, Receipt], None]


def offer(number: int) -> NewRecord:
    """Offer the application of a number; each time it would be another decision."""
    key = f"key-{number}"
    made = new_record(
        key=key, applicant_id=f"applicant-{number % N_APPLICANTS}", body=b'{"number": %d}' % number
    )
    answer = msgspec.json.encode({"decision_id": made.decision_id, "application_id": key})
    sealed = msgspec.structs.replace(made.sealed, application_id=key, answer=answer)
    return msgspec.structs.replace(made, sealed=sealed)


def numbers(client: int, first: int, seed: int) -> Iterator[int]:
    """Draw what one client sends: something new mostly, else what some client has sent before."""
    chance = random.Random(f"{seed}-{client}")  # noqa: S311
    for number in itertools.count(first + client, N_CLIENTS):
        yield number
        if chance.random() < _REPEATS:
            yield chance.randint(first, number)


class Clients:
    """Send applications from several threads until the end, and hand on what each is told."""

    def __init__(self, writer: RecordWriter, tell: Tell, *, first: int, seed: int) -> None:
        self.n_refused = 0
        self._writer = writer
        self._tell = tell
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(numbers(i, first, seed),), daemon=True)
            for i in range(N_CLIENTS)
        ]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self.join()

    def join(self) -> None:
        """Wait until all clients have ended."""
        for thread in self._threads:
            thread.join()

    def _run(self, wanted: Iterator[int]) -> None:
        for number in wanted:
            while not self._stop.is_set():
                try:
                    receipt = self._writer.append(offer(number)).result()
                except (RecordStoreUnavailable, RecordStoreBusy):
                    self.n_refused += 1
                    self._stop.wait(_PAUSE_S)
                else:
                    self._tell(number, receipt)
                    break
            if self._stop.is_set():
                return


def settle(location: Location, key_file: Path, ledger: Ledger, n: int) -> None:
    """Repeat every number below ``n``, as clients do that got no answer, and note what is said."""
    with RecordWriter(location, LocalKeyFile(key_file), max_queue=n + 1) as writer:
        receipts = [(f"key-{i}", writer.append(offer(i))) for i in range(n)]
        for key, receipt in receipts:
            said = receipt.result()
            ledger.note(key, said.decision_id, said.answer)


@contextmanager
def under_load(
    writer: RecordWriter, ledger: Ledger, *, seed: int, first: int = 0
) -> Iterator[Clients]:
    """Let clients of this process write, and note what they are told."""
    noting = threading.Lock()

    def tell(number: int, receipt: Receipt) -> None:
        with noting:
            ledger.note(f"key-{number}", receipt.decision_id, receipt.answer)

    with Clients(writer, tell, first=first, seed=seed) as clients:
        yield clients


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for what other threads do."""
    end = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < end, f"not within {DEADLINE_S} s: {what}"
        time.sleep(0.002)


def wait_for_answers(ledger: Ledger, n: int) -> None:
    """Wait until that many more were answered."""
    enough = len(ledger.told) + n
    until(lambda: len(ledger.told) >= enough, f"{n} more answers")


def wait_for_refusals(clients: Clients, n: int) -> None:
    """Wait until that many more were refused."""
    enough = clients.n_refused + n
    until(lambda: clients.n_refused >= enough, f"{n} more refusals")
