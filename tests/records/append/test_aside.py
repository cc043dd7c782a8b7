"""The writer in a process of its own keeps every promise of the one in a thread."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import (
    IdempotencyConflict,
    KeyUnavailable,
    RecordError,
    RecordStoreBusy,
    RecordStoreUnavailable,
)
from credit.records import (
    LocalKeyFile,
    Location,
    Receipt,
    RecordReader,
    RecordWriter,
    RecordWriterAside,
)
from credit.records.append.aside.frames import Frames, frame
from tests.records.samples import (
    broken_links,
    everything,
    fail_route,
    new_record,
    writers_wait,
)


@asynccontextmanager
async def aside(
    location: Location, key_path: Path, *, max_queue: int = 1024
) -> AsyncIterator[RecordWriterAside]:
    writer = await asyncio.to_thread(RecordWriterAside, location, key_path, max_queue=max_queue)
    try:
        yield writer
    finally:
        await asyncio.to_thread(writer.close)


def test_a_receipt_means_that_the_record_is_there(
    location: Location, key_path: Path, reader: RecordReader
) -> None:
    records = [new_record(key=f"k{i}", applicant_id=f"a{i % 7}") for i in range(300)]

    async def write() -> list[Receipt]:
        async with aside(location, key_path) as writer:
            receipts = await asyncio.gather(*map(writer.append_async, records))
            assert reader.count() == len(records)
            return receipts

    receipts = asyncio.run(write())

    assert [r.decision_id for r in receipts] == [r.decision_id for r in records]
    assert [r.answer for r in receipts] == [r.sealed.answer for r in records]
    stored = everything(location)
    assert broken_links(stored) == []
    assert reader.open(stored[5]).answer == records[5].sealed.answer


def test_it_writes_what_the_one_in_a_thread_writes(
    location: Location, key_path: Path, reader: RecordReader
) -> None:
    record = new_record(applicant_id="a")
    twin = new_record(applicant_id="a")

    async def write() -> None:
        async with aside(location, key_path) as writer:
            await writer.append_async(record)

    asyncio.run(write())
    with RecordWriter(location, LocalKeyFile(key_path)) as writer:
        writer.append(twin).result()

    first, second = everything(location)
    assert first.clear == record.clear
    assert repr(msgspec.structs.astuple(reader.open(first))) == repr(
        msgspec.structs.astuple(record.sealed)
    )
    assert first.subject_ref == second.subject_ref


def test_a_repeat_gets_the_stored_answer_and_another_application_a_refusal(
    location: Location, key_path: Path
) -> None:
    first, repeat = new_record(key="k"), new_record(key="k")
    other = new_record(key="k", body=b"another")

    async def write() -> tuple[Receipt, BaseException | None]:
        async with aside(location, key_path) as writer:
            await writer.append_async(first)
            replayed = await writer.append_async(repeat)
            [refused] = await asyncio.gather(writer.append_async(other), return_exceptions=True)
            return replayed, refused if isinstance(refused, BaseException) else None

    replayed, refused = asyncio.run(write())

    assert replayed == Receipt(
        decision_id=first.decision_id, answer=first.sealed.answer, replayed=True
    )
    assert isinstance(refused, IdempotencyConflict)


def test_a_bad_record_fails_alone(location: Location, key_path: Path) -> None:
    good, bad = new_record(), new_record(route="with a zero \0")

    async def write() -> list[Receipt | BaseException]:
        async with aside(location, key_path) as writer:
            return await asyncio.gather(
                *map(writer.append_async, [bad, good, bad]), return_exceptions=True
            )

    first, second, third = asyncio.run(write())

    assert isinstance(first, RecordError)
    assert isinstance(third, RecordError)
    assert isinstance(second, Receipt)
    assert len(everything(location)) == 1


def test_what_cannot_even_be_encoded_fails_alone(location: Location, key_path: Path) -> None:
    unstorable: dict[str, Any] = {"age": object()}

    async def write() -> None:
        async with aside(location, key_path) as writer:
            with pytest.raises(RecordError, match="does not survive storing"):
                await writer.append_async(new_record(application=unstorable))
            await writer.append_async(new_record())

    asyncio.run(write())


def test_a_failed_transaction_is_told_and_the_next_one_works(
    location: Location, key_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def write() -> None:
        async with aside(location, key_path) as writer:
            await writer.append_async(new_record())
            fail_route(location)
            with pytest.raises(RecordStoreUnavailable, match="the disk is on fire"):
                await writer.append_async(new_record(route="/fails", applicant_id="a-marker"))
            await writer.append_async(new_record())

    asyncio.run(write())

    assert "a-marker" not in capfd.readouterr().err
    assert len(everything(location)) == 2


def test_more_than_the_queue_holds_is_refused_at_once(location: Location, key_path: Path) -> None:
    async def write() -> None:
        async with aside(location, key_path, max_queue=8) as writer:
            await writer.append_async(new_record())
            with writers_wait(location):
                waiting = [writer.append_async(new_record()) for _ in range(8)]
                with pytest.raises(RecordStoreBusy, match="8 decisions wait"):
                    writer.append_async(new_record())
            await asyncio.gather(*waiting)
            await writer.append_async(new_record())

    asyncio.run(write())
    assert len(everything(location)) == 10


def test_a_client_that_hangs_up_takes_nothing_back(location: Location, key_path: Path) -> None:
    async def write() -> None:
        async with aside(location, key_path) as writer:
            writer.append_async(new_record()).cancel()
            await writer.append_async(new_record())

    asyncio.run(write())
    assert len(everything(location)) == 2


def test_closing_writes_what_was_accepted(location: Location, key_path: Path) -> None:
    async def write() -> None:
        async with aside(location, key_path) as writer:
            for _ in range(50):
                writer.append_async(new_record())
            await asyncio.sleep(0)  # what was offered is sent in the next turn of the loop

    asyncio.run(write())
    assert len(everything(location)) == 50


def test_when_the_child_is_killed_all_are_told_and_another_takes_over(
    location: Location, key_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def write() -> list[str]:
        async with aside(location, key_path) as writer:
            await writer.append_async(new_record())
            with writers_wait(location):
                waiting = [writer.append_async(new_record(key=f"k{i}")) for i in range(5)]
                await asyncio.sleep(0)
                with caplog.at_level(logging.CRITICAL):
                    os.kill(_child_of(writer), signal.SIGKILL)
                    lost = await asyncio.gather(*waiting, return_exceptions=True)
            assert all(isinstance(error, RecordStoreUnavailable) for error in lost)
            assert all("same Idempotency-Key" in str(error) for error in lost)
            refused: list[str] = []
            while True:
                try:
                    await writer.append_async(new_record())
                except RecordStoreUnavailable as error:
                    refused.append(str(error))
                    await asyncio.sleep(0.01)
                else:
                    return refused

    refused = asyncio.run(write())
    assert refused
    assert all("is being replaced" in why for why in refused)
    assert broken_links(everything(location)) == []


def test_a_child_that_does_not_start_is_started_again(
    path: Path, key_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    away = key_path.with_name("away.json")

    async def write() -> None:
        async with aside(path, key_path) as writer:
            await writer.append_async(new_record())
            key_path.rename(away)
            os.kill(_child_of(writer), signal.SIGKILL)
            while "does not start" not in caplog.text:
                await asyncio.sleep(0.01)
            away.rename(key_path)
            while writer._child is None:
                await asyncio.sleep(0.01)
            await writer.append_async(new_record())

    asyncio.run(write())
    assert len(everything(path)) == 2


def test_wrong_keys_are_refused_as_the_store_is_opened(
    location: Location, key_path: Path, tmp_path: Path
) -> None:
    with RecordWriter(location, LocalKeyFile(key_path)) as writer:
        writer.append(new_record()).result()

    with pytest.raises(KeyUnavailable):
        RecordWriterAside(location, tmp_path / "others.json")


def test_ctrl_c_and_an_orderly_end_of_everything_leave_it_to_its_parent(
    location: Location, key_path: Path
) -> None:
    async def write() -> None:
        async with aside(location, key_path) as writer:
            for number in (signal.SIGINT, signal.SIGTERM):
                os.kill(_child_of(writer), number)
                await writer.append_async(new_record())

    asyncio.run(write())


def test_a_password_is_in_no_argument(location: Location, key_path: Path) -> None:
    async def arguments() -> bytes:
        async with aside(location, key_path) as writer:
            return Path(f"/proc/{_child_of(writer)}/cmdline").read_bytes()

    assert str(location).encode() not in asyncio.run(arguments())


def test_it_belongs_to_the_process_that_made_it(
    location: Location, key_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def write() -> None:
        async with aside(location, key_path) as writer:
            with monkeypatch.context() as forked:
                forked.setattr(os, "getpid", lambda: -1)
                with pytest.raises(RecordStoreUnavailable, match="make one in this process"):
                    writer.append_async(new_record())

    asyncio.run(write())


@given(
    messages=st.lists(st.binary(max_size=20)),
    cuts=st.lists(st.integers(min_value=0, max_value=200)),
)
def test_messages_survive_any_cut(messages: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(map(frame, messages))
    found: list[bytes] = []
    frames, at = Frames(), 0
    for end in [*sorted(min(cut, len(stream)) for cut in cuts), len(stream)]:
        found += frames.feed(stream[at:end])
        at = end

    assert found == messages


def _child_of(writer: RecordWriterAside) -> int:
    child = writer._child
    assert child is not None
    return child.pid
