"""The state database: what consumers and operators keep, apart from the records themselves."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Engine, Float, Integer, MetaData, String, Table

from credit.errors import CreditError, RecordStoreUnavailable
from credit.records.store.engine import (
    STORE_ERRORS,
    begin_alone,
    cause_of,
    make_durable,
    open_engine,
)
from credit.records.store.location import Location, name_of
from credit.records.store.migrate import STATE, check_version, create_if_empty

metadata = MetaData()

cursors = Table(
    "cursors",
    metadata,
    Column("consumer", String, primary_key=True),
    Column("commit_xid", BigInteger, nullable=False),
    Column("position", BigInteger().with_variant(Integer, "sqlite"), nullable=False),
    Column("updated_at", String, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("consumer", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("expires_at", Float, nullable=False),  # Unix time
)


def open_state(location: Location) -> Engine:
    """Open the state database, creating it if missing; dispose of the engine when done.

    Raises
    ------
    RecordStoreUnavailable
        It cannot be opened for writing, or has another schema version.
    """
    engine = open_engine(location)
    try:
        make_durable(engine)
        create_if_empty(engine, STATE)
        with engine.begin() as connection:
            check_version(connection, STATE, name_of(location))
    except STORE_ERRORS as error:
        engine.dispose()
        raise RecordStoreUnavailable(
            f"The state database {name_of(location)} cannot be opened ({cause_of(error)}); check that "
            "its folder exists, is on a local disk with free space, and that this user may write there."
        ) from error
    except CreditError:
        engine.dispose()
        raise
    return engine


def ensure_tables(engine: Engine, tables: MetaData) -> None:
    """Create those of `tables` that are missing; each package calls it for its own."""
    with begin_alone(engine) as connection:
        tables.create_all(connection)
