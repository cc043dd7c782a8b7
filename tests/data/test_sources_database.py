"""Tables and queries of a real database file, read and never written."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy

from credit.data import read_source
from credit.errors import DataError

ROWS = [
    (1, 0.1 + 0.2, "own", None),
    (2, 5e-324, "rent", 7),
    (3, -1.7976931348623157e308, "a:b 100%", 8),
]


@pytest.fixture
def database(tmp_path: Path) -> str:
    path = tmp_path / "loan book.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table applications (id integer, x real, home text, n integer)")
        connection.executemany("insert into applications values (?, ?, ?, ?)", ROWS)
        connection.execute('create table "order" (a real)')
        connection.commit()
    return f"sqlite:///{path}"


def test_a_table_comes_with_every_bit(database: str) -> None:
    table = read_source(f"{database}#applications")

    assert list(table.columns) == ["id", "x", "home", "n"]
    assert table["x"].tolist() == [row[1] for row in ROWS]
    assert table["home"].tolist() == [row[2] for row in ROWS]
    np.testing.assert_array_equal(table["n"], [np.nan, 7, 8])


def test_a_table_may_be_named_with_its_schema(database: str) -> None:
    assert len(read_source(f"{database}#main.applications")) == len(ROWS)


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("select id from applications where n > 7", [3]),
        ("SELECT id FROM applications WHERE home = 'a:b 100%'", [3]),
        ("select id from applications where home like '%:b%'", [3]),
        ("with late as (select * from applications where id > 1) select id from late", [2, 3]),
    ],
)
def test_a_query_is_sent_as_it_is_written(database: str, query: str, ids: list[int]) -> None:
    assert read_source(f"{database}#{query}")["id"].tolist() == ids


def test_nothing_can_be_written(database: str) -> None:
    """SQLite runs a delete inside no select, so the file is opened read-only and this proves it."""
    writes = "with x as (select 1) delete from applications"

    with pytest.raises(DataError, match="the database refuses: attempt to write a readonly"):
        read_source(f"{database}#{writes}")

    assert len(read_source(f"{database}#applications")) == len(ROWS)


@pytest.mark.parametrize("tail", ["", "#", "# "])
def test_a_database_without_a_table_is_refused_with_what_to_append(
    database: str, tail: str
) -> None:
    with pytest.raises(DataError, match="names no table; append #table, or # and a query"):
        read_source(database + tail)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("gone", "the database refuses: no such table: gone"),
        ("drop table applications", "the database refuses: no such table: drop table applications"),
        ("select nowhere from applications", "the database refuses: no such column: nowhere"),
        ("select * from applications where id > 9", "holds no rows"),
        ("order", "holds no rows"),  # a keyword as a name is quoted
    ],
)
def test_what_the_database_does_not_give_is_refused(
    database: str, wanted: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read_source(f"{database}#{wanted}")


def test_a_missing_database_is_not_created(tmp_path: Path) -> None:
    path = tmp_path / "gone.db"

    with pytest.raises(DataError, match="gone.db: there is no such file"):
        read_source(f"sqlite:///{path}#t")

    assert not path.exists()


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / "rows.db").write_bytes(b"no database at all" * 99)

    with pytest.raises(DataError, match="the database refuses: file is not a database"):
        read_source(f"sqlite:///{tmp_path / 'rows.db'}#t")


@pytest.fixture
def no_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)


@pytest.mark.usefixtures("no_driver")
def test_a_missing_driver_is_named_and_the_password_is_not() -> None:
    with pytest.raises(DataError) as refused:
        read_source("postgresql+psycopg://me:geheim@host/db?password=geheim#loans")

    assert str(refused.value) == (
        "postgresql+psycopg://me:***@host/db: the driver psycopg is not installed; "
        "install it and try again"
    )


@pytest.fixture
def closed_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine whose driver refuses to connect and repeats the password, as careless ones do."""

    def refuse() -> sqlite3.Connection:
        raise sqlite3.OperationalError("user me may not enter with geheim\nand more")

    real = sqlalchemy.create_engine

    def engine(url: Any, **options: Any) -> sqlalchemy.Engine:
        return real("sqlite://", creator=refuse)

    monkeypatch.setattr(sqlalchemy, "create_engine", engine)


@pytest.mark.usefixtures("closed_database")
def test_a_driver_that_repeats_the_password_is_not_quoted() -> None:
    with pytest.raises(DataError) as refused:
        read_source("postgresql+psycopg://me:geheim@host/db#loans")

    assert str(refused.value) == (
        "postgresql+psycopg://me:***@host/db: the database refuses: user me may not enter with ***"
    )


def test_an_address_that_cannot_be_parsed_is_not_repeated() -> None:
    with pytest.raises(DataError, match="cannot be read as a database URL") as refused:
        read_source("postgresql://me:geheim@host:port/db#loans")

    assert "geheim" not in str(refused.value)
    assert refused.value.__cause__ is None
