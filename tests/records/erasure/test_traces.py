"""What remains in the files after an erasure, byte by byte."""

from __future__ import annotations

import logging
import sqlite3
import struct
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from credit.records import LocalKeyFile, Location, RecordWriter
from credit.records.erasure import erase, expire
from credit.records.proof.signing import LocalSigningKey
from credit.records.sealing.rotation import rotate_master_key
from credit.records.sealing.subjectkeys import SubjectKeys, WrappedKey
from credit.records.store.engine import open_engine
from tests.postgres import PostgresServer
from tests.records.erasure.conftest import TODAY, Erase
from tests.records.erasure.policies import policy
from tests.records.samples import clear_part, new_record, watching

NUMBER = 98765.4321
PLAIN = {
    "applicant id": b"marker-applicant",
    "application id": b"application-1",
    "text value": b"marker-purpose",
    "number as text": b"98765.4321",
    "number in msgpack": struct.pack(">d", NUMBER),
    "number in memory": struct.pack("<d", NUMBER),
    "answer": b"marker-answer",
}


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """All that is logged by anybody, at the finest level, in a file."""
    path = tmp_path / "var" / "all.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(path)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield path
    root.removeHandler(handler)
    root.setLevel(level)
    handler.close()


def found(files: Iterator[Path], markers: Mapping[str, bytes]) -> set[str]:
    seen: set[str] = set()
    for file in files:
        content = file.read_bytes()
        seen |= {name for name, marker in markers.items() if marker in content}
    return seen


