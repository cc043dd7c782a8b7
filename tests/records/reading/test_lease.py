"""Many instances of a consumer, one at work; and what happens when it falls silent."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, select

from credit.records import (
    Cursor,
    CursorMoved,
    Lease,
    Location,
    RecordReader,
    RecordWriter,
    advance_cursor,
    begin_write,
    open_state,
    read_cursor,
)
from credit.records.store.state import leases
from tests.records.reading.consumer import consume, results, stored_results
from tests.records.samples import everything, new_record


class Clock:
    """Unix time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(state: Engine, clock: Clock) -> Callable[..., Lease]:
    """Make one instance's lease of 30 seconds."""

    def lease(consumer: str = "drift", state: Engine = state) -> Lease:
        return Lease(state, consumer, duration_s=30.0, clock=clock)

    return lease


def test_one_instance_holds_the_lease_and_renews_it(make: Callable[..., Lease]) -> None:
    one, other = make(), make()

    assert [one.hold(), other.hold(), one.hold(), other.hold()] == [True, False, True, False]


def test_each_consumer_has_its_own_lease(make: Callable[..., Lease]) -> None:
    assert make("drift").hold()
    assert make("shadow").hold()
    assert not make("shadow").hold()


def test_of_many_instances_that_start_at_once_one_holds(
    make: Callable[..., Lease], state_location: Location
) -> None:
    """Over connections of their own, as in processes of their own."""
    states = [open_state(state_location) for _ in range(6)]
    instances = [make(state=state) for state in states]

    with ThreadPoolExecutor(6) as threads:
        held = list(threads.map(Lease.hold, instances))
    again = [instance.hold() for instance in instances]

    for state in states:
        state.dispose()
    assert sum(held) == 1
    assert again == held


@pytest.mark.parametrize(("passed", "taken"), [(29.9, False), (30.0, False), (30.1, True)])
def test_another_takes_over_once_the_lease_ran_out(
    make: Callable[..., Lease], clock: Clock, passed: float, taken: bool
) -> None:
    one, other = make(), make()
    one.hold()

    clock.now += passed

    assert other.hold() is taken
    assert one.hold() is not taken


def test_renewing_keeps_it(make: Callable[..., Lease], clock: Clock) -> None:
    one, other = make(), make()
    one.hold()

    for _ in range(10):
        clock.now += 20
        assert one.hold()
        assert not other.hold()


def test_a_released_lease_is_free_at_once(make: Callable[..., Lease]) -> None:
    one, other = make(), make()
    one.hold()

    other.release()  # it is not theirs to give
    assert not other.hold()
    one.release()
    assert other.hold()
    one.release()
    assert not one.hold()


def test_a_lease_says_until_when(make: Callable[..., Lease], state: Engine, clock: Clock) -> None:
    make().hold()

    with state.begin() as connection:
        [row] = connection.execute(select(leases)).all()
    assert (row.consumer, row.expires_at) == ("drift", clock.now + 30)


def test_an_instance_that_was_paused_beyond_its_lease_stores_nothing(
    *,
    make: Callable[..., Lease],
    clock: Clock,
    state: Engine,
    writer: RecordWriter,
    reader: RecordReader,
    location: Location,
) -> None:
    """It wakes up in the middle of its work, still believing that it holds the lease."""
    for _ in range(4):
        writer.append(new_record()).result()
    stored = everything(location)
    paused, other = make("consumer"), make("consumer")
    assert paused.hold()
    expected = read_cursor(state, "consumer")
    page = reader.after(expected, 2)

    clock.now += 31
    assert other.hold()
    consume(reader, state, limit=3)

    def wake_up() -> None:
        with begin_write(state) as connection:
            advance_cursor(connection, "consumer", expected, page[-1].cursor)
            connection.execute(results.insert(), [{"decision_id": r.decision_id} for r in page])

    with pytest.raises(CursorMoved) as refused:
        wake_up()
    assert refused.value.found == stored[2].cursor
    assert not paused.hold()
    assert stored_results(state) == [record.decision_id for record in stored[:3]]
    assert read_cursor(state, "consumer") == Cursor(*stored[2].cursor)
