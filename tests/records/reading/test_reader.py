"""Reading: in order, exactly once, and sealed parts only with the right keys."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credit.errors import KeyUnavailable, RecordErased, RecordStoreUnavailable
from credit.records import (
    START,
    Cursor,
    LocalKeyFile,
    Location,
    RecordReader,
    RecordWriter,
    new_decision_id,
)
from credit.records.store.opening import open_store
from tests.records.samples import destroy_keys, everything, new_record, tamper


def test_a_store_that_does_not_exist_reads_as_empty(
    location: Location, keys: LocalKeyFile, reader: RecordReader
) -> None:
    assert reader.after() == []
    assert reader.find("default", new_decision_id()) is None
    assert reader.of_subject("nobody") == []
    assert (reader.end(), reader.count(), reader.count_after(START)) == (START, 0, 0)
    if isinstance(location, Path):
        assert not location.parent.exists()

    with RecordWriter(location, keys) as writer:  # and the same reader sees what comes
        writer.append(new_record()).result()
    assert reader.count() == 1


def test_a_store_in_the_middle_of_its_creation_reads_as_empty(
    path: Path,
) -> None:
    path.parent.mkdir()
    path.touch()

    with RecordReader(path) as reader:
        assert reader.after() == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(pages=st.lists(st.integers(1, 7), min_size=30, max_size=30))
def test_any_paging_sees_every_record_once_and_in_order(
    location: Location, keys: LocalKeyFile, reader: RecordReader, pages: list[int]
) -> None:
    if reader.count() == 0:
        with RecordWriter(location, keys, max_batch=4) as writer:
            for _ in range(25):
                writer.append(new_record())
    whole = [record.decision_id for record in everything(location)]

    cursor, seen = START, []
    for limit in pages:
        page = reader.after(cursor, limit)
        seen += [record.decision_id for record in page]
        cursor = page[-1].cursor if page else cursor

    assert len(whole) == 25
    assert seen == whole[: sum(pages)]


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_out_of_range_is_refused(reader: RecordReader, limit: int) -> None:
    with pytest.raises(ValueError, match=f"expected 1 to 1000, got {limit}"):
        reader.after(START, limit)


def test_a_decision_is_found_by_its_own_tenant_only(
    writer: RecordWriter, reader: RecordReader
) -> None:
    record = new_record(tenant="north")
    writer.append(record).result()

    found = reader.find("north", record.decision_id)

    assert found is not None
    assert found.decision_id == record.decision_id
    assert reader.find("south", record.decision_id) is None
    assert reader.find("north", new_decision_id()) is None


def test_the_end_and_what_lies_behind_a_place(
    writer: RecordWriter, reader: RecordReader, location: Location
) -> None:
    for _ in range(3):
        writer.append(new_record()).result()

    stored = everything(location)

    assert reader.end() == stored[-1].cursor
    assert reader.count() == 3
    assert [reader.count_after(r.cursor) for r in stored] == [2, 1, 0]
    assert reader.count_after(START) == 3


def test_a_place_compares_as_the_order_does() -> None:
    assert START < Cursor(0, 1) < Cursor(0, 2) < Cursor(1, 1)


def test_the_records_of_a_subject_are_read_together(
    writer: RecordWriter, reader: RecordReader, location: Location
) -> None:
    for number in range(6):
        writer.append(new_record(applicant_id=f"applicant-{number % 2}")).result()
    stored = everything(location)

    found = reader.of_subject(stored[0].subject_ref)

    assert found == stored[::2]


def test_an_open_reader_does_not_stop_a_writer(writer: RecordWriter, location: Location) -> None:
    writer.append(new_record()).result()
    engine = open_store(location, read_only=True)
    snapshot = engine.execution_options(isolation_level="REPEATABLE READ")
    with (engine if isinstance(location, Path) else snapshot).begin() as connection:
        count = "SELECT count(*) FROM records"
        assert connection.exec_driver_sql(count).scalar_one() == 1

        writer.append(new_record()).result()

        assert connection.exec_driver_sql(count).scalar_one() == 1  # its own snapshot
    engine.dispose()


def test_opening_needs_keys(writer: RecordWriter, location: Location) -> None:
    writer.append(new_record()).result()
    [stored] = everything(location)

    with RecordReader(location) as reader, pytest.raises(KeyUnavailable, match="given no keys"):
        reader.open(stored)


def test_the_keys_of_another_store_do_not_open(
    writer: RecordWriter, location: Location, tmp_path: Path
) -> None:
    writer.append(new_record()).result()
    other = LocalKeyFile(tmp_path / "other.json")
    other.prepare(create=True)

    [stored] = everything(location)
    with RecordReader(location, other) as reader, pytest.raises(KeyUnavailable, match="other keys"):
        reader.open(stored)


def test_an_erased_record_does_not_open_even_if_its_key_is_remembered(
    writer: RecordWriter, reader: RecordReader, location: Location
) -> None:
    writer.append(new_record()).result()
    [stored] = reader.after()
    reader.open(stored)

    destroy_keys(location)

    with pytest.raises(RecordErased, match=f"{stored.decision_id} was erased"):
        reader.open(stored)


def test_many_open_at_once_with_gaps_where_erased(
    writer: RecordWriter, reader: RecordReader, location: Location
) -> None:
    for number in range(4):
        writer.append(new_record(applicant_id=f"applicant-{number}")).result()
    stored = reader.after()
    erase = "UPDATE subject_keys SET wrapped_key = NULL WHERE key_id = :key_id"
    tamper(location, erase, key_id=stored[1].key_id)

    opened = reader.open_many(stored)

    assert [part and part.applicant_id for part in opened] == [
        "applicant-0",
        None,
        "applicant-2",
        "applicant-3",
    ]


def test_tampered_bytes_are_refused(
    writer: RecordWriter, reader: RecordReader, location: Location
) -> None:
    writer.append(new_record()).result()
    [stored] = reader.after()
    changed = msgspec.structs.replace(stored, sealed=stored.sealed[:-1] + b"\0")
    moved = msgspec.structs.replace(stored, decision_id=new_decision_id())

    for record in (changed, moved):
        with pytest.raises(RecordStoreUnavailable, match="changed or moved"):
            reader.open(record)
    assert reader.open(stored).application_id == "application-1"  # control

    tamper(location, "UPDATE records SET clear = :other", other=b"{}")
    with pytest.raises(RecordStoreUnavailable, match="clear part of the record at position 1"):
        reader.after()


def test_a_record_without_its_key_row_is_named(
    writer: RecordWriter, reader: RecordReader, location: Location
) -> None:
    writer.append(new_record()).result()
    [stored] = reader.after()
    tamper(location, "DELETE FROM subject_keys")

    with pytest.raises(RecordStoreUnavailable, match=f"key row of decision {stored.decision_id}"):
        reader.open(stored)


def test_a_damaged_store_is_unavailable(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)

    with (
        RecordReader(path) as reader,
        pytest.raises(RecordStoreUnavailable, match="not a database"),
    ):
        reader.count()


def test_a_store_that_fails_while_reading_is_unavailable(
    writer: RecordWriter, reader: RecordReader, location: Location
) -> None:
    assert reader.count() == 0
    tamper(location, "ALTER TABLE records RENAME TO elsewhere")

    with pytest.raises(RecordStoreUnavailable, match=r"The record store .* cannot be read"):
        reader.count()


def test_a_closed_reader_opens_again(writer: RecordWriter, reader: RecordReader) -> None:
    writer.append(new_record()).result()
    reader.close()

    assert reader.count() == 1


def test_a_restricted_subject_is_closed_to_all_but_those_who_show_what_is_kept(
    writer: RecordWriter, location: Location, keys: LocalKeyFile, reader: RecordReader
) -> None:
    """It asked for erasure, and a law demands that its records stay a while."""
    writer.append(new_record()).result()
    [stored] = everything(location)
    assert reader.open_many([stored])[0] is not None

    tamper(location, "UPDATE subjects SET restricted_until = '2027-04-01'")

    assert reader.open_many([stored]) == [None]
    with RecordReader(location, keys, restricted=True) as shown:
        assert shown.open(stored).applicant_id == "applicant-1"