def below(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def append_marked(writer: RecordWriter) -> None:
    writer.append(
        new_record(
            applicant_id="marker-applicant",
            answer=b"marker-answer",
            application={"purpose": "marker-purpose", "income": NUMBER},
        )
    ).result()


def key_bytes(location: Location, keys: LocalKeyFile) -> dict[str, bytes]:
    """What an erasure must make impossible to find: the key as it is stored, and as it is used."""
    row = query(
        location, "SELECT key_id, subject_ref, master_key_id, wrapped_key FROM subject_keys"
    )[0]
    stored = WrappedKey(row[0], row[1], row[2], bytes(row[3]))
    digest = query(location, "SELECT applicant_digest FROM subjects")[0][0]
    return {
        "wrapped": stored.wrapped_key,
        "unwrapped": SubjectKeys(keys).unwrap(stored).key,
        "digest": bytes(digest),
    }


def query(location: Location, statement: str) -> list[Any]:
    engine = open_engine(location, read_only=True)
    with engine.begin() as connection:
        rows = connection.exec_driver_sql(statement).all()
    engine.dispose()
    return list(rows)


@pytest.mark.parametrize("location", ["sqlite"], indirect=True)
def test_no_file_of_an_sqlite_store_holds_the_person_or_the_key(
    writer: RecordWriter,
    location: Location,
    keys: LocalKeyFile,
    log: Path,
    erase_now: Erase,
    tmp_path: Path,
) -> None:
    """Database, write-ahead log, shared memory, lock files, key files and log; the writer still runs."""
    append_marked(writer)
    secret = key_bytes(location, keys)
    markers = PLAIN | secret

    assert found(below(tmp_path), markers) == {"wrapped", "digest"}
    done = erase_now(applicant_id="marker-applicant")

    assert found(below(tmp_path), markers) == set()
    assert {file.name for file in below(tmp_path)} >= {"records.db", "records.db.lock", "all.log"}
    assert not any("write-ahead log" in place for place in done.lingering)


@pytest.mark.parametrize("location", ["sqlite"], indirect=True)
def test_a_reader_that_holds_the_write_ahead_log_is_named(
    writer: RecordWriter, location: Path, erase_now: Erase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("credit.records.store.sqlite._BUSY_TIMEOUT_S", 0.05)
    append_marked(writer)
    foreign = sqlite3.connect(location, isolation_level=None)
    foreign.execute("BEGIN")
    foreign.execute("SELECT count(*) FROM records").fetchone()

    done = erase_now(applicant_id="marker-applicant")
    foreign.close()

    assert done.status == "erased"
    assert any("which a reader holds" in place for place in done.lingering)


@pytest.mark.parametrize("overwriting", [True, False])
def test_pages_that_split_leave_no_copies_of_keys(
    tmp_path: Path, keys: LocalKeyFile, signer: LocalSigningKey, overwriting: bool
) -> None:
    """And the control: where writers do not overwrite, an erasure that does comes too late."""

    def leave(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA secure_delete = OFF")

    path = tmp_path / "var" / "records.db"
    with (
        nullcontext() if overwriting else watching("connect", leave),
        RecordWriter(path, keys) as writer,
    ):
        receipts = [
            writer.append(
                new_record(
                    applicant_id=f"a{i}",
                    clear=clear_part(created_at=f"20{20 + i % 2 * 5}-01-01T00:00:00+00:00"),
                )
            )
            for i in range(600)
        ]
        for receipt in receipts:
            receipt.result()
    old = {
        row.key_id: bytes(row.wrapped_key)
        for row in query(
            path, "SELECT key_id, wrapped_key FROM subject_keys WHERE created_at < '2021'"
        )
    }

    done = expire(path, keys, signer, policy=policy(ceiling=36), today=date(2025, 6, 1), bundles=())

    assert done.n_erased == len(old) == 300
    assert (found(below(tmp_path), old) == set()) == overwriting


def test_postgresql_keeps_the_wrapped_key_in_its_log_until_the_master_key_is_gone(
    postgres_server: PostgresServer,
    postgres_database: str,
    keys: LocalKeyFile,
    signer: LocalSigningKey,
    log: Path,
) -> None:
    with RecordWriter(postgres_database, keys) as writer:
        append_marked(writer)
    secret = key_bytes(postgres_database, keys)
    markers = PLAIN | secret
    maintain(postgres_database, "ANALYZE subject_keys", "CHECKPOINT")
    tables = table_files(postgres_server, postgres_database)
    assert found(below(tables), markers) == {"wrapped", "digest"}
    before = LocalKeyFile(keys._path).master_key_id

    done = erase(
        postgres_database,
        keys,
        signer,
        tenant="default",
        applicant_id="marker-applicant",
        policy=policy(),
        today=TODAY,
        bundles=(),
    )
    rotated = rotate_master_key(postgres_database, keys, drop_old=True)

    maintain(
        postgres_database,
        *("VACUUM FULL subject_keys", "VACUUM FULL subjects", "VACUUM FULL pg_statistic"),
        "CHECKPOINT",
    )
    assert found(below(tables), markers) == set()
    assert found(iter([log, postgres_server._folder / "log"]), markers) == set()
    # What no statement reaches holds the key wrapped; the master key that opened it is nowhere.
    assert "wrapped" in found(below(postgres_server._data / "pg_wal"), markers)
    assert any("write-ahead log" in place for place in done.lingering)
    assert rotated.dropped == (before,)
    assert before not in LocalKeyFile(keys._path)._content().master_keys


def test_statistics_of_postgresql_show_no_destroyed_key(
    postgres_database: str, keys: LocalKeyFile, signer: LocalSigningKey
) -> None:
    with RecordWriter(postgres_database, keys) as writer:
        for i in range(3):
            writer.append(new_record(applicant_id=f"a{i}")).result()
    wrapped = bytes(query(postgres_database, "SELECT wrapped_key FROM subject_keys")[0][0])
    statement = (
        "SELECT coalesce(string_agg(histogram_bounds::text, ''), '') FROM pg_stats "
        "WHERE tablename = 'subject_keys' AND attname = 'wrapped_key'"
    )
    maintain(postgres_database, "ANALYZE subject_keys")
    assert wrapped.hex() not in query(postgres_database, statement)[0][0]
    # The control: a table that was made without care.
    maintain(
        postgres_database,
        "ALTER TABLE subject_keys ALTER wrapped_key SET STATISTICS -1",
        "ANALYZE subject_keys",
    )
    assert wrapped.hex() in query(postgres_database, statement)[0][0]

    expire(
        postgres_database,
        keys,
        signer,
        policy=policy(ceiling=1),
        today=TODAY,
        bundles=(),
    )

    assert wrapped.hex() not in query(postgres_database, statement)[0][0]


def maintain(address: str, *statements: str) -> None:
    with psycopg.connect(address, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def table_files(server: PostgresServer, address: str) -> Path:
    with psycopg.connect(address) as connection:
        row = connection.execute(
            "SELECT oid FROM pg_database WHERE datname = current_database()"
        ).fetchone()
    assert row is not None
    return server._data / "base" / str(row[0])
