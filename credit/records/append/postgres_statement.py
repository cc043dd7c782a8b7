"""Write a batch to PostgreSQL with one statement, so in one round trip."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

from sqlalchemy import Connection

from credit.records.append.whole_row import NAMES, SHARES, Share, type_of
from credit.records.store.arrays import array_of, array_type, bytes_array, texts_array
from credit.records.store.bulk import Row
from credit.records.store.trips import run

# Waits for an erasure that has begun, and then finds the mapping gone; one that comes later waits for us.
_HELD = """
held AS (
  SELECT 1 FROM unnest(${digests}::bytea[], ${key_ids}::text[]) AS wanted (digest, key_id)
  JOIN subjects ON subjects.applicant_digest = wanted.digest
  JOIN subject_keys ON subject_keys.key_id = wanted.key_id
    AND subject_keys.subject_ref = subjects.subject_ref
  WHERE subject_keys.wrapped_key IS NOT NULL
  FOR SHARE OF subjects)
"""


def write_rows(connection: Connection, rows: Sequence[Row], relies_on: Mapping[bytes, str]) -> bool:
    """Write rows in the transaction that is open.

    Parameters
    ----------
    relies_on
        Subject keys that must be there, by the digest of their applicant.

    Returns
    -------
    Whether all of these are there, and stay until the transaction ends. If not, roll back.

    Raises
    ------
    sqlalchemy.exc.IntegrityError
        A key is taken; roll back.
    """
    columns = zip(NAMES, zip(*rows, strict=True), strict=True)
    arrays = [array_of(type_of(name), values) for name, values in columns]
    arrays += [bytes_array(list(relies_on)), texts_array(list(relies_on.values()))]
    [(n_held, *_)] = run(connection, _statement(), [array.encoded for array in arrays])
    return int.from_bytes(n_held or b"", "big") == len(relies_on)


@cache
def _statement() -> str:
    n = len(NAMES)
    arrays = ", ".join(f"${i}::{array_type(type_of(name))}" for i, name in enumerate(NAMES, 1))
    inserts = [_insert(share) for share in SHARES]
    # To count what a part returns is what makes the parts run in this order.
    counts = ", ".join(f"(SELECT count(*) FROM new_{share.table.name})" for share in SHARES)  # noqa: S608 - our own names
    return (
        f"WITH given AS MATERIALIZED (SELECT * FROM unnest({arrays}) AS given ({', '.join(NAMES)})), "  # noqa: S608 - our own names
        f"{_HELD.format(digests=n + 1, key_ids=n + 2)}, {', '.join(inserts)} "
        f"SELECT (SELECT count(*) FROM held), {counts}"
    )


def _insert(share: Share) -> str:
    names = ", ".join(share.columns)
    # Records in the order of their chain; the others in one order for all writers, so that two never
    # wait for each other in a circle.
    order = "sequence" if "sequence" in share.columns else share.columns[0]
    return (
        f"new_{share.table.name} AS (INSERT INTO {share.table.name} ({names}) SELECT {names} FROM given "  # noqa: S608 - our own names
        f"WHERE {share.unless_null} IS NOT NULL ORDER BY {order} RETURNING 1)"
    )
