"""A record store with decisions of one bundle, and a state database beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from credit.decision import Bundle
from credit.records import Location, NewRecord, RecordWriter, open_state
from tests.records.conftest import key_path, keys, path, reader, writer
from tests.records.mostly_sqlite import location
from tests.records.replay.decisions import applicants, decided, write
from tests.records.replay.test_replay import two_sources

__all__ = ["key_path", "keys", "location", "path", "reader", "two_sources", "writer"]


@pytest.fixture
def state(tmp_path: Path, location: Location) -> Iterator[Engine]:
    engine = open_state(tmp_path / "state.db" if isinstance(location, Path) else location)
    yield engine
    engine.dispose()


@pytest.fixture
def answered(writer: RecordWriter, lightgbm_bundle: Bundle) -> Callable[..., list[str]]:
    """Record decisions of the LightGBM bundle; ``change`` may alter each before it is written."""

    def record(
        n: int, *, seed: int = 1, change: Callable[[NewRecord], NewRecord] = lambda r: r
    ) -> list[str]:
        rows: Any = applicants(n, seed=seed)
        return write(writer, (change(decided(lightgbm_bundle, row)) for row in rows))

    return record
