"""Places for stores, servers that may be killed, and random points that can be repeated."""

from __future__ import annotations

import logging
import os
import random
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from credit.records import LocalKeyFile, Location
from tests.faults.disk import Disk
from tests.faults.ledger import Ledger
from tests.faults.lossy_vfs import lossy
from tests.postgres import PostgresServer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the SQLite store is."""
    found = tmp_path / "var" / "records.db"
    found.parent.mkdir()
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest) -> Location:
    """A place for a new store, on each database in turn."""
    name = "path" if request.param == "sqlite" else "postgres_database"
    found: Location = request.getfixturevalue(name)
    return found


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "keys" / "keys.json"


@pytest.fixture
def keys(key_file: Path) -> LocalKeyFile:
    return LocalKeyFile(key_file)


@pytest.fixture
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def disk(path: Path) -> Iterator[Disk]:
    """The disk beneath the SQLite store, for this process."""
    with lossy(path.parent) as found:
        yield found


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A PostgreSQL that the tests of one module may stop and kill."""
    server = PostgresServer()
    yield server
    server.remove()


@pytest.fixture
def own_database(own_server: PostgresServer) -> str:
    return own_server.database(f"test_{secrets.token_hex(6)}")


@pytest.fixture
def quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Every refused batch is logged with its traceback, and here there are many."""
    caplog.set_level(logging.CRITICAL, logger="credit.records")


@pytest.fixture
def chance() -> random.Random:
    """Where faults strike: elsewhere in each run; a failure shows how to repeat it."""
    seed = int(os.environ.get("FAULTS_SEED") or secrets.randbits(32))
    print(f"repeat with FAULTS_SEED={seed}")  # noqa: T201 - shown when the test fails
    return random.Random(seed)  # noqa: S311
