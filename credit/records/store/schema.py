"""Tables of the record store, and how to open it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Column,
    Engine,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    insert,
    inspect,
    select,
)

from credit.errors import RecordStoreUnavailable
from credit.records.store.sqlite import (
    STORE_ERRORS,
    begin_immediate,
    create_private_file,
    sqlite_engine,
    use_wal,
)

SCHEMA_VERSION = 1

metadata = MetaData()

subjects = Table(
    "subjects",
    metadata,
    Column("subject_ref", String, primary_key=True),  # random; says nothing about the person
    Column("tenant", String, nullable=False),
    Column("applicant_digest", LargeBinary),  # keyed; null when no applicant id was given
    Column("created_at", String, nullable=False),
    Column("erased_at", String),
    # The digest covers the tenant and comes first: SQLite uses only the first column of a list
    # of pairs, and would walk all subjects of the tenant.
    UniqueConstraint("applicant_digest", "tenant"),
    sqlite_with_rowid=False,  # here and below: one tree less to write for each row
)

subject_keys = Table(
    "subject_keys",
    metadata,
    Column("key_id", String, primary_key=True),
    Column("subject_ref", ForeignKey("subjects.subject_ref"), nullable=False, index=True),
    Column("master_key_id", String, nullable=False),
    Column("wrapped_key", LargeBinary),  # null: destroyed, and what it sealed with it
    Column("created_at", String, nullable=False),
    Column("destroyed_at", String),
    sqlite_with_rowid=False,
)

records = Table(
    "records",
    metadata,
    # AUTOINCREMENT, so that a position is never given out twice.
    Column(
        "position",
        BigInteger().with_variant(Integer, "sqlite"),
        primary_key=True,
        autoincrement=True,
    ),
    Column("tenant", String, nullable=False),
    Column("route", String, nullable=False),
    Column("decision_id", String, nullable=False, unique=True),
    Column("writer", String, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("subject_ref", ForeignKey("subjects.subject_ref"), nullable=False, index=True),
    Column("key_id", ForeignKey("subject_keys.key_id"), nullable=False),
    Column("created_at", String, nullable=False),
    Column("clear", LargeBinary, nullable=False),  # JSON, the very bytes that were hashed
    Column("sealed", LargeBinary, nullable=False),
    # Orders late commits where transactions run side by side; null on SQLite, where they cannot.
    Column("commit_xid", BigInteger),
    UniqueConstraint("writer", "sequence"),
    sqlite_autoincrement=True,
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    # Keyed, because clients put names into keys; covers tenant and route, and comes first as above.
    Column("key_digest", LargeBinary, primary_key=True),
    Column("tenant", String, primary_key=True),
    Column("route", String, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    # No foreign key: the key is claimed before its record is written, in one transaction.
    Column("decision_id", String, nullable=False),
    sqlite_with_rowid=False,
)

schema_info = Table(
    "schema_info",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    # Digest of a constant under the lookup key that this store was filled with.
    Column("lookup_check", LargeBinary),
)


class StoreMissing(RecordStoreUnavailable):
    """There is no record store at this path yet."""


def open_store(path: Path, *, read_only: bool = False) -> Engine:
    """Open the record store at `path`; create it if it is missing and may be written.

    Parameters
    ----------
    read_only
        Open an existing store for reading only; nothing is created.

    Returns
    -------
    Engine
        Dispose of it when done. Write through `credit.records.store.sqlite.begin_immediate` only.

    Raises
    ------
    StoreMissing
        `read_only`, and there is no store yet.
    RecordStoreUnavailable
        The file cannot be opened, is something else, or has another schema version.
    """
    if read_only and not path.exists():
        raise StoreMissing(f"There is no record store at {path} yet.")
    engine = sqlite_engine(path, read_only=read_only)
    try:
        if not read_only:
            create_private_file(path)
            use_wal(engine)
            _create_tables(engine)
        _check_version(engine, path)
    except STORE_ERRORS as error:
        engine.dispose()
        raise cannot_open(path, error) from error
    except RecordStoreUnavailable:
        engine.dispose()
        raise
    return engine


def cannot_open(path: Path, error: Exception) -> RecordStoreUnavailable:
    """Say that the store at `path` cannot be opened, why, and what to do."""
    return RecordStoreUnavailable(
        f"The record store {path} cannot be opened ({cause_of(error)}); check that its folder "
        "exists, is on a local disk with free space, and that this user may write there."
    )


def cause_of(error: Exception) -> str:
    """Name the cause of a database or file error, without statements or values."""
    return str(getattr(error, "orig", None) or getattr(error, "strerror", None) or error)


def _create_tables(engine: Engine) -> None:
    # One transaction: another process sees no table or all of them.
    with begin_immediate(engine) as connection:
        if inspect(connection).get_table_names():
            return
        metadata.create_all(connection, checkfirst=False)
        connection.execute(insert(schema_info).values(version=SCHEMA_VERSION))


def _check_version(engine: Engine, path: Path) -> None:
    with engine.begin() as connection:
        tables = inspect(connection).get_table_names()
        if not tables:
            raise StoreMissing(f"There is no record store in {path} yet.")
        if schema_info.name not in tables:
            raise RecordStoreUnavailable(f"{path} is a database, but not a record store.")
        found = connection.execute(select(schema_info.c.version)).scalar_one()
    if found != SCHEMA_VERSION:
        raise RecordStoreUnavailable(
            f"The record store {path} has schema version {found}, this program reads and writes "
            f"version {SCHEMA_VERSION}; use the program that wrote it, or migrate the store."
        )
