"""Windows follow from the order of the log alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import RecordStoreUnavailable
from credit.records import START, Cursor
from drift.window import MAX_READ, check_place, is_short, read_window


@dataclass(frozen=True)
class Entry:
    cursor: Cursor


def reading(log: list[Cursor]) -> Callable[[Cursor, int], list[Entry]]:
    """Read a log as the record store does: what lies behind a place, in order."""

    def read(after: Cursor, limit: int) -> list[Entry]:
        assert 1 <= limit <= MAX_READ
        return [Entry(place) for place in log if place > after][:limit]

    return read


places = st.builds(Cursor, st.integers(0, 9), st.integers(1, 60))


@given(
    log=st.sets(places, max_size=60).map(sorted),
    size=st.integers(1, 9),
    looks=st.lists(st.integers(0, 60), max_size=20),
)
def test_windows_do_not_depend_on_when_a_reader_looks(
    log: list[Cursor], size: int, looks: list[int]
) -> None:
    """A reader looks while the log grows; it finds the pieces of the whole log, gaps or not."""
    cursor, windows = START, []

    for seen in [*sorted(looks), *[len(log)] * len(log)]:
        if window := read_window(reading(log[:seen]), cursor, size):
            windows.append([entry.cursor for entry in window])
            cursor = windows[-1][-1]

    assert windows == [log[i : i + size] for i in range(0, len(log) - size + 1, size)]


@given(
    log=st.sets(places, min_size=1, max_size=60).map(sorted), size=st.integers(1, 9), data=st.data()
)
def test_what_is_short_holds_no_window(log: list[Cursor], size: int, data: st.DataObject) -> None:
    cursor = data.draw(st.sampled_from([START, *log]))

    if is_short(cursor, log[-1], size):
        assert read_window(reading(log), cursor, size) is None


def test_a_log_without_gaps_is_read_when_its_window_is_complete_and_not_before() -> None:
    assert is_short(Cursor(0, 7), Cursor(0, 16), 10)
    assert not is_short(Cursor(0, 7), Cursor(0, 17), 10)


def test_a_large_window_is_read_in_short_reads() -> None:
    log = [Cursor(0, position) for position in range(1, 2600)]

    window = read_window(reading(log), START, 2500)

    assert window is not None
    assert [entry.cursor for entry in window] == log[:2500]


@given(cursor=places, end=places)
def test_a_cursor_is_refused_exactly_when_the_log_does_not_reach_it(
    cursor: Cursor, end: Cursor
) -> None:
    if cursor <= end:
        check_place(cursor, end)
    else:
        with pytest.raises(RecordStoreUnavailable, match="come from different backups"):
            check_place(cursor, end)


def test_a_cursor_behind_the_end_of_the_log_is_refused() -> None:
    with pytest.raises(RecordStoreUnavailable, match=r"at position 9, but .* ends at 4"):
        check_place(Cursor(0, 9), Cursor(0, 4))
