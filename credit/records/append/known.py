"""What the store knows of the records of a batch, asked in one statement before they are sealed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Connection

from credit.records.sealing.subjectkeys import WrappedKey
from credit.records.store.arrays import bytes_array
from credit.records.store.engine import is_sqlite
from credit.records.store.sqlite import raw_cursor
from credit.records.store.trips import begin_and_run

_LOOKUP = """
SELECT subjects.applicant_digest, k.created_at, k.key_id, k.subject_ref,
       k.master_key_id, k.wrapped_key
FROM subjects LEFT JOIN subject_keys AS k
  ON k.subject_ref = subjects.subject_ref AND k.wrapped_key IS NOT NULL
WHERE subjects.applicant_digest {applicants}
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, NULL FROM idempotency_keys WHERE key_digest {keys}
"""


@dataclass(frozen=True, slots=True)
class Known:
    """What was there a moment ago.

    Attributes
    ----------
    keys
        The newest live key of each applicant who has one.
    is_plain
        False when an idempotency key is taken, or an applicant is known and has no live key.
    """

    keys: Mapping[bytes, WrappedKey]
    is_plain: bool


def look_up(connection: Connection, applicants: Sequence[bytes], keys: Sequence[bytes]) -> Known:
    """Look applicants and idempotency keys up by their digests.

    Parameters
    ----------
    connection
        On PostgreSQL this begins its transaction, which SQLAlchemy believes to be open already; on SQLite
        there must be none.
    """
    found: dict[bytes, tuple[tuple[str, str], WrappedKey]] = {}
    is_plain = True
    ask = _ask_sqlite if is_sqlite(connection) else _ask_postgres
    for who, created_at, key_id, subject_ref, master_key_id, wrapped in ask(
        connection, applicants, keys
    ):
        if who is None or key_id is None:
            is_plain = False
            continue
        # A subject may own several keys: the newest one seals.
        age = (created_at, key_id)
        if who not in found or found[who][0] < age:
            found[who] = (age, WrappedKey(key_id, subject_ref, master_key_id, wrapped))
    return Known({who: key for who, (_, key) in found.items()}, is_plain)


def _ask_postgres(
    connection: Connection, applicants: Sequence[bytes], keys: Sequence[bytes]
) -> Iterable[Sequence[Any]]:
    statement = _LOOKUP.format(applicants="= ANY($1::bytea[])", keys="= ANY($2::bytea[])")
    values = [bytes_array(applicants).encoded, bytes_array(keys).encoded]
    for who, *texts, wrapped in begin_and_run(connection, statement, values):
        yield who, *[None if text is None else text.decode() for text in texts], wrapped


def _ask_sqlite(
    connection: Connection, applicants: Sequence[bytes], keys: Sequence[bytes]
) -> Iterable[Sequence[Any]]:
    with raw_cursor(connection) as cursor:
        cursor.execute(
            _for_sqlite(_length(applicants), _length(keys)), [*_padded(applicants), *_padded(keys)]
        )
        found: list[Sequence[Any]] = cursor.fetchall()
    return found


def _padded(values: Sequence[bytes]) -> Sequence[bytes]:
    """Repeat the last value, which changes no answer: few lengths need few statements."""
    return [*values, *[values[-1]] * (_length(values) - len(values))] if values else values


def _length(values: Sequence[bytes]) -> int:
    return 1 << (len(values) - 1).bit_length() if values else 0


@cache
def _for_sqlite(n_applicants: int, n_keys: int) -> str:
    lists = [f"IN ({', '.join('?' * n)})" for n in (n_applicants, n_keys)]
    return _LOOKUP.format(applicants=lists[0], keys=lists[1])
