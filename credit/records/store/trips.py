"""Prepared statements of PostgreSQL in as few round trips, and as little Python, as there can be.

For the few statements that every batch runs. They go past SQLAlchemy and the Python part of the driver to
the library beneath; the transaction and the errors are SQLAlchemy's as everywhere else.
"""

from __future__ import annotations

import contextlib
import select
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn, PGresult

Found = list[tuple[bytes | None, ...]]
_BINARY = 1
_PREPARED = "prepared_trips"


def begin_and_run(connection: Connection, statement: str, values: Sequence[bytes]) -> Found:
    """Begin the transaction that SQLAlchemy believes to be open, and run a statement in it: one trip.

    Parameters
    ----------
    statement
        With its parameters as ``$1``, ``$2``, and each with a cast.
    values
        In the binary form of PostgreSQL, as the results are.

    Raises
    ------
    sqlalchemy.exc.DBAPIError
        As of any other statement.
    """
    with _errors_of_sqlalchemy(connection, statement):
        pg, name = _library(connection), _prepared(connection, statement)
        pg.enter_pipeline_mode()
        pg.send_query_params(b"BEGIN", None)
        pg.send_query_prepared(name, values, [_BINARY] * len(values), _BINARY)
        pg.pipeline_sync()
        begun, found, _ = [_next_result(pg) for _ in range(3)]
        pg.exit_pipeline_mode()
        _check(begun)
        return _rows(found)


def run(connection: Connection, statement: str, values: Sequence[bytes]) -> Found:
    """Run a statement in the open transaction; all else as of `begin_and_run`."""
    with _errors_of_sqlalchemy(connection, statement):
        pg, name = _library(connection), _prepared(connection, statement)
        return _rows(pg.exec_prepared(name, values, [_BINARY] * len(values), _BINARY))


def _library(connection: Connection) -> PGconn:
    driver: Any = connection.connection.driver_connection
    found: PGconn = driver.pgconn
    return found


def _prepared(connection: Connection, statement: str) -> bytes:
    """Prepare a statement once for each connection; the server forgets it with the connection."""
    names: dict[str, bytes] = connection.info.setdefault(_PREPARED, {})
    if statement not in names:
        name = f"credit_{len(names)}".encode()
        _check(_library(connection).prepare(name, statement.encode(), None))
        names[statement] = name
    return names[statement]


def _next_result(pg: PGconn) -> PGresult | None:
    """Wait for the next result of a pipeline; the library's own wait would keep the interpreter."""
    poll = select.poll()
    while (unsent := pg.flush()) or pg.is_busy():
        poll.register(pg.socket, select.POLLIN | (select.POLLOUT if unsent else 0))
        poll.poll()
        pg.consume_input()
    result = pg.get_result()
    if result is not None:
        pg.get_result()  # says that this statement has no more, and is there with the result
    return result


def _rows(result: PGresult | None) -> Found:
    good = _check(result)
    columns = range(good.nfields)
    return [tuple(good.get_value(row, column) for column in columns) for row in range(good.ntuples)]


def _check(result: PGresult | None) -> PGresult:
    from psycopg import OperationalError, errors
    from psycopg.pq import ExecStatus

    if result is None:
        raise OperationalError("the connection ended before its answer")
    if result.status not in (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK):
        raise errors.error_from_result(result)
    return result


@contextlib.contextmanager
def _errors_of_sqlalchemy(connection: Connection, statement: str) -> Iterator[None]:
    """Turn errors of the driver into those that SQLAlchemy would have made of them."""
    from psycopg import Error

    try:
        yield
    except Error as error:
        lost = _library(connection).status != 0
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            statement,
            None,
            error,
            Error,
            hide_parameters=True,
            connection_invalidated=lost,
            dialect=connection.dialect,
        ) from error
