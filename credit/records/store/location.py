"""Where a database is: a file, or the address of a PostgreSQL server."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from credit.errors import SettingsInvalid

Location: TypeAlias = Path | str
"""A path is an SQLite file; text is ``postgresql://user:password@host/database``."""


def postgres_url(address: str) -> URL:
    """Read the address of a PostgreSQL database.

    Raises
    ------
    SettingsInvalid
        When it is none; the message does not quote it, for it may hold a password.
    """
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        # The cause is dropped on purpose: it may quote what stands where a port is expected.
        url = None
    if url is None:
        raise SettingsInvalid(
            "A database address cannot be read; write postgresql://user:password@host:5432/database."
        )
    if url.get_backend_name() != "postgresql":
        raise SettingsInvalid(
            f"{url.get_backend_name()} is no database for records; write "
            "postgresql://user:password@host:5432/database, or give a file for SQLite."
        )
    return url.set(drivername="postgresql+psycopg")


def name_of(location: Location) -> str:
    """Name a database in messages, without its password."""
    if isinstance(location, Path):
        return str(location)
    url = postgres_url(location)
    return f"postgresql://{url.host or url.query.get('host', '')}/{url.database or ''}"
