from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from credit.records import Location, open_state
from credit.records.store.state import ensure_tables
from tests.records.reading.consumer import results


@pytest.fixture
def state_location(location: Location, tmp_path: Path) -> Location:
    """Where the state is: on PostgreSQL in the database of the records, as an operator may choose."""
    return tmp_path / "var" / "state.db" if isinstance(location, Path) else location


@pytest.fixture
def state(state_location: Location) -> Iterator[Engine]:
    engine = open_state(state_location)
    ensure_tables(engine, results.metadata)
    yield engine
    engine.dispose()
