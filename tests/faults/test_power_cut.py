"""Power that goes at any write or sync takes no answer back, whatever of the unsynced is left."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import pytest

from credit.records import LocalKeyFile, RecordWriter
from tests.faults.children import Orders, children, collect, write_for_ever
from tests.faults.disk import Cut
from tests.faults.ledger import Ledger, complaints
from tests.faults.load import offer, settle
from tests.faults.lossy_vfs import lossy
from tests.faults.rounds import ROUNDS

OVERLAP = 40
OPENING = 80
"""About as many operations make a new store, and commit the first records."""

SURVIVORS = pytest.mark.parametrize("some_survive", [False, True], ids=["none", "some"])
SYNCS = pytest.mark.parametrize("sync_fails", [None, 17], ids=["syncs hold", "syncs fail"])


@pytest.fixture(autouse=True)
def _a_file_system_of_ours(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip here, and not in a child, where there is no way into the library."""
    with lossy(tmp_path_factory.mktemp("probe")):
        pass


@pytest.fixture
def made(path: Path, keys: LocalKeyFile) -> Path:
    """A store that is already there."""
    RecordWriter(path, keys).close()
    return path


def somewhere(
    chance: random.Random, among: int, *, some_survive: bool, sync_fails: int | None = None
) -> Cut:
    survivors = chance.randrange(2**32) if some_survive else None
    return Cut(chance.randrange(1, among), survivors, sync_fails)


def run(orders: Orders, ledger: Ledger) -> None:
    """Let a writer run until its power is cut."""
    with children(write_for_ever, (orders,)) as [writer]:
        assert collect(writer, ledger) == -signal.SIGKILL


@ROUNDS
@SURVIVORS
@SYNCS
def test_no_answer_is_lost_when_power_goes_under_load(
    made: Path,
    key_file: Path,
    keys: LocalKeyFile,
    ledger: Ledger,
    chance: random.Random,
    n_rounds: int,
    some_survive: bool,
    sync_fails: int | None,
) -> None:
    """Long enough for checkpoints: the log is copied into the database after a thousand pages."""
    for _ in range(n_rounds):
        cut = somewhere(chance, 2_500, some_survive=some_survive, sync_fails=sync_fails)
        first = max(0, len(ledger.told) - OVERLAP)
        run(Orders(made, key_file, first=first, seed=chance.randrange(2**32), cut=cut), ledger)
        assert complaints(made, keys, ledger) == [], cut

    settle(made, key_file, ledger, len(ledger.told) + OVERLAP)
    assert complaints(made, keys, ledger) == []


@ROUNDS
@SURVIVORS
def test_a_store_that_is_being_made_is_whole_or_can_be_made_again(
    tmp_path: Path, chance: random.Random, n_rounds: int, some_survive: bool
) -> None:
    """Cut while files get their names, the schema is written, keys are bound, first records come."""
    for i in range(n_rounds):
        folder = tmp_path / f"round-{i}"
        folder.mkdir()
        location, key_file, ledger = folder / "records.db", tmp_path / f"keys-{i}", Ledger()
        cut = somewhere(chance, OPENING, some_survive=some_survive)

        orders = Orders(location, key_file, first=0, seed=i, cut=cut, cut_while_opening=True)
        run(orders, ledger)

        settle(location, key_file, ledger, len(ledger.told) + OVERLAP)
        assert complaints(location, LocalKeyFile(key_file), ledger) == [], cut


def test_what_a_killed_writer_left_unsynced_is_on_disk_before_anyone_is_answered(
    made: Path, key_file: Path, ledger: Ledger
) -> None:
    """A commit that was written and not synced is in the store for the next writer, and in none after
    a power cut; a client that repeats its key would be told of it without any write.
    """
    with children(write_for_ever, (Orders(made, key_file, first=0, seed=1),)) as [writer]:
        ledger.note(*writer.reports.recv())
        writer.signal(signal.SIGKILL)
        collect(writer, ledger)
    log = f"{made.name}-wal"

    with (
        lossy(made.parent, in_doubt=[log]) as disk,
        RecordWriter(made, LocalKeyFile(key_file)) as writer,
    ):
        replayed = writer.append(offer(0)).result().replayed
        assert disk.is_synced(log)
    assert replayed


def test_the_names_of_a_new_store_are_on_disk_before_its_first_record(
    tmp_path: Path, keys: LocalKeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    location = tmp_path / "new" / "folders" / "records.db"
    synced, sync = [], os.fsync

    def note(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_ino)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    RecordWriter(location, keys).close()

    assert {folder.stat().st_ino for folder in list(location.parents)[:3]} <= set(synced)


@pytest.mark.parametrize("breach", ["unsynced", "hasty"])
def test_the_check_sees_what_a_writer_loses_that_breaks_the_promise(
    breach: str, tmp_path: Path, keys: LocalKeyFile, key_file: Path, chance: random.Random
) -> None:
    """The controls: without syncs, and with the answer before COMMIT, answers are lost."""
    lost = []
    for i in range(5):
        location, ledger = tmp_path / f"round-{i}" / "records.db", Ledger()
        RecordWriter(location, keys).close()
        cut = Cut(chance.randrange(150, 400))

        run(Orders(location, key_file, first=0, seed=i, cut=cut, **{breach: True}), ledger)

        assert len(ledger.told) > 0
        lost += [said for said in complaints(location, keys, ledger) if "no decision in" in said]
    assert lost != []
