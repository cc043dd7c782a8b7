"""One child for all who write to a file: each is told of its own, and it ends with the last of them."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from credit.errors import RecordStoreUnavailable
from credit.records import LocalKeyFile, RecordWriter, RecordWriterAside
from credit.records.append.aside import parents as parents_module
from credit.records.append.aside.frames import frame
from credit.records.append.aside.parents import Parent, Parents
from tests.records.samples import broken_links, everything, new_record, writers_wait


@asynccontextmanager
async def two(
    path: Path, key_path: Path, others_keys: Path | None = None
) -> AsyncIterator[tuple[RecordWriterAside, RecordWriterAside]]:
    """Two gateways, as far as records are concerned."""
    async with AsyncExitStack() as stack:
        made = []
        for keys in (key_path, others_keys or key_path):
            writer = await asyncio.to_thread(RecordWriterAside, path, keys)
            stack.push_async_callback(asyncio.to_thread, writer.close)
            made.append(writer)
        yield made[0], made[1]


def child_of(writer: RecordWriterAside) -> int:
    assert writer._child is not None
    return writer._child.pid


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"  # one that waits to be noticed by whoever adopted it


def test_two_share_a_child_and_a_chain_and_each_is_told_of_its_own(
    path: Path, key_path: Path
) -> None:
    records = [new_record(applicant_id=f"a{i % 5}") for i in range(200)]

    async def write() -> None:
        async with two(path, key_path) as writers:
            assert child_of(writers[0]) == child_of(writers[1])
            receipts = await asyncio.gather(
                *(writers[i % 2].append_async(record) for i, record in enumerate(records))
            )
            assert [r.decision_id for r in receipts] == [r.decision_id for r in records]

    asyncio.run(write())

    stored = everything(path)
    assert len({record.writer for record in stored}) == 1
    assert len(stored) == 200
    assert broken_links(stored) == []


def test_it_goes_on_without_the_one_that_started_it_and_ends_with_the_last(
    path: Path, key_path: Path
) -> None:
    async def write() -> int:
        async with two(path, key_path) as (first, second):
            child = child_of(first)
            waiting = [first.append_async(new_record()) for _ in range(20)]
            await asyncio.sleep(0)
            await asyncio.to_thread(first.close)
            await asyncio.gather(*waiting)

            await second.append_async(new_record())
            assert child_of(second) == child
            return child

    child = asyncio.run(write())

    deadline = time.monotonic() + 30
    while lives(child):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert len(everything(path)) == 21


def test_many_that_start_at_once_start_one(path: Path, key_path: Path) -> None:
    with ThreadPoolExecutor(6) as threads:
        writers = list(threads.map(lambda _: RecordWriterAside(path, key_path), range(6)))

    assert len({child_of(writer) for writer in writers}) == 1
    for writer in writers:
        writer.close()


def test_when_it_is_killed_both_are_told_and_share_the_next(
    path: Path, key_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def write() -> None:
        async with two(path, key_path) as writers:
            before = child_of(writers[0])
            with writers_wait(path), caplog.at_level(logging.CRITICAL):
                waiting = [writer.append_async(new_record(key="k")) for writer in writers]
                await asyncio.sleep(0)
                os.kill(before, signal.SIGKILL)
                lost = await asyncio.gather(*waiting, return_exceptions=True)
            assert [type(error) for error in lost] == [RecordStoreUnavailable] * 2
            while any(writer._child is None for writer in writers):
                await asyncio.sleep(0.01)
            await asyncio.gather(*(writer.append_async(new_record()) for writer in writers))
            assert child_of(writers[0]) == child_of(writers[1]) != before

    asyncio.run(write())
    assert len(everything(path)) == 2


def test_who_names_another_key_file_has_a_child_of_its_own(path: Path, key_path: Path) -> None:
    """It is checked against the store, whatever the keys of the others are."""
    with RecordWriter(path, LocalKeyFile(key_path)) as writer:
        writer.append(new_record()).result()
    copy = key_path.with_name("copy.json")
    shutil.copy(key_path, copy)

    async def write() -> None:
        async with two(path, key_path, copy) as (first, second):
            assert child_of(first) != child_of(second)
            await asyncio.gather(
                first.append_async(new_record()), second.append_async(new_record())
            )

    asyncio.run(write())
    assert len(everything(path)) == 3


def test_one_that_sends_what_is_no_record_is_let_go_alone(
    path: Path, key_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    async def write() -> None:
        async with two(path, key_path) as (bad, good):
            await asyncio.gather(bad.append_async(new_record()), good.append_async(new_record()))
            child = child_of(good)
            assert bad._child is not None
            bad._child.socket.sendall(frame(b"no record"))
            lost, under_way = bad.append_async(new_record()), good.append_async(new_record())
            [told] = await asyncio.gather(lost, return_exceptions=True)
            assert isinstance(told, RecordStoreUnavailable)
            await under_way
            while bad._child is None:
                await asyncio.sleep(0.01)
            await asyncio.gather(bad.append_async(new_record()), good.append_async(new_record()))
            assert child_of(good) == child_of(bad) == child

    asyncio.run(write())
    assert "what is no record" in capfd.readouterr().err
    assert broken_links(everything(path)) == []


def test_a_name_that_no_socket_can_have_is_refused_with_what_to_do(
    path: Path, key_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("a" * 100)
    deep.mkdir()
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(deep))

    with pytest.raises(RecordStoreUnavailable, match="set TMPDIR to another folder"):
        RecordWriterAside(path, key_path)


def test_a_folder_that_others_may_enter_is_refused(
    path: Path, key_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path))
    open_to_all = tmp_path / f"credit-writers-{os.geteuid()}"
    open_to_all.mkdir()
    open_to_all.chmod(0o755)

    with pytest.raises(RecordStoreUnavailable, match="only this user can enter"):
        RecordWriterAside(path, key_path)


def test_one_that_does_not_listen_is_let_go_and_the_others_are_served(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(parents_module, "_PATIENCE_S", 0.05)
    with socket.socket() as listening, socket.socket() as deaf, socket.socket() as good:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        for client in (deaf, good):
            client.connect(listening.getsockname())
        parents = Parents(listening=listening)
        deaf.sendall(frame(b"from deaf"))
        good.sendall(frame(b"from good"))
        heard: dict[bytes, Parent] = {}
        while len(heard) < 2:
            assert parents.wait()
            heard |= {message: parent for parent, message in parents.take(10)}

        parents.tell(heard[b"from deaf"], b"x" * 50_000_000)
        parents.tell(heard[b"from good"], b"told")

        assert good.recv(100) == frame(b"told")
        assert "does not take what became of its records" in caplog.text
        good.shutdown(socket.SHUT_WR)
        assert not parents.wait()
        parents.part()
        assert good.recv(100) == b""
