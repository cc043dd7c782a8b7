"""Transactions that a test holds open, and work that waits for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from credit.records import LocalKeyFile, Location
from credit.records.append.batch import write_batch
from credit.records.append.prepare import prepare
from credit.records.erasure.destroy import Order, erase_or_restrict
from credit.records.proof.chain import new_chain
from credit.records.proof.signing import LocalSigningKey
from credit.records.sealing.subjectkeys import SubjectKeys
from credit.records.store.engine import begin_alone, begin_write, open_engine
from tests.records.erasure.conftest import TODAY
from tests.records.erasure.policies import policy
from tests.records.samples import new_record

ORDER = Order(policy=policy(), product_kind="consumer", today=TODAY, requested_by="applicant")


@contextmanager
def open_batch(
    location: Location, keys: LocalKeyFile, applicant_id: str = "applicant-1"
) -> Iterator[None]:
    """Write a record for the applicant, and commit at the end of the block."""
    engine = open_engine(location)
    prepared = prepare(new_record(applicant_id=applicant_id), keys)
    with begin_write(engine) as connection:
        write_batch(connection, [prepared], new_chain(), SubjectKeys(keys))
        yield
    engine.dispose()


@contextmanager
def open_erasure(location: Location, signer: LocalSigningKey, subject_ref: str) -> Iterator[None]:
    """Erase a subject, and commit at the end of the block."""
    engine = open_engine(location)
    with begin_alone(engine) as connection:
        erase_or_restrict(connection, subject_ref, ORDER, signer)
        yield
    engine.dispose()


class Other:
    """Work in another thread, which is expected to wait for a lock."""

    def __init__(self, address: str, work: Callable[[], Any]) -> None:
        self._address = address
        self._result: list[Any] = []
        self._thread = threading.Thread(target=lambda: self._result.append(work()))
        self._thread.start()

    def waits(self) -> bool:
        """Tell, as soon as it is known, whether it waits for a lock of the database, or ended without."""
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND datname = current_database()"
        )
        with psycopg.connect(self._address, autocommit=True) as connection:
            while connection.execute(waiting).fetchone() == (0,):
                if not self._thread.is_alive():
                    return False
        return True

    def result(self) -> Any:
        self._thread.join()
        return self._result[0]
