"""Tables out of a database, which is read and never written."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DBAPIError,
    NoSuchModuleError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.pool import NullPool

from credit.errors import DataError

QUERY_BEGINNINGS = ("select ", "with ")


def read_database(reference: str) -> pd.DataFrame:
    """Read a table or the rows of a query.

    The session is read-only on SQLite and PostgreSQL, and nothing is committed on any other.

    Parameters
    ----------
    reference
        An SQLAlchemy URL, ``#``, and the name of a table (``schema.table``) or a query that begins
        with ``select`` or ``with``. A ``#`` inside a password is written ``%23``.

    Raises
    ------
    DataError
        When the URL is unknown or names no table, its driver is not installed, or the database
        refuses. The message never holds the password.
    """
    address, _, wanted = reference.partition("#")
    url, label = _url(address)
    if not wanted.strip():
        raise DataError(
            f"{label}: names no table; append #table, or # and a query that begins with select"
        )
    statement = _statement(wanted.strip())
    engine = _engine(url, label)
    try:
        with engine.connect() as connection:
            frame = pd.read_sql(statement, connection)
    except SQLAlchemyError as error:
        raise DataError(f"{label}: the database refuses: {_cause(error, url)}") from error
    finally:
        engine.dispose()
    if frame.empty:
        raise DataError(f"{label}: holds no rows")
    return frame


def _url(address: str) -> tuple[sa.URL, str]:
    """Parse the address; the label leaves out the query, where drivers take passwords, too."""
    try:
        url = sa.make_url(address)
    except (ArgumentError, ValueError):
        scheme = address.partition("://")[0]
        # Not chained: the message of the parser repeats the address.
        raise DataError(
            f"{scheme}://...: cannot be read as a database URL; expected dialect://user@host/database#table"
        ) from None
    return url, url.set(query={}).render_as_string(hide_password=True)


def _statement(wanted: str) -> sa.TextClause | sa.Select[tuple[str]]:
    if wanted.lower().startswith(QUERY_BEGINNINGS):
        return sa.text(wanted.replace(":", r"\:"))  # a colon is SQL here, never a parameter
    schema, _, table = wanted.rpartition(".")
    return sa.select(sa.text("*")).select_from(sa.table(table, schema=schema or None))


def _engine(url: sa.URL, label: str) -> sa.Engine:
    if url.get_backend_name() == "sqlite":
        path = Path(url.database or "")
        if not path.is_file():
            raise DataError(f"{label}: there is no such file")
        address = f"{path.absolute().as_uri()}?mode=ro"  # SQLite would create or alter it otherwise
        return sa.create_engine(
            "sqlite://", creator=lambda: sqlite3.connect(address, uri=True), poolclass=NullPool
        )
    options = {"postgresql_readonly": True} if url.get_backend_name() == "postgresql" else {}
    try:
        return sa.create_engine(url, poolclass=NullPool, execution_options=options)
    except NoSuchModuleError as error:
        raise DataError(
            f"{label}: unknown kind of source; expected a file, openml:ID, s3://, gs://, or the URL of a "
            "database that SQLAlchemy knows"
        ) from error
    except ModuleNotFoundError as error:
        raise DataError(
            f"{label}: the driver {error.name} is not installed; install it and try again"
        ) from error


def _cause(error: SQLAlchemyError, url: sa.URL) -> str:
    """Say why, without the password; errors of other classes may quote a value of a row."""
    if not isinstance(error, DBAPIError):
        return type(error).__name__
    if type(error) not in (DatabaseError, OperationalError, ProgrammingError):
        return type(error.orig).__name__
    lines = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
    return lines[0].replace(url.password, "***") if url.password else lines[0]
