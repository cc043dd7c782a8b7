"""A cursor moves with its result, or not at all."""

from __future__ import annotations

import pickle
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert

from credit.errors import RecordError, RecordStoreUnavailable
from credit.records import (
    START,
    Cursor,
    CursorMoved,
    LocalKeyFile,
    Location,
    RecordReader,
    RecordWriter,
    advance_cursor,
    begin_write,
    open_state,
    read_cursor,
    rebuild,
)
from tests.records.reading.consumer import consume, results, stored_results
from tests.records.samples import everything, new_record


def test_a_cursor_begins_at_the_start_and_advances(state: Engine) -> None:
    assert read_cursor(state, "drift") == START

    ten, later = Cursor(700, 10), Cursor(701, 3)
    for expected, new in [(START, ten), (ten, ten), (ten, later)]:
        with begin_write(state) as connection:
            advance_cursor(connection, "drift", expected, new)
        assert read_cursor(state, "drift") == new

    assert read_cursor(state, "shadow") == START  # each consumer has its own


@pytest.mark.parametrize(
    "expected", [START, Cursor(7, 9), Cursor(7, 11), Cursor(6, 10), Cursor(8, 10)]
)
def test_a_stale_cursor_is_refused(state: Engine, expected: Cursor) -> None:
    with begin_write(state) as connection:
        advance_cursor(connection, "drift", START, Cursor(7, 10))

    with (
        pytest.raises(CursorMoved, match=f"drift was expected at {expected.position} and is at 10"),
        begin_write(state) as connection,
    ):
        advance_cursor(connection, "drift", expected, Cursor(9, 20))

    assert read_cursor(state, "drift") == Cursor(7, 10)


def test_a_cursor_that_was_lost_is_refused(state: Engine) -> None:
    with pytest.raises(CursorMoved, match="is at 0"), begin_write(state) as connection:
        advance_cursor(connection, "drift", Cursor(0, 10), Cursor(0, 20))


@pytest.mark.parametrize("new", [Cursor(7, 9), Cursor(6, 11)])
def test_a_cursor_never_goes_back(state: Engine, new: Cursor) -> None:
    with pytest.raises(ValueError, match="never goes back"), begin_write(state) as connection:
        advance_cursor(connection, "drift", Cursor(7, 10), new)


def test_of_two_instances_that_begin_at_once_one_does(state: Engine) -> None:
    def begin(number: int) -> bool:
        try:
            with begin_write(state) as connection:
                advance_cursor(connection, "drift", START, Cursor(0, number))
        except CursorMoved:
            return False
        return True

    with ThreadPoolExecutor(4) as instances:
        began = list(instances.map(begin, range(1, 9)))

    assert sum(began) == 1
    assert read_cursor(state, "drift") == Cursor(0, began.index(True) + 1)


def test_a_refused_cursor_takes_the_result_back(
    state: Engine, writer: RecordWriter, reader: RecordReader, location: Location
) -> None:
    for _ in range(3):
        writer.append(new_record()).result()
    stored = everything(location)
    consume(reader, state, limit=2)

    def finish_late() -> None:
        with begin_write(state) as connection:
            connection.execute(insert(results), [{"decision_id": stored[2].decision_id}])
            advance_cursor(connection, "consumer", START, stored[2].cursor)

    with pytest.raises(CursorMoved):
        finish_late()

    assert stored_results(state) == [record.decision_id for record in stored[:2]]


def test_a_cursor_never_skips_while_two_writers_write(
    state: Engine, location: Location, keys: LocalKeyFile, reader: RecordReader
) -> None:
    """Two instances of the consumer run, too: one result for each record all the same."""
    with (
        RecordWriter(location, keys, max_batch=3) as one,
        RecordWriter(location, keys, max_batch=3) as other,
        ThreadPoolExecutor(2) as instances,
    ):
        receipts = [writer.append(new_record()) for _ in range(60) for writer in (one, other)]

        def run() -> None:
            while len(stored_results(state)) < len(receipts):
                try:
                    consume(reader, state, limit=7)
                except CursorMoved:
                    continue

        for instance in [instances.submit(run) for _ in range(2)]:
            instance.result(timeout=60)

    assert stored_results(state) == [record.decision_id for record in everything(location)]


def test_a_rebuilt_consumer_gives_the_same_results(
    state: Engine, location: Location, keys: LocalKeyFile, reader: RecordReader
) -> None:
    with (
        RecordWriter(location, keys, max_batch=3) as one,
        RecordWriter(location, keys, max_batch=3) as other,
    ):
        for _ in range(15):
            one.append(new_record())
            other.append(new_record())
    everything(location)  # until all may be read
    while consume(reader, state, limit=4):
        pass
    before = stored_results(state)
    end = read_cursor(state, "consumer")

    with begin_write(state) as connection:
        rebuild(connection, "consumer")
        connection.execute(results.delete())
    assert read_cursor(state, "consumer") == START
    while consume(reader, state, limit=7):
        pass

    assert len(before) == 30
    assert stored_results(state) == before
    assert read_cursor(state, "consumer") == end


def test_an_instance_that_worked_while_its_consumer_was_rebuilt_is_refused(state: Engine) -> None:
    with begin_write(state) as connection:
        advance_cursor(connection, "drift", START, Cursor(0, 10))
    with begin_write(state) as connection:
        rebuild(connection, "drift")

    with pytest.raises(CursorMoved, match="expected at 10 and is at 0"), begin_write(state) as late:
        advance_cursor(late, "drift", Cursor(0, 10), Cursor(0, 20))
    with begin_write(state) as connection:
        advance_cursor(connection, "drift", START, Cursor(0, 5))
    assert read_cursor(state, "drift") == Cursor(0, 5)


def test_a_consumer_that_never_ran_is_rebuilt_to_its_start(state: Engine) -> None:
    with begin_write(state) as connection:
        rebuild(connection, "drift")

    assert read_cursor(state, "drift") == START


def test_a_moved_cursor_is_a_record_error_and_survives_pickling() -> None:
    error = CursorMoved("drift", Cursor(0, 1), Cursor(3, 2))

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301

    assert issubclass(CursorMoved, RecordError)
    assert isinstance(copy, CursorMoved)
    assert (copy.consumer, copy.expected, copy.found, str(copy)) == (
        "drift",
        Cursor(0, 1),
        Cursor(3, 2),
        str(error),
    )


def test_the_state_file_is_private(tmp_path: Path) -> None:
    open_state(tmp_path / "state.db").dispose()

    assert stat.S_IMODE((tmp_path / "state.db").stat().st_mode) == 0o600


def test_opening_the_state_again_keeps_it(state: Engine, state_location: Location) -> None:
    with begin_write(state) as connection:
        advance_cursor(connection, "drift", START, Cursor(0, 10))

    again = open_state(state_location)

    assert read_cursor(again, "drift") == Cursor(0, 10)
    again.dispose()


def test_records_and_state_may_share_one_postgresql_database(
    postgres_database: str, keys: LocalKeyFile
) -> None:
    state = open_state(postgres_database)
    with RecordWriter(postgres_database, keys) as writer:
        writer.append(new_record()).result()

    with begin_write(state) as connection:
        advance_cursor(connection, "drift", START, everything(postgres_database)[0].cursor)

    assert read_cursor(state, "drift") > START
    state.dispose()


def test_a_state_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(RecordStoreUnavailable, match=r"state\.db cannot be opened.*check"):
        open_state(tmp_path / "file" / "state.db")
