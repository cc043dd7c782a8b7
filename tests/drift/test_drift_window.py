"""Windows follow from the order of the log alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import RecordStoreUnavailable
from drift.window import MAX_READ, n_waiting, read_window


@dataclass(frozen=True)
class Entry:
    position: int


def reading(log: list[int]) -> Callable[[int, int], list[Entry]]:
    """Read a log as the record store does: what lies behind a position, in order."""

    def read(after: int, limit: int) -> list[Entry]:
        assert 1 <= limit <= MAX_READ
        return [Entry(position) for position in log if position > after][:limit]

    return read


@given(
    log=st.sets(st.integers(1, 500), max_size=60).map(sorted),
    size=st.integers(1, 9),
    looks=st.lists(st.integers(0, 60), max_size=20),
)
def test_windows_do_not_depend_on_when_a_reader_looks(
    log: list[int], size: int, looks: list[int]
) -> None:
    """A reader looks while the log grows; it finds the pieces of the whole log, gaps or not."""
    cursor, windows = 0, []

    for seen in [*sorted(looks), *[len(log)] * len(log)]:
        if window := read_window(reading(log[:seen]), cursor, size):
            windows.append([entry.position for entry in window])
            cursor = windows[-1][-1]

    assert windows == [log[i : i + size] for i in range(0, len(log) - size + 1, size)]


def test_a_large_window_is_read_in_short_reads() -> None:
    log = list(range(1, 2600))

    window = read_window(reading(log), 0, 2500)

    assert window is not None
    assert [entry.position for entry in window] == log[:2500]


@given(cursor=st.integers(0, 500), log=st.sets(st.integers(1, 500), min_size=1))
def test_no_fewer_positions_wait_than_records(cursor: int, log: set[int]) -> None:
    end = max(*log, cursor)

    assert n_waiting(cursor, end) >= len([position for position in log if position > cursor])


def test_a_cursor_behind_the_end_of_the_log_is_refused() -> None:
    with pytest.raises(RecordStoreUnavailable, match=r"at position 9, but .* ends at 4"):
        n_waiting(9, 4)
