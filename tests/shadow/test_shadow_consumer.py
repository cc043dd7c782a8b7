"""Each record is scored once, whoever runs and whatever happens to him."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from sqlalchemy import Engine

from credit.decision import Bundle
from credit.errors import RecordStoreUnavailable, SettingsInvalid
from credit.records import Lease, Location, NewRecord, RecordReader, read_cursor
from credit.shadow import ShadowConsumer, cursor_of, find_run, list_runs, read_rows
from credit.shadow import consumer as consumer_module
from credit.shadow.score import ShadowScore
from credit.shadow.store import count_decisions, shadow_scores
from tests.records.mostly_sqlite import BOTH
from tests.records.samples import destroy_keys, everything

Answered = Callable[..., list[str]]
Make = Callable[..., ShadowConsumer]
PRODUCT = "give_me_some_credit"


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of 20 records do what steps of 1,000 do."""
    monkeypatch.setattr(consumer_module, "PAGE", 20)


@pytest.fixture
def make(reader: RecordReader, state: Engine, scorecard_bundle: Bundle) -> Iterator[Make]:
    made: list[ShadowConsumer] = []

    def call(bundle: Bundle = scorecard_bundle, name: str = "next", **more: Any) -> ShadowConsumer:
        made.append(ShadowConsumer(reader, state, bundle, name, **more))
        return made[-1]

    yield call
    for each in made:
        each.close()


def steps(consumer: ShadowConsumer) -> int:
    n = 0
    while consumer.step():  # it tells that more is waiting
        n += 1
    return n


def rows(state: Engine, consumer: ShadowConsumer) -> list[ShadowScore]:
    return [row for page in read_rows(state, consumer.status().id) for row in page]


@BOTH
def test_every_record_is_scored_once_and_in_order(
    answered: Answered, location: Location, state: Engine, make: Make
) -> None:
    ids = answered(50)
    everything(location)
    consumer = make()

    assert steps(consumer) == 2  # two whole pages; behind the third nothing was waiting
    assert [row.decision_id for row in rows(state, consumer)] == ids
    assert (consumer.status().n_scored, consumer.waiting()) == (50, 0)
    assert consumer.step() is False


@BOTH
def test_a_restart_goes_on_where_it_was_and_gives_the_same_rows(
    answered: Answered, location: Location, state: Engine, make: Make
) -> None:
    answered(50)
    everything(location)
    first = make()
    first.step()
    first.close()

    second = make()

    assert (second.status().n_scored, second.waiting()) == (20, 30)
    steps(second)
    second.close()
    other = make(name="at_once")
    steps(other)
    assert rows(state, second) == rows(state, other)


