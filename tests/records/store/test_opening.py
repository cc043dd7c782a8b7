"""Opening a store: what is refused at the start, and what is left alone."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from credit.errors import RecordStoreUnavailable
from credit.records import LocalKeyFile, Location, RecordReader, RecordWriter, open_state
from credit.records.store.opening import open_store
from credit.records.store.sqlite import file_lock
from tests.records.samples import everything, new_record, tamper


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
    with RecordReader(path) as reader, pytest.raises(RecordStoreUnavailable, match="not a record"):
        reader.count()


def test_a_postgresql_database_may_be_shared_with_other_programs(
    postgres_database: str, keys: LocalKeyFile
) -> None:
    tamper(postgres_database, "CREATE TABLE recipes (title TEXT)")

    with RecordWriter(postgres_database, keys) as writer:
        writer.append(new_record()).result()
    open_state(postgres_database).dispose()

    assert len(everything(postgres_database)) == 1


def test_only_the_owner_can_read_the_files(path: Path, keys: LocalKeyFile) -> None:
    with RecordWriter(path, keys) as writer:
        writer.append(new_record()).result()

        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}

    assert set(modes) >= {"records.db", "records.db-wal", "records.db.lock", "keys.json"}
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize("opened", ["records", "state"])
def test_every_commit_of_sqlite_is_synced(path: Path, opened: str) -> None:
    engine = open_store(path) if opened == "records" else open_state(path)
    with engine.begin() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2  # FULL
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar_one() == 1
    engine.dispose()


def test_a_reader_cannot_write(location: Location) -> None:
    open_store(location).dispose()
    engine = open_store(location, read_only=True)

    with pytest.raises(DBAPIError, match="read.?only"), engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM records")

    engine.dispose()


def test_a_forked_child_gets_its_own_connection(
    location: Location, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_store(location).dispose()
    engine = open_store(location, read_only=True)
    with engine.connect() as connection:
        inherited = connection.connection.dbapi_connection

    with engine.connect() as connection:  # control: one process keeps its connection
        assert connection.connection.dbapi_connection is inherited
    monkeypatch.setattr(os, "getpid", lambda: -1)
    with engine.connect() as connection:
        assert connection.connection.dbapi_connection is not inherited
    engine.dispose()


def test_waiting_for_oneself_is_an_error_and_not_a_hang(path: Path) -> None:
    path.parent.mkdir()

    with file_lock(path), pytest.raises(RuntimeError, match="already held by this thread"):  # noqa: SIM117
        with file_lock(path):
            pass

    with file_lock(path):
        pass


def test_records_of_another_server_are_refused(postgres_database: str, keys: LocalKeyFile) -> None:
    with RecordWriter(postgres_database, keys) as writer:
        writer.append(new_record()).result()
    tamper(postgres_database, "UPDATE records SET commit_xid = commit_xid + 1000000")

    with pytest.raises(RecordStoreUnavailable, match="written by another PostgreSQL server"):
        RecordReader(postgres_database).after()
    with pytest.raises(RecordStoreUnavailable, match="pg_resetwal"):
        RecordWriter(postgres_database, keys)
