"""Insert many rows at the cost of the database, not of building statements.

SQLAlchemy's work for each row takes longer than the insert itself, so these go to the driver.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Select, Table
from sqlalchemy.dialects import sqlite

from credit.records.store.arrays import array_of, array_type
from credit.records.store.engine import is_sqlite
from credit.records.store.sqlite import raw_cursor

Row = tuple[Any, ...]

_MOST_ROWS = 64
_SQLITE = sqlite.dialect()


def insert_rows(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row]
) -> None:
    """Insert rows, all of them or none.

    Parameters
    ----------
    columns
        What the values of a row are, in order.
    """
    if rows:
        _insert(connection, table, columns, rows, skip_conflicts=False)


def insert_new_rows(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row]
) -> int:
    """Insert those rows whose keys are free; the others are left out without an error.

    Returns
    -------
    How many were inserted.
    """
    return _insert(connection, table, columns, rows, skip_conflicts=True) if rows else 0


def find_in(
    connection: Connection, statement: Select[Any], parameter: str, values: Sequence[Any]
) -> Sequence[Sequence[Any]]:
    """Run a select whose expanding `parameter` is its only one.

    Parameters
    ----------
    values
        At least one.
    """
    if not is_sqlite(connection):
        return connection.execute(statement, {parameter: list(values)}).all()
    # Repeating a value changes no answer, and few lengths need few statements.
    length = 1 << (len(values) - 1).bit_length()
    padded = (*values, *[values[-1]] * (length - len(values)))
    with raw_cursor(connection) as cursor:
        cursor.execute(_select_for_sqlite(statement, parameter, length), padded)
        found: Sequence[Sequence[Any]] = cursor.fetchall()
    return found


@lru_cache(maxsize=64)
def _select_for_sqlite(statement: Select[Any], parameter: str, length: int) -> str:
    filled = statement.params({parameter: [b""] * length})
    compiled = filled.compile(dialect=_SQLITE, compile_kwargs={"render_postcompile": True})
    return str(compiled)


def _insert(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    rows: Sequence[Row],
    *,
    skip_conflicts: bool,
) -> int:
    names = tuple(columns)
    if is_sqlite(connection):
        n_inserted = 0
        with raw_cursor(connection) as cursor:
            for chunk in _in_chunks(rows):
                statement = _for_sqlite(table, names, len(chunk), skip_conflicts=skip_conflicts)
                cursor.execute(statement, tuple(chain.from_iterable(chunk)))
                n_inserted += cursor.rowcount
        return n_inserted
    # One array for each column: one message and one plan, however many rows there are.
    statement = _for_postgres(table, names, skip_conflicts=skip_conflicts)
    kinds = [table.c[name].type for name in names]
    arrays = tuple(array_of(*column) for column in zip(kinds, zip(*rows, strict=True), strict=True))
    return connection.exec_driver_sql(statement, arrays).rowcount


def _in_chunks(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Cut rows into lengths that are powers of two, so that few statements serve all batches."""
    begin = 0
    while left := len(rows) - begin:
        length = min(_MOST_ROWS, 1 << (left.bit_length() - 1))
        yield rows[begin : begin + length]
        begin += length


@lru_cache(maxsize=64)
def _for_sqlite(
    table: Table, columns: tuple[str, ...], n_rows: int, *, skip_conflicts: bool
) -> str:
    # One statement for many rows: each step of SQLite gives the interpreter to another thread, and a
    # busy event loop keeps it for milliseconds.
    row = f"({', '.join('?' for _ in columns)})"
    return f"{_into(table, columns)} VALUES {', '.join([row] * n_rows)}{_unless(skip_conflicts)}"


@lru_cache(maxsize=32)
def _for_postgres(table: Table, columns: tuple[str, ...], *, skip_conflicts: bool) -> str:
    arrays = ", ".join(f"%b::{array_type(table.c[name].type)}" for name in columns)
    return f"{_into(table, columns)} SELECT * FROM unnest({arrays}){_unless(skip_conflicts)}"  # noqa: S608 - our own names


def _into(table: Table, columns: Sequence[str]) -> str:
    return f"INSERT INTO {table.name} ({', '.join(columns)})"


def _unless(skip_conflicts: bool) -> str:
    return " ON CONFLICT DO NOTHING" if skip_conflicts else ""
