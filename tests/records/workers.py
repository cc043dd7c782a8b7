"""What the child processes of the tests do; spawned, so each imports this anew."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future
from multiprocessing.connection import Connection
from pathlib import Path

from credit.records import LocalKeyFile, Receipt, RecordWriter
from tests.records.samples import new_record


def append_for_ever(path: Path, key_file: Path, acknowledged: Connection) -> None:
    """Keep eight records in flight and report each id once its receipt is there."""
    in_flight: deque[Future[Receipt]] = deque()
    with RecordWriter(path, LocalKeyFile(key_file)) as writer:
        while True:
            in_flight.append(writer.append(new_record(applicant_id=None)))
            if len(in_flight) == 8:
                acknowledged.send(in_flight.popleft().result().decision_id)


def append_many(path: Path, key_file: Path, count: int, acknowledged: Connection) -> None:
    """Append `count` records of a few applicants, then report their positions."""
    with RecordWriter(path, LocalKeyFile(key_file), max_batch=8) as writer:
        receipts = [
            writer.append(new_record(applicant_id=f"applicant-{i % 5}")) for i in range(count)
        ]
        acknowledged.send([receipt.result().position for receipt in receipts])


def make_keys(key_file: Path, wrapped: Connection) -> None:
    """Be one of several first users of a key file."""
    keys = LocalKeyFile(key_file)
    wrapped.recv()
    keys.prepare(create=True)
    wrapped.send(keys.lookup_digest(b"who has which keys"))
