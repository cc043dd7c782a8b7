from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from credit.records import LocalKeyFile, Location, RecordReader, RecordWriter
from tests.postgres import PostgresServer


@pytest.fixture(scope="session")
def fragile_server() -> Iterator[PostgresServer]:
    """A PostgreSQL that tests stop, kill and set up badly; each leaves it running and as it was."""
    server = PostgresServer()
    yield server
    server.remove()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the SQLite store is; for tests that are about the file."""
    return tmp_path / "var" / "records.db"


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest) -> Location:
    """A place for a new store, on each database in turn."""
    name = "path" if request.param == "sqlite" else "postgres_database"
    found: Location = request.getfixturevalue(name)
    return found


@pytest.fixture
def key_path(tmp_path: Path) -> Path:
    return tmp_path / "var" / "keys.json"


@pytest.fixture
def keys(key_path: Path) -> LocalKeyFile:
    return LocalKeyFile(key_path)


@pytest.fixture
def writer(location: Location, keys: LocalKeyFile) -> Iterator[RecordWriter]:
    with RecordWriter(location, keys) as writer:
        yield writer


@pytest.fixture
def reader(location: Location, keys: LocalKeyFile) -> Iterator[RecordReader]:
    with RecordReader(location, keys) as reader:
        yield reader
