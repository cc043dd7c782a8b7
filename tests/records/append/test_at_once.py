"""A batch that is written with one statement: what may come between its draft and that statement."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from credit.records import LocalKeyFile, Location, NewRecord, RecordReader, RecordWriter
from credit.records.append import at_once, commit
from credit.records.append.batch import write_batch
from credit.records.append.draft import Draft, draft_batch
from credit.records.append.prepare import prepare
from credit.records.proof.chain import new_chain
from credit.records.sealing.subjectkeys import SubjectKeys
from credit.records.store.engine import begin_write, open_engine
from credit.records.store.sqlite import next_in_line
from tests.records.samples import (
    broken_links,
    everything,
    foreign_engine,
    new_record,
    tamper,
    whole_batches,
)

Between = Callable[[Callable[[], object]], None]


@pytest.fixture
def in_between(monkeypatch: pytest.MonkeyPatch) -> Between:
    """Let something happen after the next batch was drafted, and before it is written."""

    def arrange(happens: Callable[[], object]) -> None:
        def drafted(*arguments: Any) -> Draft:
            draft = draft_batch(*arguments)
            assert draft.is_plain
            monkeypatch.setattr(at_once, "draft_batch", draft_batch)
            happens()
            return draft

        monkeypatch.setattr(at_once, "draft_batch", drafted)

    return arrange


@pytest.fixture
def careful(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Sizes of the batches that took the careful way."""
    sizes: list[int] = []

    def notice(connection: Any, batch: Sequence[Any], *rest: Any, **more: Any) -> Any:
        sizes.append(len(batch))
        return write_batch(connection, batch, *rest, **more)

    monkeypatch.setattr(commit, "write_batch", notice)
    return sizes


@pytest.mark.parametrize("n_records", [1, 2, 3, 17, 100])
def test_a_batch_of_any_size_lies_there_in_its_order(
    location: Location, keys: LocalKeyFile, careful: list[int], n_records: int
) -> None:
    """New applicants, known ones, the same one twice and none at all; with a key and without."""
    with RecordWriter(location, keys) as writer:
        writer.append(new_record(applicant_id="known")).result()
        receipts = [
            writer.append(
                new_record(
                    applicant_id=("known", f"new-{i}", "twice", None)[i % 4],
                    key=f"key-{i}" if i % 3 else None,
                )
            )
            for i in range(n_records)
        ]
        told = [receipt.result().decision_id for receipt in receipts]

    stored = everything(location)
    assert [record.decision_id for record in stored[1:]] == told
    assert broken_links(stored) == []
    assert careful == []
    with RecordReader(location, keys) as reader:
        assert None not in reader.open_many(stored)


def test_a_repeat_takes_the_careful_way(
    writer: RecordWriter, location: Location, careful: list[int]
) -> None:
    """What the test above would see if its batches took it."""
    first = writer.append(new_record(key="k", answer=b"first")).result()
    again = writer.append(new_record(key="k", answer=b"second")).result()

    assert (again.replayed, again.answer) == (True, first.answer)
    assert careful == [1]


def test_a_key_that_is_destroyed_in_between_seals_nothing(
    writer: RecordWriter,
    reader: RecordReader,
    location: Location,
    in_between: Between,
    careful: list[int],
) -> None:
    writer.append(new_record()).result()

    def erase() -> None:
        tamper(location, "UPDATE subject_keys SET wrapped_key = NULL")
        tamper(location, "UPDATE subjects SET applicant_digest = NULL")

    in_between(erase)
    writer.append(new_record()).result()

    stored = everything(location)
    assert reader.open_many(stored)[0] is None
    assert reader.open_many(stored)[1] is not None
    assert stored[0].subject_ref != stored[1].subject_ref
    assert broken_links(stored) == []
    assert careful == [1]


def test_a_key_that_was_wrapped_before_a_rotation_is_not_stored_after_it(
    writer: RecordWriter, location: Location, keys: LocalKeyFile, in_between: Between
) -> None:
    in_between(LocalKeyFile(keys._path).add_master_key)
    writer.append(new_record()).result()

    engine = foreign_engine(location)
    with engine.begin() as connection:
        stored = connection.exec_driver_sql("SELECT master_key_id FROM subject_keys").scalars()
        assert list(stored) == [keys.master_key_id]
    engine.dispose()


def test_whoever_is_faster_with_the_same_key_decides(
    writer: RecordWriter, location: Location, keys: LocalKeyFile, in_between: Between
) -> None:
    faster = new_record(key="k", applicant_id="other", answer=b"faster")
    in_between(lambda: write_from_elsewhere(location, keys, faster))
    told = writer.append(new_record(key="k", answer=b"slower")).result()

    assert (told.replayed, told.answer) == (True, b"faster")
    assert len(everything(location)) == 1


def test_whoever_is_faster_with_the_same_new_applicant_makes_the_subject(
    writer: RecordWriter, location: Location, keys: LocalKeyFile, in_between: Between
) -> None:
    in_between(lambda: write_from_elsewhere(location, keys, new_record()))
    writer.append(new_record()).result()

    stored = everything(location)
    assert len(stored) == 2
    assert len({(record.subject_ref, record.key_id) for record in stored}) == 1
    assert broken_links(stored) == []


def write_from_elsewhere(location: Location, keys: LocalKeyFile, record: NewRecord) -> None:
    """Write past the turn in which, on SQLite, writers draft."""
    engine = open_engine(location)
    with begin_write(engine) as connection:
        write_batch(connection, [prepare(record, keys)], new_chain(), SubjectKeys(keys))
    engine.dispose()


def test_what_gathers_while_a_writer_waits_for_its_turn_shares_its_commit(
    path: Path, keys: LocalKeyFile
) -> None:
    batches: list[str] = []
    with whole_batches(batches.append), RecordWriter(path, keys) as writer:
        with next_in_line(path):  # another writer, which waits for the one that writes
            receipts = [writer.append(new_record()) for _ in range(20)]
        for receipt in receipts:
            receipt.result()

    assert len(set(batches)) == 1
