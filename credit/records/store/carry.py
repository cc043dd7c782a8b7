"""Carry the write-ahead log of SQLite over to its file beside the commits.

SQLite does it at the end of a commit that finds the log long, and all who wait for that commit wait for a sync of
pages that lie anywhere in the file: in a store of 400,000 records 60 to 100 ms, every second of a busy service.
Done from a thread beside the commits, which it does not hold up, little is left to do at the end of one.
"""

from __future__ import annotations

import contextlib
import logging
import sqlite3
import threading
from pathlib import Path

from credit.records.store.sqlite import log_lock, uri_of

EVERY = 100
"""Records between two turns: few enough that what is left for a commit takes no longer than a turn does."""

logger = logging.getLogger(__name__)


class LogCarrier:
    """Carries the log of one file over, in a thread that starts with the first records. Not shared between threads.

    A turn that fails is repeated by the next, from where the last that was synced ended: SQLite counts pages as
    carried over only then.

    Parameters
    ----------
    path
        The file of the store.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._written = 0
        self._due = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def wrote(self, n_records: int) -> None:
        """Count what was committed; does not block."""
        self._written += n_records
        if self._written < EVERY:
            return
        self._written = 0
        self._due.set()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Let a turn that has begun end, and let go of the file; blocking. The next records start anew."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stopping.set()
        self._due.set()
        thread.join()
        self._stopping.clear()
        self._due.clear()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._due.wait()
            try:
                self._turns()
            except (sqlite3.Error, OSError):
                self._due.clear()
                logger.warning("the log of %s was not carried over", self._path, exc_info=True)

    def _turns(self) -> None:
        """Take turns until this is stopped, or one fails."""
        uri = uri_of(self._path, "rw")
        with contextlib.closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as connection:
            while True:
                self._due.wait()
                self._due.clear()
                if self._stopping.is_set():
                    return
                # Whoever cuts the log after an erasure must not find it busy.
                with log_lock(self._path):
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
