"""Arrays that are encoded here are what PostgreSQL reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Connection, LargeBinary, String
from sqlalchemy.types import TypeEngine

from credit.records.store.arrays import array_of, array_type
from credit.records.store.engine import open_engine

KINDS: dict[str, tuple[TypeEngine[Any], st.SearchStrategy[Any]]] = {
    "texts": (String(), st.text(st.characters(exclude_characters="\0", codec="utf-8"))),
    "bytes": (LargeBinary(), st.binary()),
    "numbers": (BigInteger(), st.integers(-(2**63), 2**63 - 1)),
}


@pytest.fixture
def connection(postgres_database: str) -> Iterator[Connection]:
    engine = open_engine(postgres_database)
    with engine.connect() as opened:
        yield opened
    engine.dispose()


@pytest.mark.parametrize("name", KINDS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_server_reads_what_was_encoded(
    connection: Connection, name: str, data: st.DataObject
) -> None:
    kind, of_kind = KINDS[name]
    values = data.draw(st.lists(st.none() | of_kind, max_size=5))

    statement = f"SELECT * FROM unnest(%b::{array_type(kind)})"  # noqa: S608
    read = connection.exec_driver_sql(statement, (array_of(kind, values),)).scalars().all()

    assert list(read) == values
