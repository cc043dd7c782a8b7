"""A store keeps its data from version to version, and no program writes a version it does not know."""

from __future__ import annotations

import multiprocessing
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Engine, MetaData, String, Table, inspect

from credit.errors import KeyUnavailable, RecordStoreUnavailable
from credit.records import (
    START,
    Cursor,
    LocalKeyFile,
    Location,
    RecordReader,
    RecordWriter,
    open_state,
    read_cursor,
)
from credit.records.store import schema, state
from credit.records.store.engine import open_engine
from credit.records.store.migrate import RECORDS, STATE, History, migrate
from credit.records.store.opening import open_store
from tests.records.samples import (
    broken_links,
    everything,
    foreign_engine,
    new_record,
    tamper,
    watching,
)
from tests.records.store.first import MIGRATIONS, RECORDS_DDL, STATE_DDL, fill, migrated_to
from tests.records.workers import open_new_store

OLD = [
    new_record(key="k", applicant_id="applicant-1", answer=b"told in the first version"),
    new_record(applicant_id="applicant-2"),
    new_record(applicant_id="applicant-3", tenant="north"),
]


@pytest.fixture
def engine(location: Location) -> Iterator[Engine]:
    """A connection past all the checks of `open_store`."""
    if isinstance(location, Path):
        location.parent.mkdir(exist_ok=True)
        location.touch(mode=0o600)
    opened = open_engine(location)
    yield opened
    opened.dispose()


@pytest.fixture
def old_store(path: Path, keys: LocalKeyFile) -> Path:
    """A store of the first version, with data."""
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(RECORDS_DDL)
    opened = foreign_engine(path)
    with opened.begin() as connection:
        fill(connection, keys, OLD)
    opened.dispose()
    return path


def migrate_file(path: Path, history: History) -> tuple[str | None, str]:
    opened = open_engine(path)
    versions = migrate(opened, history)
    opened.dispose()
    return versions


def test_an_older_store_is_refused_with_what_to_do(old_store: Path, keys: LocalKeyFile) -> None:
    says = (
        rf"{old_store}: the records database has schema version 0001, this program needs 0002; "
        "stop every service that uses it, back it up, and run: credit records migrate"
    )

    with pytest.raises(RecordStoreUnavailable, match=says):
        RecordWriter(old_store, keys)
    with RecordReader(old_store) as reader, pytest.raises(RecordStoreUnavailable, match=says):
        reader.count()


def test_a_migrated_store_reads_opens_verifies_and_deduplicates_as_before(
    old_store: Path, keys: LocalKeyFile
) -> None:
    assert migrate_file(old_store, RECORDS) == ("0001", "0002")

    stored = everything(old_store)
    assert [record.decision_id for record in stored] == [record.decision_id for record in OLD]
    assert [record.clear for record in stored] == [record.clear for record in OLD]
    assert [record.cursor for record in stored] == [Cursor(0, 1), Cursor(0, 2), Cursor(0, 3)]
    assert broken_links(stored) == []
    with RecordReader(old_store, keys) as reader:
        opened = [reader.open(record) for record in stored]
        assert reader.find("north", OLD[2].decision_id) == stored[2]
        assert reader.find("default", OLD[2].decision_id) is None
    assert as_bytes(opened) == as_bytes([record.sealed for record in OLD])

    with RecordWriter(old_store, keys) as writer:
        again = writer.append(new_record(key="k", answer=b"another answer")).result()
        writer.append(new_record(applicant_id="applicant-2")).result()
    assert (again.decision_id, again.replayed) == (OLD[0].decision_id, True)
    assert again.answer == b"told in the first version"
    stored = everything(old_store)
    assert len(stored) == 4
    assert stored[3].position == 4
    assert stored[3].subject_ref == stored[1].subject_ref  # applicants are known again
    assert stored[3].key_id == stored[1].key_id
    assert broken_links(stored) == []


def test_a_migrated_store_still_belongs_to_its_keys(old_store: Path, tmp_path: Path) -> None:
    migrate_file(old_store, RECORDS)
    other = LocalKeyFile(tmp_path / "other.json")

    with pytest.raises(KeyUnavailable, match="is missing, and existing records need it"):
        RecordWriter(old_store, other)
    other.prepare(create=True)
    with pytest.raises(KeyUnavailable, match="filled with other keys"):
        RecordWriter(old_store, other)


