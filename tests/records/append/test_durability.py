"""A receipt means that the record is on disk."""

from __future__ import annotations

import multiprocessing
import random
from pathlib import Path

from credit.records import LocalKeyFile, RecordWriter, new_decision_id
from tests.records.samples import broken_links, everything, new_record
from tests.records.workers import append_for_ever


def missing(path: Path, acknowledged: list[str]) -> set[str]:
    return set(acknowledged) - {record.decision_id for record in everything(path)}


def append_until_killed(path: Path, key_file: Path, after: int) -> list[str]:
    """Kill a writing process once it has acknowledged `after` records; return all it did."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=append_for_ever, args=(path, key_file, theirs))
    child.start()
    theirs.close()
    acknowledged: list[str] = []
    try:
        while len(acknowledged) < after:
            acknowledged.append(ours.recv())
        child.kill()
        while True:
            acknowledged.append(ours.recv())
    except EOFError:
        return acknowledged
    finally:
        child.kill()
        child.join()
        child.close()
        ours.close()


def test_every_acknowledged_record_survives_a_kill_at_any_moment(
    path: Path, tmp_path: Path, keys: LocalKeyFile
) -> None:
    chance = random.Random(20250301)  # noqa: S311
    acknowledged: list[str] = []

    for _ in range(4):
        acknowledged += append_until_killed(
            path, tmp_path / "var" / "keys.json", after=chance.randrange(1, 120)
        )
        assert missing(path, acknowledged) == set()

    assert broken_links(everything(path)) == []
    with RecordWriter(path, keys) as writer:  # and the next process just goes on
        writer.append(new_record()).result()


def test_the_check_sees_a_record_that_is_missing(writer: RecordWriter, path: Path) -> None:
    kept = writer.append(new_record()).result().decision_id
    lost = new_decision_id()

    assert missing(path, [kept, lost]) == {lost}


def test_a_receipt_comes_after_the_commit(writer: RecordWriter, path: Path) -> None:
    """Another connection must see the record at the moment the receipt is there."""
    seen = []
    for _ in range(20):
        receipt = writer.append(new_record())
        receipt.add_done_callback(
            lambda done: seen.append(missing(path, [done.result().decision_id]))
        )
        receipt.result()
    writer.close()

    assert seen == [set()] * 20
