"""One way to open and to write, whichever database stands behind it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from credit.records.store import postgres, sqlite
from credit.records.store.location import Location

STORE_ERRORS = sqlite.STORE_ERRORS
"""All that opening or using a database may raise: SQLAlchemy wraps most driver errors, not all."""


def open_engine(location: Location, *, read_only: bool = False) -> Engine:
    """Describe how to connect; nothing is opened yet. Dispose of the engine when done."""
    if isinstance(location, Path):
        return sqlite.sqlite_engine(location, read_only=read_only)
    return postgres.postgres_engine(location, read_only=read_only)


def make_durable(engine: Engine) -> None:
    """Make sure, before the first write, that a commit will survive a power cut.

    Raises
    ------
    RecordStoreUnavailable
        The database is set to acknowledge what is not on disk, or its file lies where SQLite cannot
        keep that promise.
    """
    if is_sqlite(engine):
        sqlite.make_durable(engine)
    else:
        postgres.refuse_unsafe_settings(engine)


def settle_log(location: Location) -> None:
    """Before a writer opens a store: put on disk what the last one may have left unsynced.

    PostgreSQL sees to this itself when it starts.

    Raises
    ------
    OSError
        The disk refuses.
    """
    if isinstance(location, Path):
        sqlite.rewrite_log(location)


@contextlib.contextmanager
def begin_write(engine: Engine) -> Iterator[Connection]:
    """Hold a write transaction: commits at the end, rolls back on an error.

    On SQLite it is the only one of its file, and waits for others at a file lock. On PostgreSQL
    transactions run side by side at READ COMMITTED: what must not happen twice needs a unique
    constraint, or a row that is locked.
    """
    with sqlite.begin_immediate(engine) if is_sqlite(engine) else engine.begin() as connection:
        yield connection


@contextlib.contextmanager
def write_on(connection: Connection) -> Iterator[None]:
    """Hold a write transaction on an open connection, for those who write all the time."""
    with sqlite.write_on(connection) if is_sqlite(connection) else connection.begin():
        yield


def prepare_to_write(connection: Connection) -> None:
    """Set a connection up for one who writes records all the time and looks up nothing without an index."""
    if not is_sqlite(connection):
        postgres.expect_lookups_only(connection)


@contextlib.contextmanager
def begin_alone(engine: Engine) -> Iterator[Connection]:
    """Hold a write transaction that excludes every other of this kind, on both databases."""
    with begin_write(engine) as connection:
        if not is_sqlite(engine):
            postgres.exclude_others(connection)
        yield connection


def insert_into(connection: Connection, table: Table) -> Any:
    """Begin an INSERT that knows ``on_conflict_do_nothing``, which both databases spell alike."""
    return sqlite_insert(table) if is_sqlite(connection) else postgres_insert(table)


def is_sqlite(engine: Engine | Connection) -> bool:
    """Tell which of the two databases this is."""
    return engine.dialect.name == "sqlite"


def cause_of(error: Exception) -> str:
    """Name the cause of a database or file error, without statements or values."""
    cause = getattr(error, "orig", None)
    if cause is not None and getattr(cause, "sqlstate", None) is not None:
        # PostgreSQL's detail lines quote the values of a row; its first line does not.
        return str(cause).partition("\n")[0]
    return str(cause or getattr(error, "strerror", None) or error)
