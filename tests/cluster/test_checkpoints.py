"""The scheduled consumer that signs: when it is due, alone, and never at the cost of its host."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from cluster.checkpoints import ScheduledCheckpoints
from credit.records import LocalKeyFile, RecordWriter, open_state
from credit.settings import Settings
from tests.records.samples import new_record, tamper


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def state(settings: Settings) -> Iterator[sa.Engine]:
    engine = open_state(settings.state)
    yield engine
    engine.dispose()


@pytest.fixture
def writer(settings: Settings) -> Iterator[RecordWriter]:
    with RecordWriter(settings.records, LocalKeyFile(settings.key_path)) as opened:
        yield opened


def lines(settings: Settings) -> int:
    path = settings.home / "checkpoints.jsonl"
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_one_a_minute_while_there_is_something_new(
    settings: Settings, state: sa.Engine, writer: RecordWriter
) -> None:
    clock = Clock()
    consumer = ScheduledCheckpoints(settings, state, clock=clock)
    writer.append(new_record()).result()
    consumer.step()
    writer.append(new_record()).result()
    consumer.step()
    assert lines(settings) == 1  # not due yet

    clock.now = 61.0
    consumer.step()
    clock.now = 122.0
    consumer.step()

    assert lines(settings) == 2  # nothing new in the last minute
    assert b"credit_records_checkpoint 2.0" in consumer.metrics()
    assert b"credit_records_checkpoint_failing 0.0" in consumer.metrics()


def test_a_second_instance_waits(
    settings: Settings, state: sa.Engine, writer: RecordWriter
) -> None:
    first, second = (ScheduledCheckpoints(settings, state, clock=Clock()) for _ in range(2))
    first.step()
    writer.append(new_record()).result()

    second.step()

    assert lines(settings) == 0


def test_a_store_that_was_rewritten_raises_the_alarm_and_is_not_signed(
    settings: Settings, state: sa.Engine, writer: RecordWriter, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    consumer = ScheduledCheckpoints(settings, state, clock=clock)
    for _ in range(3):
        writer.append(new_record()).result()
    consumer.step()
    tamper(settings.records, "DELETE FROM records WHERE position = 3")

    clock.now = 61.0
    consumer.step()

    assert b"credit_records_checkpoint_failing 2.0" in consumer.metrics()
    assert "do not verify" in caplog.text
    assert lines(settings) == 1
