"""A consumer as small as one can be: its result is the list of decisions it has seen."""

from __future__ import annotations

from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, insert, select

from credit.records import RecordReader, advance_cursor, begin_write, read_cursor

results = Table(
    "results",
    MetaData(),
    Column("id", Integer, primary_key=True, autoincrement=True),
    # Not unique: a decision that is counted twice must show in the list.
    Column("decision_id", String),
)


def consume(reader: RecordReader, state: Engine, limit: int) -> int:
    """Store the ids of one page: what any consumer does."""
    expected = read_cursor(state, "consumer")
    page = reader.after(expected, limit)
    if page:
        with begin_write(state) as connection:
            advance_cursor(connection, "consumer", expected, page[-1].cursor)
            connection.execute(insert(results), [{"decision_id": r.decision_id} for r in page])
    return len(page)


def stored_results(state: Engine) -> list[str]:
    """Read the decisions that were seen, in the order in which they were."""
    with state.begin() as connection:
        seen = select(results.c.decision_id).order_by(results.c.id)
        return [str(decision_id) for decision_id in connection.execute(seen).scalars()]
