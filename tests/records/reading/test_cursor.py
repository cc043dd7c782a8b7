"""A cursor moves with its result, or not at all."""

from __future__ import annotations

import pickle
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Column, Engine, Integer, MetaData, Table, insert, select

from credit.errors import RecordError, RecordStoreUnavailable
from credit.records import (
    CursorMoved,
    LocalKeyFile,
    RecordReader,
    RecordWriter,
    advance_cursor,
    begin_immediate,
    open_state,
    read_cursor,
)
from credit.records.store.state import ensure_tables
from tests.records.samples import everything, new_record

results = Table("results", MetaData(), Column("position", Integer, primary_key=True))


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Engine]:
    engine = open_state(tmp_path / "var" / "state.db")
    ensure_tables(engine, results.metadata)
    yield engine
    engine.dispose()


def consume(reader: RecordReader, state: Engine, limit: int) -> int:
    """Store the positions of one page: what any consumer does."""
    expected = read_cursor(state, "consumer")
    page = reader.after(expected, limit)
    if page:
        with begin_immediate(state) as connection:
            advance_cursor(connection, "consumer", expected, page[-1].position)
            connection.execute(insert(results), [{"position": r.position} for r in page])
    return len(page)


def stored_results(state: Engine) -> list[int]:
    with state.begin() as connection:
        return list(connection.execute(select(results.c.position).order_by("position")).scalars())


def test_a_cursor_begins_at_zero_and_advances(state: Engine) -> None:
    assert read_cursor(state, "drift") == 0

    for expected, new in [(0, 10), (10, 10), (10, 25)]:
        with begin_immediate(state) as connection:
            advance_cursor(connection, "drift", expected, new)
        assert read_cursor(state, "drift") == new

    assert read_cursor(state, "shadow") == 0  # each consumer has its own


@pytest.mark.parametrize("expected", [0, 9, 11])
def test_a_stale_cursor_is_refused(state: Engine, expected: int) -> None:
    with begin_immediate(state) as connection:
        advance_cursor(connection, "drift", 0, 10)

    with (
        pytest.raises(CursorMoved, match=f"drift was expected at {expected} and is at 10"),
        begin_immediate(state) as connection,
    ):
        advance_cursor(connection, "drift", expected, 20)

    assert read_cursor(state, "drift") == 10


def test_a_cursor_that_was_lost_is_refused(state: Engine) -> None:
    with pytest.raises(CursorMoved, match="is at 0"), begin_immediate(state) as connection:
        advance_cursor(connection, "drift", 10, 20)


def test_a_cursor_never_goes_back(state: Engine) -> None:
    with pytest.raises(ValueError, match="never goes back"), begin_immediate(state) as connection:
        advance_cursor(connection, "drift", 10, 9)


def test_a_refused_cursor_takes_the_result_back(
    state: Engine, writer: RecordWriter, reader: RecordReader
) -> None:
    for _ in range(3):
        writer.append(new_record()).result()
    consume(reader, state, limit=2)

    def finish_late() -> None:
        with begin_immediate(state) as connection:
            connection.execute(insert(results), [{"position": 3}])
            advance_cursor(connection, "consumer", 0, 3)

    with pytest.raises(CursorMoved):
        finish_late()

    assert stored_results(state) == [1, 2]


def test_a_cursor_never_skips_while_two_writers_write(
    state: Engine, path: Path, keys: LocalKeyFile, reader: RecordReader
) -> None:
    """Two instances of the consumer run, too: one result for each record all the same."""
    with (
        RecordWriter(path, keys, max_batch=3) as one,
        RecordWriter(path, keys, max_batch=3) as other,
        ThreadPoolExecutor(2) as instances,
    ):
        receipts = [writer.append(new_record()) for _ in range(60) for writer in (one, other)]

        def run() -> None:
            while read_cursor(state, "consumer") < len(receipts):
                try:
                    consume(reader, state, limit=7)
                except CursorMoved:
                    continue

        for instance in [instances.submit(run) for _ in range(2)]:
            instance.result()

    assert stored_results(state) == [record.position for record in everything(path)]


def test_a_moved_cursor_is_a_record_error_and_survives_pickling() -> None:
    error = CursorMoved("drift", 1, 2)

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301

    assert issubclass(CursorMoved, RecordError)
    assert isinstance(copy, CursorMoved)
    assert (copy.consumer, copy.expected, copy.found, str(copy)) == ("drift", 1, 2, str(error))


def test_the_state_database_is_private_and_synced(state: Engine, tmp_path: Path) -> None:
    assert stat.S_IMODE((tmp_path / "var" / "state.db").stat().st_mode) == 0o600
    with state.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"


def test_opening_the_state_again_keeps_it(state: Engine, tmp_path: Path) -> None:
    with begin_immediate(state) as connection:
        advance_cursor(connection, "drift", 0, 10)

    again = open_state(tmp_path / "var" / "state.db")

    assert read_cursor(again, "drift") == 10
    again.dispose()


def test_a_state_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(RecordStoreUnavailable, match=r"state\.db cannot be opened.*check"):
        open_state(tmp_path / "file" / "state.db")
