"""Appending: what is accepted, refused, and when a receipt comes."""

from __future__ import annotations

import asyncio
import os
import re
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Pool

from credit.errors import RecordError, RecordStoreBusy, RecordStoreUnavailable
from credit.records import LocalKeyFile, Location, Receipt, RecordReader, RecordWriter
from credit.records.append import known
from credit.records.store.trips import Found, begin_and_run
from tests.records.samples import (
    clear_part,
    everything,
    foreign_engine,
    new_record,
    tamper,
    watching,
    whole_batches,
    writers_wait,
)


def test_a_receipt_carries_the_decision_and_its_answer(writer: RecordWriter) -> None:
    record = new_record(answer=b"the very bytes")

    receipt = writer.append(record).result()

    assert receipt == Receipt(
        decision_id=record.decision_id, answer=b"the very bytes", replayed=False
    )


def test_records_lie_in_the_order_in_which_they_were_handed_over(
    writer: RecordWriter, location: Location
) -> None:
    handed_over = [new_record() for _ in range(30)]
    for receipt in [writer.append(record) for record in handed_over]:
        receipt.result()

    stored = everything(location)

    assert [r.decision_id for r in stored] == [r.decision_id for r in handed_over]
    assert [r.cursor for r in stored] == sorted({r.cursor for r in stored})


def test_what_was_appended_is_read_back(
    writer: RecordWriter, reader: RecordReader, location: Location
) -> None:
    record = new_record(tenant="north")

    writer.append(record).result()

    [stored] = everything(location)
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


def test_one_applicant_is_one_subject_under_one_key(
    writer: RecordWriter, location: Location
) -> None:
    # Once in one batch, once in a later one.
    for receipt in [writer.append(new_record()) for _ in range(3)]:
        receipt.result()
    writer.append(new_record()).result()
    writer.append(new_record(applicant_id="applicant-2")).result()
    writer.append(new_record(tenant="other")).result()

    stored = everything(location)
    assert len({record.subject_ref for record in stored[:4]}) == 1
    assert len({record.key_id for record in stored[:4]}) == 1
    assert len({record.subject_ref for record in stored}) == 3


def test_without_an_applicant_id_each_record_is_its_own_subject(
    writer: RecordWriter, location: Location
) -> None:
    for _ in range(3):
        writer.append(new_record(applicant_id=None)).result()

    assert len({record.subject_ref for record in everything(location)}) == 3


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
        pytest.param(new_record(route="/v1/\ud800"), id="a route that is not a text"),
        pytest.param(new_record(decision_id="\ud800"), id="an id that is not a text"),
        pytest.param(new_record(route="/v1/\0score"), id="a zero, no text of PostgreSQL"),
    ],
)
def test_one_bad_record_fails_alone(writer: RecordWriter, location: Location, bad: object) -> None:
    with writers_wait(location):  # so that all three wait together
        before = writer.append(new_record())
        refused = writer.append(bad)  # type: ignore[arg-type]
        after = writer.append(new_record())

    with pytest.raises(RecordError, match="cannot be recorded"):
        refused.result()
    kept = [before.result().decision_id, after.result().decision_id]
    assert [record.decision_id for record in everything(location)] == kept


def test_a_repeated_decision_id_is_refused_alone(writer: RecordWriter, location: Location) -> None:
    record = new_record()
    with writers_wait(location):
        receipts = [writer.append(record), writer.append(record), writer.append(new_record())]

    kept = [receipts[0].result().decision_id, receipts[2].result().decision_id]
    assert [stored.decision_id for stored in everything(location)] == kept
    with pytest.raises(RecordError, match=f"{record.decision_id} is already in the store"):
        receipts[1].result()
    with pytest.raises(RecordError, match="already in the store"):
        writer.append(record).result()


def test_a_full_queue_is_busy_at_once_and_loses_nothing(
    location: Location, keys: LocalKeyFile
) -> None:
    accepted: list[Future[Receipt]] = []
    with RecordWriter(location, keys, max_queue=4, max_batch=1) as writer:

        def append_until_refused() -> None:
            while len(accepted) < 10:
                accepted.append(writer.append(new_record()))

        with writers_wait(location):  # another writer that does not finish
            with pytest.raises(RecordStoreBusy, match="4 decisions wait"):
                append_until_refused()
            assert not any(receipt.done() for receipt in accepted)

        ids = [receipt.result().decision_id for receipt in accepted]

    assert len(ids) in {4, 5}  # the thread may hold one already
    assert [record.decision_id for record in everything(location)] == ids


def test_closing_writes_what_was_accepted(location: Location, keys: LocalKeyFile) -> None:
    writer = RecordWriter(location, keys, max_batch=2)
    receipts = [writer.append(new_record()) for _ in range(9)]

    writer.close()

    assert all(receipt.done() for receipt in receipts)
    assert len(everything(location)) == 9
    with pytest.raises(RecordStoreUnavailable, match="is closed"):
        writer.append(new_record())
    writer.close()


