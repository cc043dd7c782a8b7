"""The log is carried over beside the commits, and nothing of it is in anybody's way."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from credit.records import LocalKeyFile, RecordWriter
from credit.records.append.commit import Committer
from credit.records.append.prepare import prepare
from credit.records.erasure.traces import remove_traces
from credit.records.store.carry import EVERY, LogCarrier
from credit.records.store.opening import open_store
from credit.records.store.sqlite import log_lock
from tests.records.samples import broken_links, everything, new_record


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait for what the carrier's thread does."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def commit(committer: Committer, keys: LocalKeyFile) -> None:
    batch = [prepare(new_record(), keys) for _ in range(EVERY)]
    committer.commit(lambda: batch)


def test_records_reach_the_file_while_the_log_is_short(path: Path, keys: LocalKeyFile) -> None:
    """By itself SQLite would carry nothing over before the log has 4,000 pages, or is closed."""
    committer = Committer(path, keys, carries_log=True)
    before = path.stat().st_size
    for _ in range(2):
        commit(committer, keys)

    wait_until(lambda: path.stat().st_size != before)
    committer.close()

    assert len(everything(path)) == 2 * EVERY
    assert broken_links(everything(path)) == []


def test_a_commit_does_not_wait_for_it(path: Path, keys: LocalKeyFile) -> None:
    committer = Committer(path, keys, carries_log=True)

    with log_lock(path):  # a turn that takes for ever
        for _ in range(3):
            commit(committer, keys)
        assert len(everything(path)) == 3 * EVERY

    committer.close()


def test_stopping_lets_go_of_the_file_and_it_can_begin_anew(path: Path, keys: LocalKeyFile) -> None:
    with RecordWriter(path, keys) as writer:
        writer.append(new_record()).result()
        carrier = LogCarrier(path)
        for _ in range(2):
            carrier.wrote(EVERY)
            carrier.stop()
            carrier.stop()
            assert carrier._thread is None
    assert not [thread for thread in threading.enumerate() if "_run" in thread.name]
    assert not Path(f"{path}-wal").exists()  # the last to close it took the log away


def test_the_log_is_cut_after_an_erasure_as_soon_as_a_turn_ends(
    path: Path, keys: LocalKeyFile
) -> None:
    with RecordWriter(path, keys) as writer:
        writer.append(new_record()).result()
        engine = open_store(path)
        taken, told = threading.Event(), threading.Event()

        def turn() -> None:
            with log_lock(path):
                taken.set()
                told.wait(0.2)

        thread = threading.Thread(target=turn)
        thread.start()
        taken.wait()
        left = remove_traces(engine)
        thread.join()
        engine.dispose()

    assert not [said for said in left if "write-ahead log" in said]


def test_one_that_cannot_open_the_file_says_so_and_tries_again(
    path: Path, keys: LocalKeyFile, caplog: pytest.LogCaptureFixture
) -> None:
    carrier = LogCarrier(path)  # which is not there yet
    carrier.wrote(EVERY)
    wait_until(lambda: "was not carried over" in caplog.text)
    committer = Committer(path, keys)
    commit(committer, keys)
    before = path.stat().st_size

    carrier.wrote(EVERY)

    wait_until(lambda: path.stat().st_size != before)
    carrier.stop()
    committer.close()
