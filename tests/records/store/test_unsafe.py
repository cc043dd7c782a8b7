"""A database that cannot keep the promise of a receipt is refused before the first write."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from credit.errors import RecordStoreUnavailable, SettingsInvalid
from credit.records import LocalKeyFile, RecordReader, RecordWriter, open_state
from credit.records.store import sqlite
from credit.records.store.engine import cause_of
from credit.records.store.location import name_of, postgres_url
from credit.records.store.opening import open_store
from credit.records.store.sqlite import file_system
from tests.postgres import PostgresServer
from tests.records.samples import everything, foreign_engine, new_record, tamper


def test_a_database_that_does_not_wait_for_its_disk_is_refused(
    postgres_database: str, keys: LocalKeyFile
) -> None:
    says = r"runs with synchronous_commit = off: it would acknowledge .* Switch it on"
    with RecordWriter(postgres_database, keys) as writer:
        writer.append(new_record()).result()
    set_for_database(postgres_database, "synchronous_commit", "off")

    with pytest.raises(RecordStoreUnavailable, match=says):
        RecordWriter(postgres_database, keys)
    with pytest.raises(RecordStoreUnavailable, match=says):
        open_state(postgres_database)
    assert len(everything(postgres_database)) == 1  # who only reads needs no such promise


@pytest.mark.parametrize("value", ["local", "remote_write", "remote_apply", "on"])
def test_every_setting_that_waits_for_the_disk_is_accepted(
    postgres_database: str, value: str
) -> None:
    set_for_database(postgres_database, "synchronous_commit", value)

    open_store(postgres_database).dispose()


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes"])
def test_a_server_that_may_lose_pages_is_refused(
    fragile_server: PostgresServer, keys: LocalKeyFile, setting: str
) -> None:
    address = fragile_server.database(f"without_{setting}")
    with switched_off(address, setting):
        with pytest.raises(RecordStoreUnavailable, match=rf"runs with {setting} = off: it would"):
            RecordWriter(address, keys)
        with psycopg.connect(address) as connection:
            tables = connection.execute(
                "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
            ).fetchone()
            assert tables == (0,)  # refused before the first write
    RecordWriter(address, keys).close()


def set_for_database(address: str, setting: str, value: str) -> None:
    name = postgres_url(address).database
    tamper(address, f"ALTER DATABASE {name} SET {setting} = {value}")


@contextmanager
def switched_off(address: str, setting: str) -> Iterator[None]:
    with psycopg.connect(address, autocommit=True) as connection:

        def shows(value: str) -> None:
            for _ in range(1000):  # the server reads its settings again in its own time
                if connection.execute(f"SHOW {setting}".encode()).fetchone() == (value,):
                    return
            raise AssertionError(f"{setting} did not become {value}")

        connection.execute(f"ALTER SYSTEM SET {setting} = off".encode())
        connection.execute("SELECT pg_reload_conf()")
        try:
            shows("off")
            yield
        finally:
            connection.execute(f"ALTER SYSTEM RESET {setting}".encode())
            connection.execute("SELECT pg_reload_conf()")
            shows("on")


@pytest.fixture
def mounts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the kernel says is mounted; a disk and a network share, whose folder has a space."""
    (tmp_path / "net work" / "deep").mkdir(parents=True)
    share = str(tmp_path / "net work").replace(" ", "\\040")
    listed = tmp_path / "mounts"
    listed.write_text(
        f"/dev/sda1 / ext4 rw,relatime 0 0\n"
        f"server:/export {share} nfs4 rw,vers=4.2 0 0\n"
        f"tmpfs {share}/local tmpfs rw 0 0\n"
    )
    monkeypatch.setattr(sqlite, "_MOUNTS", listed)
    return tmp_path / "net work"


@pytest.mark.parametrize("opened", ["records", "state"])
def test_a_file_on_a_network_is_refused(mounts: Path, keys: LocalKeyFile, opened: str) -> None:
    path = mounts / "deep" / f"{opened}.db"

    with pytest.raises(
        RecordStoreUnavailable, match=r"network file system \(nfs4\).*local disk, or use PostgreSQL"
    ):
        RecordWriter(path, keys) if opened == "records" else open_state(path)


def test_the_file_system_is_that_of_the_deepest_mount(mounts: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(mounts / "deep")
    (tmp_path / "net workshop").mkdir()

    assert file_system(tmp_path / "records.db") == "ext4"
    assert file_system(mounts / "deep" / "records.db") == "nfs4"
    assert file_system(mounts / "local" / "records.db") == "tmpfs"
    assert file_system(tmp_path / "link" / "records.db") == "nfs4"
    assert file_system(tmp_path / "net workshop" / "records.db") == "ext4"


def test_of_two_mounts_at_one_place_the_later_covers_the_earlier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for kinds in (["xfs", "nfs4"], ["nfs4", "xfs"]):
        listed = tmp_path / "mounts"
        listed.write_text("".join(f"x {tmp_path} {kind} rw 0 0\n" for kind in kinds))
        monkeypatch.setattr(sqlite, "_MOUNTS", listed)

        assert file_system(tmp_path / "records.db") == kinds[1]


def test_where_nobody_tells_the_file_system_is_unknown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "_MOUNTS", tmp_path / "absent")

    assert file_system(tmp_path) == ""


