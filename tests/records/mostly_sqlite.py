"""Fixtures for tests that run on SQLite unless they hang on the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from credit.records import Location
from credit.records.store.engine import begin_write, open_engine

BOTH = pytest.mark.parametrize("location", ["sqlite", "postgresql"], indirect=True)
"""For tests that hang on the database; the others compare numbers, and run on SQLite."""


@pytest.fixture
def location(request: pytest.FixtureRequest) -> Location:
    name = getattr(request, "param", "sqlite")
    found: Location = request.getfixturevalue("path" if name == "sqlite" else "postgres_database")
    return found


@pytest.fixture
def update(location: Location) -> Iterator[Callable[..., None]]:
    """Change the database behind the store's back."""
    engine = open_engine(location)

    def run(statement: str, **values: object) -> None:
        with begin_write(engine) as connection:
            connection.execute(text(statement), values)

    yield run
    engine.dispose()
