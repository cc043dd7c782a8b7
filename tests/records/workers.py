"""What the child processes of the tests do; spawned, so each imports this anew."""

from __future__ import annotations

import os
from multiprocessing.connection import Connection
from pathlib import Path

from credit.records import LocalKeyFile, Location, RecordWriter
from credit.records.store.migrate import RECORDS, version_of
from credit.records.store.opening import open_store
from tests.records.samples import new_record


def append_many(location: Location, key_file: Path, count: int, acknowledged: Connection) -> None:
    """Append `count` records of a few applicants, then report their ids."""
    with RecordWriter(location, LocalKeyFile(key_file), max_batch=8) as writer:
        receipts = [
            writer.append(new_record(applicant_id=f"applicant-{i % 5}")) for i in range(count)
        ]
        acknowledged.send([receipt.result().decision_id for receipt in receipts])


def append_keyed(
    location: Location, key_file: Path, n_keys: int, n_applicants: int, told: Connection
) -> None:
    """Ask three times under each key, then report keys, decisions, answers and replays."""
    with RecordWriter(location, LocalKeyFile(key_file), max_batch=7) as writer:
        offered = []
        for number in range(3 * n_keys):
            key = number % n_keys
            record = new_record(
                key=f"k{key}",
                applicant_id=f"applicant-{key % n_applicants}",
                answer=f"{os.getpid()} {number}".encode(),
            )
            offered.append((f"k{key}", writer.append(record)))
        told.send(
            [
                (
                    key,
                    receipt.result().decision_id,
                    receipt.result().answer,
                    receipt.result().replayed,
                )
                for key, receipt in offered
            ]
        )


def make_keys(key_file: Path, wrapped: Connection) -> None:
    """Be one of several first users of a key file."""
    keys = LocalKeyFile(key_file)
    wrapped.recv()
    keys.prepare(create=True)
    wrapped.send(keys.lookup_digest(b"who has which keys"))


def open_new_store(location: Location, pipe: Connection) -> None:
    """Be one of several first users of a store; report its schema version."""
    pipe.send("ready")
    pipe.recv()
    engine = open_store(location)
    with engine.begin() as connection:
        pipe.send(version_of(connection, RECORDS))
    engine.dispose()