def test_a_crash_between_scoring_and_storing_loses_and_repeats_nothing(
    answered: Answered, state: Engine, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered(50)
    consumer = make()
    consumer.step()

    def crash(*arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(consumer_module, "save_page", crash)
        with pytest.raises(KeyboardInterrupt):
            consumer.step()

    assert (consumer.status().n_scored, len(rows(state, consumer))) == (20, 20)
    steps(consumer)
    assert (consumer.status().n_scored, len(rows(state, consumer))) == (50, 50)


@BOTH
def test_two_at_once_store_nothing_twice(
    answered: Answered,
    location: Location,
    state: Engine,
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without the lease, as after a pause that outlived it: the cursor alone decides."""
    ids = answered(100)
    everything(location)
    monkeypatch.setattr(Lease, "hold", lambda self: True)
    pair = [make(), make()]

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(lambda consumer: [consumer.step() for _ in range(12)], pair))
    steps(pair[0])

    assert [row.decision_id for row in rows(state, pair[0])] == ids
    assert pair[0].status().n_scored == 100


def test_only_the_holder_of_the_lease_works(answered: Answered, make: Make) -> None:
    answered(5)
    first, second = make(), make()

    first.step()
    second.step()
    assert (first.status().n_scored, second.is_ours()) == (5, False)
    first.close()
    assert second.is_ours()


def test_another_bundle_under_the_same_name_begins_anew_and_keeps_what_was_there(
    answered: Answered, state: Engine, make: Make, lightgbm_bundle: Bundle
) -> None:
    answered(10)
    first = make()
    steps(first)

    second = make(bundle=lightgbm_bundle)

    assert (second.status().n_scored, second.waiting()) == (0, 10)
    steps(second)
    assert (first.status().n_scored, second.status().n_scored) == (10, 10)
    assert [run.bundle for run in list_runs(state, PRODUCT)] == [
        second.status().bundle,
        first.status().bundle,
    ]
    assert find_run(state, "next", PRODUCT) == second.status()
    assert find_run(state, "next", PRODUCT, first.status().bundle[:8]) == first.status()


@BOTH
def test_erased_records_are_counted_and_leave_no_row(
    answered: Answered, location: Location, state: Engine, make: Make
) -> None:
    answered(6)
    destroy_keys(location)
    ids = answered(4, seed=5)
    everything(location)
    consumer = make()

    steps(consumer)

    assert consumer.status().unscored == {"erased": 6}
    assert [row.decision_id for row in rows(state, consumer)] == ids


def at(day: int) -> Callable[[NewRecord], NewRecord]:
    time = f"2026-03-{day:02}T12:00:00.000000+00:00"
    return lambda record: replace(record, clear=replace(record.clear, created_at=time))


def moment(day: int) -> datetime.datetime:
    return datetime.datetime(2026, 3, day, tzinfo=datetime.UTC)


def test_records_made_earlier_are_passed_over_and_counted(
    answered: Answered, state: Engine, make: Make
) -> None:
    answered(30, change=at(1))
    ids = answered(7, seed=2, change=at(3))
    consumer = make(since=moment(2))

    steps(consumer)

    assert [row.decision_id for row in rows(state, consumer)] == ids
    assert consumer.status().n_skipped == 30
    assert consumer.waiting() == 0


def test_it_stops_before_the_end_that_was_given_and_goes_on_later(
    answered: Answered, state: Engine, make: Make
) -> None:
    answered(25, change=at(1))
    answered(5, seed=2, change=at(3))
    first = make(until=moment(2))
    steps(first)
    assert first.status().n_scored == 25
    first.close()

    second = make()
    steps(second)

    assert second.status().n_scored == 30


def test_going_on_with_another_beginning_is_refused(answered: Answered, make: Make) -> None:
    answered(3, change=at(1))
    make(since=moment(2))

    assert make().status().since == "2026-03-02T00:00:00.000000+00:00"
    with pytest.raises(SettingsInvalid, match=r"was begun with records from 2026-03-02.*--again"):
        make(since=moment(1))
    assert make(since=moment(1), anew=True).status().since == "2026-03-01T00:00:00.000000+00:00"


def test_a_log_that_ends_before_the_cursor_is_refused(
    answered: Answered, state: Engine, scorecard_bundle: Bundle, make: Make, tmp_path: Path
) -> None:
    """As after records were restored from an older backup than the state."""
    answered(3)
    first = make()
    steps(first)
    first.close()

    with RecordReader(tmp_path / "restored.db") as empty:
        other = ShadowConsumer(empty, state, scorecard_bundle, "next")
        with pytest.raises(
            RecordStoreUnavailable, match="stands at position 3, but the record log ends at 0"
        ):
            other.step()


def test_rebuilding_gives_the_same_rows(answered: Answered, state: Engine, make: Make) -> None:
    answered(30)
    consumer = make()
    steps(consumer)
    before = rows(state, consumer)

    consumer.rebuild()

    assert (rows(state, consumer), consumer.status().n_scored, consumer.waiting()) == ([], 0, 30)
    steps(consumer)
    assert rows(state, consumer) == before


def test_the_cursor_names_the_bundle(
    answered: Answered, state: Engine, make: Make, scorecard_bundle: Bundle
) -> None:
    answered(3)
    steps(make())

    assert read_cursor(state, cursor_of("next", scorecard_bundle.hash)).position == 3


def test_nothing_that_is_sealed_is_kept_in_clear(
    answered: Answered, state: Engine, make: Make
) -> None:
    answered(20)
    consumer = make()
    steps(consumer)

    assert set(shadow_scores.c.keys()) == {
        "run",
        *ShadowScore.__struct_fields__,
    }
    with state.begin() as connection:
        told = str(connection.execute(shadow_scores.select()).all())
    assert "A-1-" not in told
    assert "P-1-" not in told


def test_decisions_are_counted_by_both_models(
    answered: Answered, state: Engine, make: Make
) -> None:
    answered(60)
    consumer = make()
    steps(consumer)

    counts = count_decisions(state, consumer.status().id)

    by_hand: dict[tuple[str, str], int] = {}
    for row in rows(state, consumer):
        key = (row.answered_decision, row.shadow_decision)
        by_hand[key] = by_hand.get(key, 0) + 1
    assert counts == by_hand
    assert len(counts) > 2


def test_an_unknown_shadow_is_named_with_those_there_are(
    answered: Answered, state: Engine, make: Make
) -> None:
    make()

    with pytest.raises(SettingsInvalid, match="there is no shadow 'nxt' of .*; shadows here: next"):
        find_run(state, "nxt", PRODUCT)
