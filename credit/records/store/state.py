"""The state database: what consumers and operators keep, apart from the records themselves."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table

from credit.errors import RecordStoreUnavailable
from credit.records.store.schema import cause_of
from credit.records.store.sqlite import (
    STORE_ERRORS,
    begin_immediate,
    create_private_file,
    sqlite_engine,
    use_wal,
)

__all__ = ["begin_immediate", "ensure_tables", "open_state"]

metadata = MetaData()

cursors = Table(
    "cursors",
    metadata,
    Column("consumer", String, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("updated_at", String, nullable=False),
)


def open_state(path: Path) -> Engine:
    """Open the state database at `path`, creating it if missing; dispose of the engine when done.

    Raises
    ------
    RecordStoreUnavailable
        It cannot be opened for writing.
    """
    engine = sqlite_engine(path)
    try:
        create_private_file(path)
        use_wal(engine)
        ensure_tables(engine, metadata)
    except STORE_ERRORS as error:
        engine.dispose()
        raise RecordStoreUnavailable(
            f"The state database {path} cannot be opened ({cause_of(error)}); check that its "
            "folder exists, is on a local disk with free space, and that this user may write there."
        ) from error
    return engine


def ensure_tables(engine: Engine, tables: MetaData) -> None:
    """Create those of `tables` that are missing; each package calls it for its own."""
    with begin_immediate(engine) as connection:
        tables.create_all(connection)
