"""A writer that dies with the file lock held does not hold up the other one."""

from __future__ import annotations

import random
import signal
import time
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from sqlalchemy import update

from credit.records import LocalKeyFile, RecordWriter, begin_write
from credit.records.store.opening import open_store
from credit.records.store.schema import store_info
from tests.faults.children import children
from tests.faults.ledger import Ledger, complaints
from tests.faults.load import offer
from tests.faults.rounds import ROUNDS


def write_and_hold(location: Path, reports: Connection) -> None:
    """Stop in the middle of a write transaction, for ever."""
    engine = open_store(location)
    with begin_write(engine) as connection:
        connection.execute(update(store_info).values(probes=1_000_000))
        reports.send("held")
        signal.pause()


@ROUNDS
def test_a_writer_goes_on_at_once_when_another_is_killed_with_the_lock_held(
    path: Path, keys: LocalKeyFile, ledger: Ledger, chance: random.Random, n_rounds: int
) -> None:
    """Held against commits of the same run: polling, as SQLite waits by itself, takes far longer."""
    normal, after_kill = [], []
    with RecordWriter(path, keys) as writer:

        def write(number: int) -> float:
            began = time.perf_counter()
            said = writer.append(offer(number)).result()
            ledger.note(f"key-{number}", said.decision_id, said.answer)
            return time.perf_counter() - began

        for i in range(n_rounds):
            normal += [write(10 * i + j) for j in range(8)]
            with children(write_and_hold, (path,)) as [holder]:
                assert holder.reports.recv() == "held"
                waiting = writer.append(offer(10 * i + 8))
                time.sleep(chance.uniform(0.0, 0.3))
                assert not waiting.done()
                began = time.perf_counter()
                holder.signal(signal.SIGKILL)
                said = waiting.result()
                after_kill.append(time.perf_counter() - began)
            ledger.note(f"key-{10 * i + 8}", said.decision_id, said.answer)

    assert complaints(path, keys, ledger) == []
    assert median(after_kill) < 50 * median(normal)