def test_a_caller_that_hangs_up_does_not_undo_its_decision(
    writer: RecordWriter, location: Location
) -> None:
    async def hang_up() -> None:
        with writers_wait(location):
            receipt = writer.append(new_record())
            waiting = asyncio.wrap_future(receipt)
            await asyncio.sleep(0)
            waiting.cancel()
            assert not receipt.cancel()
        await asyncio.to_thread(receipt.result)

    asyncio.run(hang_up())

    assert len(everything(location)) == 1


def test_all_that_wait_share_a_commit(location: Location, keys: LocalKeyFile) -> None:
    commits: list[object] = []

    async def receive(receipts: list[Future[Receipt]]) -> list[Receipt]:
        return await asyncio.gather(*(asyncio.wrap_future(receipt) for receipt in receipts))

    with (
        watching("commit", commits.append),
        whole_batches(commits.append),
        RecordWriter(location, keys) as writer,
    ):
        commits.clear()  # those of opening the store
        with writers_wait(location):
            receipts = [writer.append(new_record()) for _ in range(100)]
        told = asyncio.run(receive(receipts))

    assert [r.decision_id for r in everything(location)] == [r.decision_id for r in told]
    # The trace names a statement again for each of its rows.
    assert 1 <= len(set(commits)) <= 4  # what waited, what came first, and the one who held it


def test_a_forked_child_cannot_use_the_writer_of_its_parent(
    writer: RecordWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The child would have the queue, but not the thread that empties it.
    monkeypatch.setattr(os, "getpid", lambda: -1)

    with pytest.raises(RecordStoreUnavailable, match="make one in this process"):
        writer.append(new_record())


def test_a_probe_writes_and_leaves_no_record(writer: RecordWriter, location: Location) -> None:
    for _ in range(2):
        writer.probe()

    engine = foreign_engine(location)
    with engine.begin() as connection:
        count = connection.exec_driver_sql("SELECT probes FROM store_info").scalar_one()
    engine.dispose()
    assert count == 2
    assert everything(location) == []


def test_a_probe_of_a_store_that_cannot_be_written_says_so(
    writer: RecordWriter, location: Location
) -> None:
    tamper(location, "ALTER TABLE store_info RENAME TO elsewhere")

    with pytest.raises(
        RecordStoreUnavailable,
        match=r"cannot be recorded now.*check the database",
    ):
        writer.probe()


def test_lookups_of_a_commit_never_walk_a_table(
    location: Location, keys: LocalKeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of a commit must not grow with the store."""
    statements: list[tuple[str, Any]] = []

    def remember(_: object, __: object, statement: str, parameters: Any, *___: object) -> None:
        if not isinstance(location, Path):
            statements.append((statement, parameters))

    def look_up(connection: Any, statement: str, values: Any) -> Found:
        statements.append((re.sub(r"\$\d", "'{}'", statement).strip(), ()))
        return begin_and_run(connection, statement, values)

    def trace(connection: Any, _: object) -> None:
        if isinstance(location, Path):  # with its values filled in, also past SQLAlchemy
            connection.set_trace_callback(
                lambda statement: statements.append((statement.strip(), ()))
            )

    monkeypatch.setattr(known, "begin_and_run", look_up)
    with (
        watching("before_cursor_execute", remember),
        watching("connect", trace, Pool),
        RecordWriter(location, keys) as writer,
    ):
        statements.clear()  # what opening asks for, it asks for once
        for _ in range(2):  # a winner, then a loser
            writer.append(new_record(key="k")).result()

    lookups = [found for found in statements if found[0].startswith("SELECT")]
    plans = explained(location, lookups)
    assert len(lookups) >= 3
    assert len([found for found in lookups if "UNION ALL" in found[0]]) == 2
    assert plans
    assert not [plan for plan in plans if plan.strip(" ->").startswith(("SCAN", "Seq Scan"))]
    assert not [plan for plan in plans if "(tenant=?)" in plan]


def test_the_look_at_plans_sees_a_walk(writer: RecordWriter, location: Location) -> None:
    """Control for the test above."""
    plans = explained(location, [("SELECT hash FROM records WHERE route = 'x'", {})])

    assert [plan for plan in plans if plan.strip(" ->").startswith(("SCAN", "Seq Scan"))]


def explained(location: Location, statements: list[tuple[str, Any]]) -> list[str]:
    """Say how the database finds what the statements ask for."""
    engine = foreign_engine(location)
    explain = "EXPLAIN" if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    plans: list[str] = []
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # Tables of a few rows are read whole; what has no index is read whole even so.
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        for statement, parameters in statements:
            found = connection.exec_driver_sql(f"{explain} {statement}", parameters)
            plans += [str(row[-1]) for row in found]
    engine.dispose()
    return plans