def test_a_migration_that_fails_changes_nothing(old_store: Path, keys: LocalKeyFile) -> None:
    """At its last step, when tables were already made, moved and dropped."""

    def fail(_: object, __: object, statement: str, *___: object) -> None:
        if "CREATE VIEW" in statement:
            raise OSError("no space left")

    before = content(old_store)
    with watching("before_cursor_execute", fail), pytest.raises(OSError, match="no space"):
        migrate_file(old_store, RECORDS)

    assert content(old_store) == before
    migrate_file(old_store, RECORDS)
    assert content(old_store) != before
    assert len(everything(old_store)) == 3


def content(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


def test_an_older_state_keeps_its_cursors(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(STATE_DDL)
        connection.execute("INSERT INTO cursors VALUES ('drift', 4321, '2025-03-01')")
        connection.commit()

    with pytest.raises(RecordStoreUnavailable, match=r"state database has schema version 0001"):
        open_state(path)
    assert migrate_file(path, STATE) == ("0001", "0002")

    opened = open_state(path)
    assert read_cursor(opened, "drift") == Cursor(0, 4321)
    assert read_cursor(opened, "other") == START
    opened.dispose()


@pytest.mark.parametrize(
    ("history", "ddl"), [(RECORDS, RECORDS_DDL), (STATE, STATE_DDL)], ids=["records", "state"]
)
def test_the_first_migration_makes_what_the_first_version_made(
    tmp_path: Path, history: History, ddl: str
) -> None:
    by_hand, by_migration = tmp_path / "hand.db", tmp_path / "migration.db"
    with closing(sqlite3.connect(by_hand)) as connection:
        connection.executescript(ddl)
    opened = foreign_engine(by_migration)
    migrated_to(opened, history.name, "0001")
    opened.dispose()
    tamper(by_migration, f"DROP TABLE {history.version_table}")

    assert shape(by_migration) == shape(by_hand)


def shape(path: Path) -> dict[str, Any]:
    """Columns, keys, indexes and options of every table, whatever the spelling of the statements."""
    with closing(sqlite3.connect(path)) as connection:
        tables = [
            (name, without_rowid, strict)
            for _, name, kind, _, without_rowid, strict in connection.execute("PRAGMA table_list")
            if kind == "table" and not name.startswith("sqlite_")
        ]
        found: dict[str, Any] = {}
        for name, *options in tables:
            pragmas = ("table_info", "foreign_key_list", "index_list")
            details = [connection.execute(f"PRAGMA {p}({name})").fetchall() for p in pragmas]
            details[0] = [column[1:] for column in sorted(details[0], key=lambda c: str(c[1]))]
            details[1] = sorted(key[2:] for key in details[1])
            details[2] = sorted(
                (index[2:], connection.execute(f"PRAGMA index_info({index[1]})").fetchall())
                for index in details[2]
            )
            found[name] = (options, details)
        return found


@pytest.mark.parametrize("history", [RECORDS, STATE], ids=["records", "state"])
def test_a_newer_version_is_refused(
    location: Location, keys: LocalKeyFile, engine: Engine, history: History
) -> None:
    migrate(engine, history)
    statement = f"UPDATE {history.version_table} SET version_num = '0009'"  # noqa: S608
    tamper(location, statement)
    says = "has schema version 0009, this program knows 0002; use the newer program that wrote it"

    if history is RECORDS:
        with pytest.raises(RecordStoreUnavailable, match=says):
            RecordWriter(location, keys)
        with RecordReader(location) as reader, pytest.raises(RecordStoreUnavailable, match=says):
            reader.count()
    else:
        with pytest.raises(RecordStoreUnavailable, match=says):
            open_state(location)
    with pytest.raises(RecordStoreUnavailable, match=says):
        migrate(engine, history)


def test_migrating_twice_is_harmless(
    location: Location, keys: LocalKeyFile, engine: Engine
) -> None:
    assert migrate(engine, RECORDS) == (None, "0002")
    with RecordWriter(location, keys) as writer:
        writer.append(new_record()).result()

    assert migrate(engine, RECORDS) == ("0002", "0002")

    assert len(everything(location)) == 1


@pytest.mark.parametrize(
    ("history", "metadata"),
    [(RECORDS, schema.metadata), (STATE, state.metadata)],
    ids=["records", "state"],
)
def test_the_tables_of_the_program_are_those_that_the_migrations_make(
    engine: Engine, history: History, metadata: MetaData
) -> None:
    migrate(engine, history)
    # What SQLAlchemy need not know of to read and write: how PostgreSQL orders commits.
    expected = {
        ("modify_nullable", "commit_xid"),
        ("modify_default", "commit_xid"),
        ("remove_index", "ix_records_commit_order"),
    }

    found = differences(engine, metadata)

    if engine.dialect.name == "sqlite" or history is STATE:
        assert found == set()
    else:
        assert found <= expected


def test_the_comparison_notices_a_missing_column(engine: Engine) -> None:
    """Control for the test above, on both sides."""
    migrate(engine, STATE)
    larger, smaller = MetaData(), MetaData()
    for table in state.metadata.sorted_tables:
        table.to_metadata(larger)
        if table.name == "cursors":
            table.to_metadata(smaller)
    larger.tables["leases"].append_column(Column("reason", String))
    Table("leases", smaller, Column("consumer", String, primary_key=True))

    assert differences(engine, larger) == {("add_column", "reason")}
    assert differences(engine, smaller) == {
        ("remove_column", "holder"),
        ("remove_column", "expires_at"),
    }


def differences(engine: Engine, metadata: MetaData) -> set[tuple[str, str]]:
    names = set(metadata.tables)
    with engine.begin() as connection:
        context = MigrationContext.configure(
            connection,
            opts={"include_name": lambda name, kind, _: kind != "table" or name in names},
        )
        found = compare_metadata(context, metadata)
    flat = [change for group in found for change in (group if isinstance(group, list) else [group])]
    return {(str(change[0]), _subject_of(change)) for change in flat}


def _subject_of(change: tuple[Any, ...]) -> str:
    last = change[-1] if change[0] in {"add_column", "remove_column"} else change[1]
    if str(change[0]).startswith("modify_"):
        return str(change[3])
    return str(getattr(last, "name", last))


@pytest.mark.parametrize("history", [RECORDS, STATE], ids=["records", "state"])
def test_the_version_of_the_program_is_the_last_migration(history: History) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("version_locations", str(MIGRATIONS / history.name))
    config.set_main_option("path_separator", "newline")

    assert ScriptDirectory.from_config(config).get_heads() == [history.head]


def test_processes_that_create_one_store_at_once_all_succeed(location: Location) -> None:
    context = multiprocessing.get_context("spawn")
    pipes, children = [], []
    for _ in range(2):
        ours, theirs = context.Pipe()
        child = context.Process(target=open_new_store, args=(location, theirs))
        child.start()
        theirs.close()
        pipes.append(ours)
        children.append(child)
    for pipe in pipes:
        assert pipe.recv() == "ready"
    for pipe in pipes:
        pipe.send("go")
    answers = [pipe.recv() for pipe in pipes]
    for pipe, child in zip(pipes, children, strict=True):
        child.join()
        child.close()
        pipe.close()

    assert answers == ["0002", "0002"]


def test_threads_that_create_different_stores_do_not_mix_them_up(
    tmp_path: Path, postgres_database: str
) -> None:
    """Alembic keeps what it works on in a global: two at once would share it."""
    places: list[Location] = [tmp_path / f"{i}.db" for i in range(6)]

    def create(place: Location) -> set[str]:
        opened = open_store(place) if place != states else open_state(place)
        names = set(inspect(opened).get_table_names())
        opened.dispose()
        return names

    states = tmp_path / "state.db"
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(create, [*places, postgres_database, states]))

    assert found[:-1] == [set(schema.metadata.tables) | {"records_version"}] * 7
    assert found[-1] == set(state.metadata.tables) | {"state_version"}


def as_bytes(parts: list[Any]) -> list[bytes]:
    """NaN is not equal to itself, so opened parts are compared as bytes."""
    return [msgspec.msgpack.encode(part) for part in parts]
