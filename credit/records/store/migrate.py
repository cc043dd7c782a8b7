"""Schema versions: what a database has, what this program needs, and the way from one to the other."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from credit.errors import RecordStoreUnavailable
from credit.records.store.engine import begin_alone

_FOLDER = Path(__file__).parent / "migrations"
# Alembic keeps what it works on in a global: two threads would migrate one another's database.
_alembic = threading.Lock()


@dataclass(frozen=True, slots=True)
class History:
    """The migrations of one database.

    Attributes
    ----------
    name
        What the database is, in messages; its migrations lie in the folder of the same name.
    head
        The version this program reads and writes.
    unversioned
        The table by which a database from before versions were kept is known.
    """

    name: str
    head: str
    unversioned: str

    @property
    def version_table(self) -> str:
        """Where the version is kept; two histories may share one PostgreSQL database."""
        return f"{self.name}_version"


RECORDS = History("records", head="0002", unversioned="schema_info")
STATE = History("state", head="0002", unversioned="cursors")
_FIRST = "0001"


def version_of(connection: Connection, history: History) -> str | None:
    """Read the schema version; None for a database that holds nothing of this history."""
    tables = set(inspect(connection).get_table_names())
    if history.version_table in tables:
        statement = text(f"SELECT version_num FROM {history.version_table}")  # noqa: S608 - our own name
        return connection.execute(statement).scalar_one_or_none()
    return _FIRST if history.unversioned in tables else None


def create_if_empty(engine: Engine, history: History) -> None:
    """Give an empty database its schema; anything else is left as it is."""
    with engine.begin() as connection:
        if version_of(connection, history) is not None:
            return
    # Again, alone: another process may have been faster.
    with begin_alone(engine) as connection:
        if version_of(connection, history) is None:
            _upgrade(connection, history, stamp=None)


def migrate(engine: Engine, history: History) -> tuple[str | None, str]:
    """Bring a database to the version of this program, with all its data, in one transaction.

    Returns
    -------
    The versions before and after.

    Raises
    ------
    RecordStoreUnavailable
        It was written by a newer program.
    """
    with begin_alone(engine) as connection:
        found = version_of(connection, history)
        if found is not None and found > history.head:
            raise RecordStoreUnavailable(_newer(history, found))
        versioned = history.version_table in inspect(connection).get_table_names()
        _upgrade(connection, history, stamp=None if versioned else found)
    return found, history.head


def check_version(connection: Connection, history: History, name: str) -> None:
    """Refuse a database whose schema is not the one of this program.

    Raises
    ------
    RecordStoreUnavailable
        Saying which of the two is older, and what to do.
    """
    found = version_of(connection, history)
    if found is None or found == history.head:
        return
    if found > history.head:
        raise RecordStoreUnavailable(f"{name}: {_newer(history, found)}")
    raise RecordStoreUnavailable(
        f"{name}: the {history.name} database has schema version {found}, this program needs "
        f"{history.head}; stop every service that uses it, back it up, and run: credit records migrate"
    )


def _newer(history: History, found: str) -> str:
    return (
        f"the {history.name} database has schema version {found}, this program knows {history.head}; "
        "use the newer program that wrote it"
    )


def _upgrade(connection: Connection, history: History, *, stamp: str | None) -> None:
    # Here, because a process that finds its schema in order never needs it.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("version_locations", str(_FOLDER / history.name).replace("%", "%%"))
    config.set_main_option("path_separator", "newline")
    config.attributes.update(connection=connection, version_table=history.version_table)
    with _alembic:
        if stamp is not None:
            command.stamp(config, stamp)
        command.upgrade(config, "head")
