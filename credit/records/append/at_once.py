"""Write a whole batch with one statement, where nothing is left to decide about it.

That is nearly always so. The statement fails as a whole where it was not, because another writer was
faster by a moment; such a batch, and one with repeats in it, takes the careful way (`batch`).
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from credit.records.append import postgres_statement, sqlite_statement
from credit.records.append.draft import Draft, draft_batch
from credit.records.append.prepare import Prepared
from credit.records.append.whole_row import rows_of
from credit.records.proof.chain import ChainHead
from credit.records.sealing.subjectkeys import SubjectKeys
from credit.records.store.engine import is_sqlite, write_on
from credit.records.store.sqlite import lock_of


class _Stale(Exception):
    """Something that the draft relied on no longer holds."""


def write_at_once(
    connection: Connection,
    batch: Sequence[Prepared],
    head: ChainHead,
    keys: SubjectKeys,
    *,
    locked: Callable[[], None],
) -> tuple[Draft, bool]:
    """Write `batch` behind `head`, in a transaction of its own, if nothing is left to decide about it.

    Parameters
    ----------
    locked
        Called when, on SQLite, the lock of the transaction is held.

    Returns
    -------
    draft
        The batch as it was written, or as it seemed to be.
    written
        Whether it is committed. False: nothing of it is in the store.
    """
    if is_sqlite(connection):
        draft = draft_batch(connection, batch, head, keys)
        return draft, draft.is_plain and _on_sqlite(connection, batch, draft, keys, locked)
    draft = Draft()
    with contextlib.suppress(_Stale, IntegrityError):
        with write_on(connection):
            draft = draft_batch(connection, batch, head, keys)
            if draft.is_plain:
                _on_postgres(connection, batch, draft, keys)
        return draft, draft.is_plain
    return draft, False


def _on_postgres(
    connection: Connection, batch: Sequence[Prepared], draft: Draft, keys: SubjectKeys
) -> None:
    rows = rows_of(batch, draft)
    if not postgres_statement.write_rows(connection, rows, draft.relies_on):
        raise _Stale
    _check_master_key(draft, keys)


def _on_sqlite(
    connection: Connection,
    batch: Sequence[Prepared],
    draft: Draft,
    keys: SubjectKeys,
    locked: Callable[[], None],
) -> bool:
    sqlite_statement.create_view(connection)
    rows = rows_of(batch, draft)
    with contextlib.suppress(_Stale, sqlite3.IntegrityError), lock_of(connection):
        locked()
        _check_master_key(draft, keys)
        sqlite_statement.write_rows(connection, rows)
        return True
    return False


def _check_master_key(draft: Draft, keys: SubjectKeys) -> None:
    """Refuse to store a key after a rotation that was wrapped before it."""
    used = {wrapped.master_key_id for _, wrapped in draft.new_keys.values()}
    if used and used != {keys.master_key_id}:
        raise _Stale
