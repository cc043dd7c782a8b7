"""The view of predictions: the columns that were promised, and nothing that is sealed."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from sqlalchemy import text

from credit.records import LocalKeyFile, Location, RecordWriter
from tests.records.samples import clear_part, foreign_engine, new_record

COLUMNS = [
    *("decision_id", "tenant", "timestamp", "input", "default_probability", "credit_score"),
    *("rating", "decision", "arm", "model"),
]


def predictions(location: Location, statement: str = "SELECT * FROM predictions") -> list[Any]:
    engine = foreign_engine(location)
    with engine.begin() as connection:
        rows = list(connection.execute(text(statement)).mappings())
    engine.dispose()
    return rows


def test_predictions_have_the_columns_that_were_promised(
    writer: RecordWriter, location: Location
) -> None:
    record = new_record(tenant="north")
    writer.append(record).result()

    [row] = predictions(location)

    assert list(row) == COLUMNS
    assert dict(row) == {
        "decision_id": record.decision_id,
        "tenant": "north",
        "timestamp": "2025-03-01T12:00:00.000001+00:00",
        "input": None,
        "default_probability": 0.0417,
        "credit_score": 577.25,
        "rating": "Good",
        "decision": "approve",
        "arm": "champion",
        "model": "credit-retail/3",
    }


@pytest.mark.parametrize(
    ("probability", "score"),
    [(0.1 + 0.2, 577.2500000000001), (5e-324, -0.0), (1.0, 1e22), (0.0, 600)],
)
def test_numbers_are_those_of_the_record_to_the_bit(
    writer: RecordWriter, location: Location, probability: float, score: float
) -> None:
    clear = clear_part(probability_of_default=probability, score=score)
    writer.append(new_record(clear=clear)).result()

    [row] = predictions(location)

    assert row["default_probability"].hex() == probability.hex()
    assert row["credit_score"] == score
    assert isinstance(row["credit_score"], float)


def test_predictions_can_be_asked_in_sql(writer: RecordWriter, location: Location) -> None:
    for rating, score in [("Good", 600.0), ("Good", 620.0), ("Poor", 480.0)]:
        writer.append(new_record(clear=clear_part(rating=rating, score=score))).result()

    rows = predictions(
        location,
        "SELECT rating, count(*) AS n, avg(credit_score) AS mean FROM predictions "
        "WHERE default_probability < 0.05 GROUP BY rating ORDER BY rating",
    )

    assert [tuple(row.values()) for row in rows] == [("Good", 2, 610.0), ("Poor", 1, 480.0)]


def test_predictions_hold_nothing_that_is_sealed(writer: RecordWriter, location: Location) -> None:
    record = new_record(
        application={"income": 98765.4321, "purpose": "marker"}, applicant_id="erika"
    )
    writer.append(record).result()

    shown = str([dict(row) for row in predictions(location)])

    for sealed in ("98765", "marker", "erika", "application-1", "1234.5678"):
        assert sealed not in shown
    assert record.decision_id in shown  # control


def test_a_user_who_may_read_only_the_view_reads_no_record(
    postgres_database: str, keys: LocalKeyFile
) -> None:
    """As the operator of a dashboard gets it on PostgreSQL."""
    with RecordWriter(postgres_database, keys) as writer:
        writer.append(new_record()).result()
    with psycopg.connect(postgres_database) as connection:
        connection.execute("CREATE ROLE dashboard")
        try:
            connection.execute("GRANT SELECT ON predictions TO dashboard")
            connection.execute("SET ROLE dashboard")
            [(count,)] = connection.execute("SELECT count(*) FROM predictions").fetchall()
            with (
                pytest.raises(psycopg.errors.InsufficientPrivilege),
                connection.transaction(),
            ):
                connection.execute("SELECT sealed FROM records")
        finally:
            connection.rollback()

    assert count == 1
