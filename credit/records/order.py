"""A place in the total order of the store."""

from __future__ import annotations

from typing import NamedTuple


class Cursor(NamedTuple):
    """A place in the total order of the store; compares as the order does.

    Attributes
    ----------
    commit_xid
        The transaction that wrote the record, on PostgreSQL; 0 on SQLite, whose writers queue.
    position
        The record's number.
    """

    commit_xid: int
    position: int


START = Cursor(0, 0)
"""Before the first record."""
