"""A store with an anchor, on each database in turn, and ways to do wrong to it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from credit.records import LocalKeyFile, Location
from credit.records.store.schema import metadata
from tests.records.proof.filling import fill
from tests.records.proof.proven import Proven
from tests.records.samples import foreign_engine

_TABLES = metadata.sorted_tables


class Snapshot:
    """The content of a store at one moment, and the means to have it again.

    A new PostgreSQL database for each test would take most of the time.
    """

    def __init__(self, location: Location) -> None:
        self._location = location
        self._rows: dict[str, list[dict[str, Any]]] = {}
        engine = foreign_engine(location)
        with engine.connect() as connection:
            for table in _TABLES:
                rows = connection.execute(table.select())
                self._rows[table.name] = [{str(k): v for k, v in r._asdict().items()} for r in rows]
        engine.dispose()

    def restore(self) -> None:
        """Undo whatever a test did to the tables."""
        last = {"last": max(row["position"] for row in self._rows["records"])}
        engine = foreign_engine(self._location)
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL session_replication_role = replica"))
            for table in reversed(_TABLES):
                connection.execute(table.delete())
            for table in _TABLES:
                if rows := self._rows[table.name]:
                    connection.execute(table.insert(), rows)
            if engine.dialect.name == "postgresql":
                connection.execute(text("SELECT setval('records_position_seq', :last)"), last)
            else:
                connection.execute(text("UPDATE sqlite_sequence SET seq = :last"), last)
        engine.dispose()


class Original:
    """A store of 30 records in two chains that take turns; positions 1 to 30, no checkpoint yet."""

    def __init__(self, location: Location, keys: LocalKeyFile) -> None:
        self.location = location
        self.keys = keys
        fill(location, keys, 30, n_chains=2, batch=5)
        self.snapshot = Snapshot(location)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def original(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Original:
    folder = tmp_path_factory.mktemp("original")
    if request.param == "sqlite":
        location: Location = folder / "records.db"
    else:
        server = request.getfixturevalue("postgres_server")
        location = server.database(f"proof_{folder.name}_{id(folder)}")
    return Original(location, LocalKeyFile(folder / "keys.json"))


@pytest.fixture
def proven(original: Original, tmp_path: Path) -> Iterator[Proven]:
    """`Original`, and what its owner has."""
    original.snapshot.restore()
    made = Proven(original.location, original.keys, tmp_path)
    yield made
    made.close()


@pytest.fixture(scope="module")
def signed_original(
    original: Original, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Snapshot, Path]:
    """The store with three checkpoints, and a folder with what lies outside of it."""
    original.snapshot.restore()
    folder = tmp_path_factory.mktemp("signed")
    proven = Proven(original.location, original.keys, folder)
    checkpointer = proven.checkpointer()
    for _ in range(3):
        proven.fill(2)
        checkpointer.step()
    proven.close()
    return Snapshot(original.location), folder


@pytest.fixture
def signed(
    original: Original, signed_original: tuple[Snapshot, Path], tmp_path: Path
) -> Iterator[Proven]:
    """A store of 36 records in five chains with three checkpoints, all of them in the anchor."""
    snapshot, folder = signed_original
    snapshot.restore()
    shutil.copytree(folder, tmp_path / "owner")
    made = Proven(original.location, original.keys, tmp_path / "owner")
    yield made
    made.close()