def test_this_machine_tells_its_file_systems(tmp_path: Path) -> None:
    assert file_system(tmp_path) != ""
    assert file_system(Path("/proc/self")) == "proc"


@pytest.mark.parametrize(
    "address",
    [
        "",
        "records.db",
        "user:geheim@host/database",
        "postgresql://user:geheim@host:port/database",
        "postgresql://user:geheim@[::1/database",
        "postgresql://user:geheim/5@host:/geheim:x/database",
    ],
)
def test_an_address_that_cannot_be_read_is_refused_without_quoting_it(
    address: str, keys: LocalKeyFile
) -> None:
    with pytest.raises(SettingsInvalid) as refused:
        RecordWriter(address, keys)

    assert "write postgresql://user:password@host:5432/database" in str(refused.value)
    assert "geheim" not in f"{refused.value!r}{refused.value.__cause__}{refused.value.__context__}"


@pytest.mark.parametrize("kind", ["mysql", "sqlite", "oracle+oracledb"])
def test_another_kind_of_database_is_refused(kind: str) -> None:
    with pytest.raises(
        SettingsInvalid, match=r"is no database for records.*a file for SQLite"
    ) as no:
        open_store(f"{kind}://user:geheim@host/database")

    assert "geheim" not in str(no.value)
    assert kind.split("+", maxsplit=1)[0] in str(no.value)


def test_a_server_that_is_not_there_is_named_without_the_password(
    tmp_path: Path, keys: LocalKeyFile, caplog: pytest.LogCaptureFixture
) -> None:
    address = f"postgresql://user:geheim@/database?host={tmp_path}"

    with caplog.at_level(logging.DEBUG), pytest.raises(RecordStoreUnavailable) as no:
        RecordWriter(address, keys)

    assert f"The record store postgresql://{tmp_path}/database cannot be opened" in str(no.value)
    assert "check that the server runs" in str(no.value)
    assert "geheim" not in f"{no.value}{no.value.__cause__}{caplog.text}{name_of(address)}"
    with RecordReader(address) as reader, pytest.raises(RecordStoreUnavailable, match="cannot be"):
        reader.count()


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO subjects (subject_ref, tenant, created_at) VALUES ('marker', 't', 'now')",
        "INSERT INTO subjects (subject_ref, created_at) VALUES ('marker2', 'now')",
        "INSERT INTO subject_keys VALUES ('k', 'marker3', 'm', NULL, 'now', NULL)",
    ],
    ids=["unique", "not null", "foreign key"],
)
def test_errors_of_the_database_do_not_quote_values(postgres_database: str, statement: str) -> None:
    engine = open_store(postgres_database)
    first = "INSERT INTO subjects (subject_ref, tenant, created_at) VALUES ('marker', 't', 'now')"
    with engine.begin() as connection:
        connection.execute(text(first))

    with pytest.raises(DBAPIError) as error, engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()

    assert "marker" in str(error.value.orig)  # control: the detail of PostgreSQL does
    assert "marker" not in cause_of(error.value)
    assert "violates" in cause_of(error.value)


def test_a_writer_that_meets_such_an_error_tells_nothing_of_the_person(
    postgres_database: str, keys: LocalKeyFile, caplog: pytest.LogCaptureFixture
) -> None:
    """PostgreSQL shows the whole row that a constraint refuses, and the log of a program may too."""
    with RecordWriter(postgres_database, keys) as writer:
        tamper(postgres_database, "ALTER TABLE records ADD COLUMN surprise TEXT NOT NULL")
        record = new_record(
            key="marker-key",
            applicant_id="marker-applicant",
            body=b"marker-body",
            answer=b"marker-answer",
            application={"purpose": "marker-purpose"},
        )
        error = writer.append(record).exception()

    assert isinstance(error, RecordStoreUnavailable)
    assert "Failing row" not in str(error)
    assert "surprise" in str(error)
    assert "marker" not in f"{error}{error.__cause__}{caplog.text}"
    assert b"marker".hex() not in f"{error}{error.__cause__}{caplog.text}"


def test_the_tables_of_another_program_in_the_way_are_explained(
    postgres_database: str, keys: LocalKeyFile
) -> None:
    tamper(postgres_database, "CREATE TABLE records (title TEXT)")

    with pytest.raises(RecordStoreUnavailable, match=r'cannot be opened.*"records" already exists'):
        RecordWriter(postgres_database, keys)
    engine = foreign_engine(postgres_database)
    with engine.begin() as connection:  # and nothing was left behind
        assert (
            connection.exec_driver_sql(
                "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
            ).scalar_one()
            == 1
        )
    engine.dispose()
