"""Appending: what is accepted, refused, and when a receipt comes."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import stat
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import event

from credit.errors import RecordError, RecordStoreBusy, RecordStoreUnavailable
from credit.records import LocalKeyFile, Receipt, RecordReader, RecordWriter
from credit.records.store.sqlite import file_lock
from tests.records.samples import clear_part, everything, new_record, tamper


def test_a_receipt_carries_the_answer_and_the_position(writer: RecordWriter) -> None:
    record = new_record(answer=b"the very bytes")

    first = writer.append(record).result()
    second = writer.append(new_record()).result()

    assert first == Receipt(
        decision_id=record.decision_id, position=1, answer=b"the very bytes", replayed=False
    )
    assert second.position == 2


def test_what_was_appended_is_read_back(
    writer: RecordWriter, reader: RecordReader, path: Path
) -> None:
    record = new_record(tenant="north")

    writer.append(record).result()

    [stored] = everything(path)
    assert stored.clear == record.clear
    assert (stored.tenant, stored.route, stored.decision_id, stored.created_at) == (
        "north",
        record.route,
        record.decision_id,
        record.clear.created_at,
    )
    # NaN is not equal to itself, so the opened part is compared as bytes.
    opened = reader.open(stored)
    assert msgspec.msgpack.encode(opened) == msgspec.msgpack.encode(record.sealed)


def test_one_applicant_is_one_subject_under_one_key(writer: RecordWriter, path: Path) -> None:
    # Once in one batch, once in a later one.
    for receipt in [writer.append(new_record()) for _ in range(3)]:
        receipt.result()
    writer.append(new_record()).result()
    writer.append(new_record(applicant_id="applicant-2")).result()
    writer.append(new_record(tenant="other")).result()

    stored = everything(path)
    assert len({record.subject_ref for record in stored[:4]}) == 1
    assert len({record.key_id for record in stored[:4]}) == 1
    assert len({record.subject_ref for record in stored}) == 3


def test_without_an_applicant_id_each_record_is_its_own_subject(
    writer: RecordWriter, path: Path
) -> None:
    for _ in range(3):
        writer.append(new_record(applicant_id=None)).result()

    assert len({record.subject_ref for record in everything(path)}) == 3


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(new_record(application={"income": object()}), id="unserialisable"),  # type: ignore[dict-item]
        pytest.param(new_record(application={"income": 2**70}), id="too large an integer"),
        pytest.param(new_record(application={"name": "\ud800"}), id="not a text"),
        pytest.param(
            new_record(clear=clear_part(probability_of_default=float("nan"))), id="NaN in JSON"
        ),
        pytest.param(new_record(clear=clear_part(bundle=3)), id="wrong type"),
    ],
)
def test_one_bad_record_fails_alone(writer: RecordWriter, path: Path, bad: object) -> None:
    with file_lock(path):  # so that all three wait together
        before = writer.append(new_record())
        refused = writer.append(bad)  # type: ignore[arg-type]
        after = writer.append(new_record())

    with pytest.raises(RecordError, match="cannot be recorded"):
        refused.result()
    assert [before.result().position, after.result().position] == [1, 2]


def test_a_repeated_decision_id_is_refused_alone(writer: RecordWriter, path: Path) -> None:
    record = new_record()
    with file_lock(path):
        receipts = [writer.append(record), writer.append(record), writer.append(new_record())]

    assert [receipts[0].result().position, receipts[2].result().position] == [1, 2]
    with pytest.raises(RecordError, match=f"{record.decision_id} is already in the store"):
        receipts[1].result()
    with pytest.raises(RecordError, match="already in the store"):
        writer.append(record).result()


def test_a_full_queue_is_busy_at_once_and_loses_nothing(path: Path, keys: LocalKeyFile) -> None:
    accepted: list[Future[Receipt]] = []
    with RecordWriter(path, keys, max_queue=4, max_batch=1) as writer:

        def append_until_refused() -> None:
            while len(accepted) < 10:
                accepted.append(writer.append(new_record()))

        with file_lock(path):  # another writer that does not finish
            with pytest.raises(RecordStoreBusy, match="4 decisions wait"):
                append_until_refused()
            assert not any(receipt.done() for receipt in accepted)

        ids = [receipt.result().decision_id for receipt in accepted]

    assert len(ids) in {4, 5}  # the thread may hold one already
    assert [record.decision_id for record in everything(path)] == ids


def test_closing_writes_what_was_accepted(path: Path, keys: LocalKeyFile) -> None:
    writer = RecordWriter(path, keys, max_batch=2)
    receipts = [writer.append(new_record()) for _ in range(9)]

    writer.close()

    assert all(receipt.done() for receipt in receipts)
    assert len(everything(path)) == 9
    with pytest.raises(RecordStoreUnavailable, match="is closed"):
        writer.append(new_record())
    writer.close()


def test_a_caller_that_hangs_up_does_not_undo_its_decision(
    writer: RecordWriter, path: Path
) -> None:
    async def hang_up() -> None:
        with file_lock(path):
            receipt = writer.append(new_record())
            waiting = asyncio.wrap_future(receipt)
            await asyncio.sleep(0)
            waiting.cancel()
            assert not receipt.cancel()
        await asyncio.to_thread(receipt.result)

    asyncio.run(hang_up())

    assert len(everything(path)) == 1


def test_many_asyncio_callers_share_commits(writer: RecordWriter, path: Path) -> None:
    async def append_all() -> list[Receipt]:
        return await asyncio.gather(
            *(asyncio.wrap_future(writer.append(new_record())) for _ in range(100))
        )

    receipts = asyncio.run(append_all())

    assert sorted(receipt.position for receipt in receipts) == list(range(1, 101))


def test_a_forked_child_cannot_use_the_writer_of_its_parent(
    writer: RecordWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The child would have the queue, but not the thread that empties it.
    monkeypatch.setattr(os, "getpid", lambda: -1)

    with pytest.raises(RecordStoreUnavailable, match="make one in this process"):
        writer.append(new_record())


def test_a_store_that_cannot_be_written_is_refused_at_the_start(
    tmp_path: Path, keys: LocalKeyFile
) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(RecordStoreUnavailable, match=r"file/records\.db cannot be opened.*check"):
        RecordWriter(tmp_path / "file" / "records.db", keys)
    with pytest.raises(RecordStoreUnavailable, match="cannot be opened"):
        RecordWriter(tmp_path, keys)


def test_a_file_that_is_no_database_is_refused_and_left_alone(
    path: Path, keys: LocalKeyFile
) -> None:
    path.parent.mkdir()
    path.write_bytes(b"minutes of the meeting" * 100)

    with pytest.raises(RecordStoreUnavailable, match="not a database"):
        RecordWriter(path, keys)

    assert path.read_bytes().startswith(b"minutes")


def test_the_database_of_another_program_is_refused(path: Path, keys: LocalKeyFile) -> None:
    path.parent.mkdir()
    tamper(path, "CREATE TABLE recipes (title TEXT)")

    with pytest.raises(RecordStoreUnavailable, match="not a record store"):
        RecordWriter(path, keys)


def test_another_schema_version_is_refused(path: Path, keys: LocalKeyFile) -> None:
    RecordWriter(path, keys).close()
    tamper(path, "UPDATE schema_info SET version = 99")

    with pytest.raises(RecordStoreUnavailable, match=r"has schema version 99.*version 1"):
        RecordWriter(path, keys)


def test_only_the_owner_can_read_the_files(writer: RecordWriter, path: Path) -> None:
    writer.append(new_record()).result()

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}

    assert set(modes) >= {"records.db", "records.db-wal", "records.db.lock", "keys.json"}
    assert set(modes.values()) == {0o600}


def test_every_commit_is_synced(writer: RecordWriter) -> None:
    engine = writer._engine
    assert engine is not None
    with engine.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1


def test_lookups_of_a_commit_never_walk_a_table(writer: RecordWriter, path: Path) -> None:
    """The time of a commit must not grow with the store."""
    statements: list[tuple[str, Any]] = []
    engine = writer._engine
    assert engine is not None

    @event.listens_for(engine, "before_cursor_execute")
    def remember(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        statements.append((statement, parameters))

    for _ in range(2):  # a winner, then a loser
        writer.append(new_record(key="k")).result()

    with closing(sqlite3.connect(path)) as connection:
        plans = [
            step
            for statement, parameters in statements
            if statement.startswith("SELECT")
            for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]
    assert any(plan.startswith("SEARCH") for plan in plans)
    assert not [plan for plan in plans if plan.startswith("SCAN")]
    assert not [plan for plan in plans if "(tenant=?)" in plan]
