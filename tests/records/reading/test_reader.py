"""Reading: in order, exactly once, and sealed parts only with the right keys."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credit.errors import KeyUnavailable, RecordErased, RecordStoreUnavailable
from credit.records import LocalKeyFile, RecordReader, RecordWriter, new_decision_id
from credit.records.store.schema import open_store
from tests.records.samples import destroy_keys, everything, new_record, tamper


def test_a_store_that_does_not_exist_reads_as_empty(
    path: Path, keys: LocalKeyFile, reader: RecordReader
) -> None:
    assert reader.after(0) == []
    assert reader.find("default", new_decision_id()) is None
    assert (reader.last_position(), reader.count()) == (0, 0)
    assert not path.parent.exists()

    with RecordWriter(path, keys) as writer:  # and the same reader sees what comes
        writer.append(new_record()).result()
    assert reader.count() == 1


def test_a_store_in_the_middle_of_its_creation_reads_as_empty(
    path: Path, reader: RecordReader
) -> None:
    path.parent.mkdir()
    path.touch()

    assert reader.after(0) == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(pages=st.lists(st.integers(1, 7), min_size=30, max_size=30))
def test_any_paging_sees_every_record_once_and_in_order(
    tmp_path: Path, reader: RecordReader, pages: list[int]
) -> None:
    path = tmp_path / "var" / "records.db"
    if not path.exists():
        with RecordWriter(path, LocalKeyFile(tmp_path / "var" / "keys.json")) as writer:
            for _ in range(25):
                writer.append(new_record())

    position, seen = 0, []
    for limit in pages:
        page = reader.after(position, limit)
        seen += [record.position for record in page]
        position = page[-1].position if page else position

    assert seen == list(range(1, 26))[: sum(pages)]


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_out_of_range_is_refused(reader: RecordReader, limit: int) -> None:
    with pytest.raises(ValueError, match=f"expected 1 to 1000, got {limit}"):
        reader.after(0, limit)


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


def test_last_position_and_count(writer: RecordWriter, reader: RecordReader) -> None:
    for _ in range(3):
        writer.append(new_record()).result()

    assert (reader.last_position(), reader.count()) == (3, 3)


def test_an_open_reader_does_not_stop_a_writer(writer: RecordWriter, path: Path) -> None:
    writer.append(new_record()).result()
    engine = open_store(path, read_only=True)
    with engine.begin() as connection:
        count = "SELECT count(*) FROM records"
        assert connection.exec_driver_sql(count).scalar_one() == 1

        writer.append(new_record()).result()

        assert connection.exec_driver_sql(count).scalar_one() == 1  # its own snapshot
    engine.dispose()


def test_a_reader_cannot_write(writer: RecordWriter, path: Path) -> None:
    engine = open_store(path, read_only=True)
    with pytest.raises(Exception, match="readonly database"), engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM records")
    engine.dispose()


def test_opening_needs_keys(writer: RecordWriter, path: Path) -> None:
    writer.append(new_record()).result()
    [stored] = everything(path)

    with RecordReader(path) as reader, pytest.raises(KeyUnavailable, match="given no keys"):
        reader.open(stored)


def test_the_keys_of_another_store_do_not_open(
    writer: RecordWriter, path: Path, tmp_path: Path
) -> None:
    writer.append(new_record()).result()
    other = LocalKeyFile(tmp_path / "other.json")
    other.prepare(create=True)

    [stored] = everything(path)
    with RecordReader(path, other) as reader, pytest.raises(KeyUnavailable, match="other keys"):
        reader.open(stored)


def test_an_erased_record_does_not_open_even_if_its_key_is_remembered(
    writer: RecordWriter, reader: RecordReader, path: Path
) -> None:
    writer.append(new_record()).result()
    [stored] = reader.after(0)
    reader.open(stored)

    destroy_keys(path)

    with pytest.raises(RecordErased, match=f"{stored.decision_id} was erased"):
        reader.open(stored)


def test_many_open_at_once_with_gaps_where_erased(
    writer: RecordWriter, reader: RecordReader, path: Path
) -> None:
    for number in range(4):
        writer.append(new_record(applicant_id=f"applicant-{number}")).result()
    stored = reader.after(0)
    tamper(path, "UPDATE subject_keys SET wrapped_key = NULL WHERE key_id = ?", stored[1].key_id)

    opened = reader.open_many(stored)

    assert [part and part.applicant_id for part in opened] == [
        "applicant-0",
        None,
        "applicant-2",
        "applicant-3",
    ]


def test_tampered_bytes_are_refused(writer: RecordWriter, reader: RecordReader, path: Path) -> None:
    writer.append(new_record()).result()
    [stored] = reader.after(0)
    changed = msgspec.structs.replace(stored, sealed=stored.sealed[:-1] + b"\0")
    moved = msgspec.structs.replace(stored, decision_id=new_decision_id())

    for record in (changed, moved):
        with pytest.raises(RecordStoreUnavailable, match="changed or moved"):
            reader.open(record)
    assert reader.open(stored).application_id == "application-1"  # control

    tamper(path, "UPDATE records SET clear = x'7b7d'")
    with pytest.raises(RecordStoreUnavailable, match="clear part of the record at position 1"):
        reader.after(0)


def test_a_record_without_its_key_row_is_named(
    writer: RecordWriter, reader: RecordReader, path: Path
) -> None:
    writer.append(new_record()).result()
    [stored] = reader.after(0)
    tamper(path, "DELETE FROM subject_keys")

    with pytest.raises(RecordStoreUnavailable, match=f"key row of decision {stored.decision_id}"):
        reader.open(stored)


def test_a_damaged_store_is_unavailable(reader: RecordReader, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"no database" * 1000)

    with pytest.raises(RecordStoreUnavailable, match="not a database"):
        reader.count()


def test_a_store_that_fails_while_reading_is_unavailable(
    writer: RecordWriter, reader: RecordReader, path: Path
) -> None:
    assert reader.count() == 0
    tamper(path, "ALTER TABLE records RENAME TO elsewhere")

    with pytest.raises(RecordStoreUnavailable, match=r"records\.db cannot be read"):
        reader.count()


def test_a_forked_child_gets_its_own_connection(
    writer: RecordWriter, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = open_store(path, read_only=True)
    with engine.connect() as connection:
        inherited = connection.connection.dbapi_connection

    with engine.connect() as connection:  # control: one process keeps its connection
        assert connection.connection.dbapi_connection is inherited
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with engine.connect() as connection:
        assert connection.connection.dbapi_connection is not inherited
    engine.dispose()


def test_a_closed_reader_opens_again(writer: RecordWriter, reader: RecordReader) -> None:
    writer.append(new_record()).result()
    reader.close()

    assert reader.count() == 1
