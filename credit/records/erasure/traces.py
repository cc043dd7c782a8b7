"""Overwrite what a database leaves in its files after a key was destroyed.

SQLite overwrites what it deletes (``secure_delete``, set on every connection of the product); what is
left is its write-ahead log, which is folded in and cut to nothing here. PostgreSQL writes a new version
of a row and keeps the old one in its page until the space is used again: ``VACUUM`` frees it here,
``VACUUM FULL`` would write the table anew, at the price of locking out every decision for that time. Its
statistics hold samples of columns, keys among them, so they are taken again.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

from credit.records.store.engine import STORE_ERRORS, cause_of, is_sqlite
from credit.records.store.sqlite import file_lock, log_lock

BACKUPS = (
    "backups and archived logs from before, until the master key is rotated and the old one dropped: "
    "credit records rotate-keys --drop-old"
)
PAGES = (
    "freed space in the pages and the write-ahead log of PostgreSQL, until they are used again or: "
    "VACUUM FULL subjects, subject_keys"
)


def remove_traces(engine: Engine) -> tuple[str, ...]:
    """Overwrite what can be reached, after the commit; blocking.

    Returns
    -------
    Where wrapped keys may still lie, in words. A failure here is part of it: the erasure itself stands.
    """
    if is_sqlite(engine):
        return (*_fold_log(engine), BACKUPS)
    return (*_vacuum(engine), PAGES, BACKUPS)


def _fold_log(engine: Engine) -> tuple[str, ...]:
    path = Path(str(engine.url.database))
    try:
        with file_lock(path), log_lock(path):
            raw = engine.raw_connection()
            try:
                # Waits for readers as long as any statement would.
                row = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            finally:
                raw.close()
    except STORE_ERRORS as error:
        return (
            f"the write-ahead log {path}-wal, which could not be folded in ({cause_of(error)})",
        )
    is_busy = bool(row[0])
    return (
        (f"the write-ahead log {path}-wal, which a reader holds: it is cut later",)
        if is_busy
        else ()
    )


def _vacuum(engine: Engine) -> tuple[str, ...]:
    try:
        with engine.connect() as plain:
            connection = plain.execution_options(isolation_level="AUTOCOMMIT")
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("VACUUM (ANALYZE) subjects, subject_keys")
            connection.exec_driver_sql("RESET statement_timeout")
    except STORE_ERRORS as error:
        return (f"dead rows of PostgreSQL, which could not be vacuumed ({cause_of(error)})",)
    return ()
