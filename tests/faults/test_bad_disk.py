"""A disk that is full, read-only, slow or failing: who was answered stays, who was not is told."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from credit.errors import RecordStoreUnavailable
from credit.records import LocalKeyFile, RecordWriter
from credit.records.append.commit import Committer
from credit.records.append.prepare import prepare
from tests.faults.disk import IOERR_FSYNC, Disk
from tests.faults.ledger import Ledger, complaints, untold
from tests.faults.load import offer, settle, under_load, wait_for_answers, wait_for_refusals
from tests.faults.rounds import ROUNDS
from tests.records.samples import everything

pytestmark = pytest.mark.usefixtures("quiet")

FAULTS: dict[str, Callable[[Disk], None]] = {
    "full": Disk.fill,
    "read-only": Disk.protect,
    "failing syncs": Disk.fail_syncs,
}
CAUSES = {
    "full": "database or disk is full",
    "read-only": "disk I/O error",
    "failing syncs": "disk I/O error",
}


@ROUNDS
@pytest.mark.parametrize("fault", FAULTS)
def test_who_was_answered_stays_and_all_goes_on_when_the_disk_is_well_again(
    fault: str,
    disk: Disk,
    path: Path,
    key_file: Path,
    keys: LocalKeyFile,
    ledger: Ledger,
    chance: random.Random,
    n_rounds: int,
) -> None:
    with (
        RecordWriter(path, keys) as writer,
        under_load(writer, ledger, seed=chance.randrange(2**32)) as clients,
    ):
        for _ in range(n_rounds):
            wait_for_answers(ledger, chance.randrange(1, 60))
            FAULTS[fault](disk)
            wait_for_refusals(clients, 1)
            disk.mend()

    assert complaints(path, keys, ledger) == []
    settle(path, key_file, ledger, len(ledger.told) + 60)
    assert complaints(path, keys, ledger) == []
    assert untold(path, ledger) == set()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_refusal_names_the_cause_and_the_store_goes_on(
    fault: str, disk: Disk, path: Path, keys: LocalKeyFile
) -> None:
    with RecordWriter(path, keys) as writer:
        writer.append(offer(0)).result()
        FAULTS[fault](disk)

        with pytest.raises(RecordStoreUnavailable, match=CAUSES[fault]) as refusal:
            writer.append(offer(1)).result()

        assert "free space and health of its disk" in str(refusal.value)
        assert "key-1" not in str(refusal.value)
        disk.mend()
        writer.append(offer(1)).result()
        assert len(everything(path)) == 2


def open_files(path: Path) -> list[str]:
    """What this process has open of a store."""
    descriptors = Path("/proc/self/fd")
    found = [str(d.readlink()) for d in descriptors.iterdir() if d.is_symlink()]
    return [name for name in found if name.startswith(f"{path}") and not name.endswith(".lock")]


def test_a_writer_that_is_given_up_has_let_go_of_the_file_before_its_error_is_told(
    disk: Disk, path: Path, keys: LocalKeyFile
) -> None:
    """A connection that lived on would sync later; if that fails, what was written anew meanwhile is gone."""
    committer = Committer(path, keys)
    committer.commit(lambda: [prepare(offer(0), keys)])
    assert open_files(path)
    disk.fail_syncs()

    with pytest.raises(
        sqlite3.OperationalError
    ) as kept:  # and its traceback, which holds the frames
        committer.commit(lambda: [prepare(offer(1), keys)])

    assert open_files(path) == []
    assert "disk I/O error" in str(kept.value)
    committer.close()


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_what_was_refused_is_not_in_the_store(
    fault: str, disk: Disk, path: Path, keys: LocalKeyFile
) -> None:
    """After a failed sync it may be, as `RecordWriter.append` says; here nothing was written."""
    with RecordWriter(path, keys) as writer:
        writer.append(offer(0)).result()
        FAULTS[fault](disk)
        writer.append(offer(1)).exception()

    assert [record.sequence for record in everything(path)] == [1]


def test_a_disk_that_stays_read_only_is_named_each_time(
    disk: Disk, path: Path, keys: LocalKeyFile
) -> None:
    with RecordWriter(path, keys) as writer:
        writer.append(offer(0)).result()
        disk.protect()
        writer.append(offer(1)).exception()

        for _ in range(3):
            with pytest.raises(
                RecordStoreUnavailable, match="cannot be opened .*Input/output error"
            ):
                writer.append(offer(1)).result()
            with pytest.raises(RecordStoreUnavailable):
                writer.probe()

        disk.mend()
        writer.append(offer(1)).result()
        writer.probe()


def test_a_failed_sync_is_never_tried_again(disk: Disk, path: Path, keys: LocalKeyFile) -> None:
    """Linux forgets what a failed sync did not write, and lets the next one succeed: what was answered
    after that would not be on the disk. So nothing is written through that handle any more, and the
    chain that nobody knows the end of is left for a new one.
    """
    with RecordWriter(path, keys) as writer:
        writer.append(offer(0)).result()
        disk.fail_syncs()
        with pytest.raises(RecordStoreUnavailable):
            writer.append(offer(1)).result()
        disk.mend()
        for number in (1, 2, 3):
            writer.append(offer(number)).result()

    happened = list(disk.events)
    failed = next(i for i, event in enumerate(happened) if event.code == IOERR_FSYNC)
    handle = happened[failed].handle
    after = [event for event in happened[failed + 1 :] if event.handle == handle]
    assert [event for event in after if event.operation == "write"] == []
    writers = [record.writer for record in everything(path)]
    assert writers[-1] == writers[-2] != writers[0]


def test_many_records_share_one_slow_sync(disk: Disk, path: Path, keys: LocalKeyFile) -> None:
    with RecordWriter(path, keys) as writer:
        writer.append(offer(0)).result()
        disk.slow_down(0.2)
        disk.events.clear()

        for receipt in [writer.append(offer(number)) for number in range(1, 101)]:
            receipt.result()

        commits = [e for e in disk.events if e.operation == "sync" and e.name.endswith("-wal")]
        assert 1 <= len(commits) <= 4
        disk.mend()
