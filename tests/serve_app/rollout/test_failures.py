"""Requests and failures by arm: what counts as an arm's, and that counts add up."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from credit import errors
from credit.errors import RecordStoreUnavailable
from credit.records import Location, open_state
from serve_app.admission import HungUp, Overloaded
from serve_app.rollout.failures import (
    ArmCounter,
    Requests,
    create_failures,
    is_arms_fault,
    read_failures,
)


@pytest.fixture(params=["sqlite", "postgresql"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    location: Location = tmp_path / "state.db"
    if request.param == "postgresql":
        location = request.getfixturevalue("postgres_database")
    engine = open_state(location)
    yield engine
    engine.dispose()


def counted(counter: ArmCounter, arm: str, *, asked: int, failed: int = 0) -> None:
    for number in range(asked):
        counter.count(5, arm, 17, failed=number < failed)


@pytest.mark.parametrize(
    "error",
    [
        errors.BundleUnknown("not loaded"),
        errors.BundleCorrupt("changed"),
        errors.ModelTooDeep("too deep"),
        errors.ExplanationInconsistent("does not add up"),
        errors.ServiceUnavailable("a node does not answer"),
        errors.DataError("a model that cannot read a row"),
        errors.CreditError("whatever comes later"),
        ZeroDivisionError("nobody planned this"),
        TimeoutError(),
        asyncio.CancelledError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_scoring_raises_is_the_arms_fault(error: BaseException) -> None:
    assert is_arms_fault(error)


@pytest.mark.parametrize(
    "error",
    [
        errors.ApplicationInvalid([errors.Failure("age", "missing", "expected")]),
        errors.NotJson("malformed"),
        errors.RecordStoreUnavailable("no disk"),
        errors.RecordStoreBusy("queue is full"),
        errors.IdempotencyConflict("key used before"),
        errors.RecordError("any other"),
        errors.KeyUnavailable("no key"),
        Overloaded("come again", 1),
        HungUp(),
        KeyboardInterrupt(),
        SystemExit(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_no_arm_can_help_is_not(error: BaseException) -> None:
    assert not is_arms_fault(error)


def test_what_is_flushed_is_added_to_what_is_there(state: Engine) -> None:
    one, other = ArmCounter(), ArmCounter()
    counted(one, "champion", asked=10, failed=1)
    counted(other, "champion", asked=5, failed=2)
    counted(other, "challenger", asked=3)
    other.count(6, "challenger", 17, failed=True)

    one.flush(state, "cards")
    other.flush(state, "cards")
    counted(one, "champion", asked=1)
    one.flush(state, "cards")
    one.flush(state, "loans")

    assert read_failures(state, "cards") == {
        (5, "champion"): Requests(16, 3),
        (5, "challenger"): Requests(3, 0),
        (6, "challenger"): Requests(1, 1),
    }
    assert read_failures(state, "cards", since=6) == {(6, "challenger"): Requests(1, 1)}
    assert read_failures(state, "loans") == {}


def test_flushing_twice_counts_once(state: Engine) -> None:
    counter = ArmCounter()
    counted(counter, "champion", asked=4, failed=4)

    counter.flush(state, "cards")
    counter.flush(state, "cards")

    assert read_failures(state, "cards") == {(5, "champion"): Requests(4, 4)}


def test_an_error_is_counted_as_whose_fault_it_is(state: Engine) -> None:
    counter = ArmCounter()
    counter.count(5, "challenger", 17, failed=False)
    for error in (errors.BundleUnknown("not loaded"), errors.RecordStoreBusy("full")):
        counter.raised(5, "challenger", 17, error)

    counter.flush(state, "cards")

    assert read_failures(state, "cards") == {(5, "challenger"): Requests(3, 1)}


def test_whoever_is_in_no_experiment_is_not_counted(state: Engine) -> None:
    counter = ArmCounter()
    counter.count(5, "champion", None, failed=False)
    counter.raised(5, "champion", None, errors.BundleUnknown("not loaded"))

    counter.flush(state, "cards")
    create_failures(state)

    assert read_failures(state, "cards") == {}


def test_counts_from_many_threads_add_up(state: Engine) -> None:
    """While they count, another flushes: nothing is lost in between."""
    counter = ArmCounter()
    threads = [
        threading.Thread(
            target=counted, args=(counter, "champion"), kwargs={"asked": 2_000, "failed": 500}
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        counter.flush(state, "cards")
    for thread in threads:
        thread.join()
    counter.flush(state, "cards")

    assert read_failures(state, "cards") == {(5, "champion"): Requests(8_000, 2_000)}


def test_counts_that_cannot_be_written_are_kept(state: Engine) -> None:
    counter = ArmCounter()
    counted(counter, "champion", asked=1)
    counter.flush(state, "cards")
    counted(counter, "champion", asked=2, failed=1)
    with state.begin() as connection:
        connection.execute(text("ALTER TABLE arm_failures RENAME TO elsewhere"))

    with pytest.raises(RecordStoreUnavailable, match="they are kept, and scores are not affected"):
        counter.flush(state, "cards")

    with state.begin() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO arm_failures"))
    counted(counter, "champion", asked=1)
    counter.flush(state, "cards")
    assert read_failures(state, "cards") == {(5, "champion"): Requests(4, 1)}
