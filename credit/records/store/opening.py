"""Open the record store."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, inspect

from credit.errors import CreditError, RecordStoreUnavailable
from credit.records.store.engine import (
    STORE_ERRORS,
    cause_of,
    is_sqlite,
    make_durable,
    open_engine,
)
from credit.records.store.location import Location, name_of
from credit.records.store.migrate import RECORDS, check_version, create_if_empty, version_of
from credit.records.store.postgres import refuse_foreign_order


class StoreMissing(RecordStoreUnavailable):
    """There is no record store at this place yet."""


def open_store(location: Location, *, read_only: bool = False) -> Engine:
    """Open a record store; create it if it is missing and may be written.

    Parameters
    ----------
    read_only
        Open an existing store for reading only; nothing is created.

    Returns
    -------
    Engine
        Dispose of it when done. Write through `credit.records.store.engine.begin_write` only.

    Raises
    ------
    StoreMissing
        `read_only`, and there is no store yet.
    RecordStoreUnavailable
        It cannot be opened, would not be durable, is something else, or has another schema version.
    """
    if read_only and isinstance(location, Path) and not location.exists():
        raise _missing(location)
    engine = open_engine(location, read_only=read_only)
    try:
        if not read_only:
            make_durable(engine)
            _refuse_other_content(engine, location)
            create_if_empty(engine, RECORDS)
        _check(engine, location)
    except STORE_ERRORS as error:
        engine.dispose()
        raise cannot_open(location, error) from error
    except CreditError:
        engine.dispose()
        raise
    return engine


def cannot_open(location: Location, error: Exception) -> RecordStoreUnavailable:
    """Say that a store cannot be opened, why, and what to do."""
    advice = (
        "check that its folder exists, is on a local disk with free space, and that this user may write there"
        if isinstance(location, Path)
        else "check that the server runs, and that this user may connect and create tables there"
    )
    return RecordStoreUnavailable(
        f"The record store {name_of(location)} cannot be opened ({cause_of(error)}); {advice}."
    )


def _refuse_other_content(engine: Engine, location: Location) -> None:
    """Refuse an SQLite file of some other program; a PostgreSQL database may be shared."""
    if not isinstance(location, Path):
        return
    with engine.begin() as connection:
        if version_of(connection, RECORDS) is None and inspect(connection).get_table_names():
            raise RecordStoreUnavailable(f"{location} is a database, but not a record store.")


def _check(engine: Engine, location: Location) -> None:
    _refuse_other_content(engine, location)
    with engine.begin() as connection:
        if version_of(connection, RECORDS) is None:
            raise _missing(location)
        check_version(connection, RECORDS, name_of(location))
        if not is_sqlite(connection):
            refuse_foreign_order(connection)


def _missing(location: Location) -> StoreMissing:
    return StoreMissing(f"There is no record store at {name_of(location)} yet.")
