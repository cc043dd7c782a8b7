"""The master key is rotated while everything goes on, and nothing is lost at any point."""

from __future__ import annotations

import json
import stat
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from credit.errors import KeyUnavailable, RecordStoreUnavailable, SettingsInvalid
from credit.records import LocalKeyFile, Location, RecordReader, RecordWriter
from credit.records.sealing import rotation
from credit.records.sealing.keyfile import KeyFileContent
from credit.records.sealing.keys import KeyProvider, KeyToWrap, MasterKeyHolder
from credit.records.sealing.rotation import count_keys, rotate_master_key
from credit.records.sealing.subjectkeys import SubjectKeys
from credit.records.store.engine import open_engine
from tests.records.erasure.held import Other, open_batch
from tests.records.samples import broken_links, destroy_keys, everything, new_record, tamper


class KeyService:
    """What a key management service shows of itself: it rotates on its own, and holds the keys."""

    def __init__(self, file: LocalKeyFile) -> None:
        self._file = file

    @property
    def master_key_id(self) -> str:
        return self._file.master_key_id

    def prepare(self, *, create: bool) -> None:
        self._file.prepare(create=create)

    def wrap(self, keys: Sequence[KeyToWrap]) -> tuple[str, list[bytes]]:
        return self._file.wrap(keys)

    def unwrap(self, wrapped: bytes, master_key_id: str, aad: bytes) -> bytes:
        return self._file.unwrap(wrapped, master_key_id, aad)

    def lookup_digest(self, *parts: bytes) -> bytes:
        return self._file.lookup_digest(*parts)

    def rotate_by_itself(self) -> None:
        self._file.add_master_key()


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "var" / "keys.json"


@pytest.fixture
def filled(location: Location, keys: LocalKeyFile) -> Location:
    """A store with ten persons."""
    with RecordWriter(location, keys) as writer:
        for receipt in [writer.append(new_record(applicant_id=f"a{i}")) for i in range(10)]:
            receipt.result()
    return location


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rotation, "_OTHERS", rotation._OTHERS.limit(3))


def test_every_key_is_wrapped_anew_and_nothing_is_encrypted_again(
    filled: Location, key_file: Path
) -> None:
    before, [old] = everything(filled), masters(filled)

    done = rotate_master_key(filled, LocalKeyFile(key_file))

    assert (done.added, done.n_rewrapped, done.n_left, done.dropped) == (True, 10, 0, ())
    assert masters(filled) == {done.master_key_id} != {old}
    assert everything(filled) == before
    assert all_open(filled, key_file)
    assert list(in_file(key_file)) == [old, done.master_key_id]


def test_the_key_file_stays_private_and_whole(filled: Location, key_file: Path) -> None:
    lookup = json.loads(key_file.read_bytes())["lookup_key"]

    rotate_master_key(filled, LocalKeyFile(key_file))

    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert json.loads(key_file.read_bytes())["lookup_key"] == lookup
    assert {file.name for file in key_file.parent.glob("*key*")} == {"keys.json", "keys.json.lock"}


def test_dropping_the_old_key_closes_old_backups(filled: Location, key_file: Path) -> None:
    [old] = masters(filled)
    [wrapped] = rows(filled, "SELECT wrapped_key FROM subject_keys ORDER BY key_id LIMIT 1")[0]

    done = rotate_master_key(filled, LocalKeyFile(key_file), drop_old=True)

    assert done.dropped == (old,)
    assert list(in_file(key_file)) == [done.master_key_id]
    assert all_open(filled, key_file)
    with pytest.raises(KeyUnavailable, match=f"does not hold master key {old}"):
        LocalKeyFile(key_file).unwrap(bytes(wrapped), old, b"")


@pytest.mark.parametrize("stop_after", [0, 1, 2, 3])
def test_a_rotation_that_is_cut_off_is_finished_by_the_next(
    filled: Location, key_file: Path, small_batches: None, stop_after: int
) -> None:
    """Zero: right after the new key entered the file."""

    class Cut(LocalKeyFile):
        def add_master_key(self) -> str:
            super().add_master_key()
            raise KeyboardInterrupt

    n_batches = 0

    def cut(_: int) -> None:
        nonlocal n_batches
        n_batches += 1
        if n_batches == stop_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotate_master_key(
            filled, Cut(key_file) if stop_after == 0 else LocalKeyFile(key_file), advance=cut
        )
    assert all_open(filled, key_file)
    assert len(in_file(key_file)) == 2

    done = rotate_master_key(filled, LocalKeyFile(key_file), drop_old=True)

    assert (done.added, done.n_rewrapped) == (False, 10 - 3 * stop_after)
    assert list(in_file(key_file)) == [done.master_key_id]
    assert all_open(filled, key_file)


def test_a_program_that_runs_takes_the_new_key_up(filled: Location, key_file: Path) -> None:
    """Reader and writer hold the old file in memory."""
    with (
        RecordReader(filled, LocalKeyFile(key_file)) as reader,
        RecordWriter(filled, LocalKeyFile(key_file)) as writer,
    ):
        assert None not in reader.open_many(everything(filled))

        done = rotate_master_key(filled, LocalKeyFile(key_file), drop_old=True)
        writer.append(new_record(applicant_id="a0")).result()
        writer.append(new_record(applicant_id="new")).result()

        assert masters(filled) == {done.master_key_id}
        assert None not in reader.open_many(everything(filled))


def test_writers_and_readers_go_on_during_rotations(
    filled: Location, key_file: Path, small_batches: None
) -> None:
    ended, failures = threading.Event(), list[BaseException]()

    def write() -> None:
        with RecordWriter(filled, LocalKeyFile(key_file)) as writer:
            for i in range(60):
                writer.append(new_record(applicant_id=f"b{i % 40}")).result()

    def read() -> None:
        with RecordReader(filled, LocalKeyFile(key_file)) as reader:
            while not ended.is_set():
                assert None not in reader.open_many(reader.after())

    def watched(work: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            try:
                work()
            except BaseException as error:
                failures.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    writing, reading = watched(write), watched(read)
    while writing.is_alive():
        rotate_master_key(filled, LocalKeyFile(key_file), drop_old=True)
    writing.join()
    ended.set()
    reading.join()

    assert failures == []
    stored = everything(filled)
    assert len(stored) == 70
    assert broken_links(stored) == []
    assert all_open(filled, key_file)
    assert masters(filled) <= set(in_file(key_file))


def test_an_old_key_that_a_row_needs_is_never_dropped(
    filled: Location, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program on another machine, with a copy of the key file, wraps under the old key."""
    [old] = masters(filled)
    copy = key_file.with_name("copy.json")
    copy.write_bytes(key_file.read_bytes())
    copy.chmod(0o600)
    drop = rotation._drop

    def late(*arguments: object) -> tuple[str, ...]:
        with RecordWriter(filled, LocalKeyFile(copy)) as writer:
            writer.append(new_record(applicant_id="late")).result()
        return drop(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(rotation, "_drop", late)

    done = rotate_master_key(filled, LocalKeyFile(key_file), drop_old=True)

    assert done.dropped == ()
    assert masters(filled) == {old, done.master_key_id}
    assert all_open(filled, key_file)


@pytest.mark.parametrize("location", ["postgresql"], indirect=True)
def test_dropping_waits_for_keys_that_are_on_their_way_into_the_store(
    filled: str, key_file: Path
) -> None:
    [old] = masters(filled)

    with open_batch(filled, LocalKeyFile(key_file), applicant_id="new"):
        other = Other(
            filled, lambda: rotate_master_key(filled, LocalKeyFile(key_file), drop_old=True)
        )
        assert other.waits()
    done = other.result()

    assert (done.dropped, done.n_left) == ((), 1)
    assert masters(filled) == {old, done.master_key_id}
    assert all_open(filled, key_file)


def test_a_rotation_in_the_middle_of_wrapping_does_not_mix_two_master_keys(
    keys: LocalKeyFile,
) -> None:
    class Rotated(LocalKeyFile):
        def _latest(self) -> KeyFileContent:
            content = super()._latest()
            if len(in_file(self._path)) == 1:
                LocalKeyFile(self._path).add_master_key()
            return content

    keys.prepare(create=True)

    [(made, wrapped)] = SubjectKeys(Rotated(keys._path)).make(["subject"])

    assert len(in_file(keys._path)) == 2
    assert SubjectKeys(LocalKeyFile(keys._path)).unwrap(wrapped) == made


def test_a_key_that_is_destroyed_meanwhile_does_not_come_back(
    filled: Location, key_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrap = rotation._rewrap

    def late(*arguments: object) -> int:
        destroy_keys(filled)
        return rewrap(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(rotation, "_rewrap", late)

    assert rotate_master_key(filled, LocalKeyFile(key_file)).n_rewrapped == 0

    assert rows(filled, "SELECT DISTINCT wrapped_key FROM subject_keys") == [(None,)]


def test_of_a_key_service_only_the_wrapping_is_done(filled: Location, key_file: Path) -> None:
    service = KeyService(LocalKeyFile(key_file))
    checked: KeyProvider = service
    assert not isinstance(checked, MasterKeyHolder)

    assert rotate_master_key(filled, service).n_rewrapped == 0
    service.rotate_by_itself()
    done = rotate_master_key(filled, service)

    assert (done.added, done.n_rewrapped) == (False, 10)
    assert masters(filled) == {service.master_key_id}
    with pytest.raises(SettingsInvalid, match="key management service; drop old ones there"):
        rotate_master_key(filled, service, drop_old=True)


def test_a_key_file_that_is_read_only_is_refused(filled: Location, key_file: Path) -> None:
    before = key_file.read_bytes()
    key_file.chmod(0o400)

    with pytest.raises(KeyUnavailable, match=rf"is read-only \(mode 400\).*chmod 600 {key_file}"):
        rotate_master_key(filled, LocalKeyFile(key_file))

    assert key_file.read_bytes() == before


def test_the_key_file_of_another_store_is_refused_and_nothing_is_wrapped(
    filled: Location, tmp_path: Path
) -> None:
    other = LocalKeyFile(tmp_path / "other.json")
    other.prepare(create=True)
    before, content = masters(filled), (tmp_path / "other.json").read_bytes()

    with pytest.raises(KeyUnavailable, match="filled with other keys"):
        rotate_master_key(filled, other)

    assert masters(filled) == before
    assert (tmp_path / "other.json").read_bytes() == content


def test_a_missing_key_file_is_refused_and_none_is_made(filled: Location, key_file: Path) -> None:
    key_file.unlink()

    with pytest.raises(KeyUnavailable, match="is missing"):
        rotate_master_key(filled, LocalKeyFile(key_file))

    assert not key_file.exists()


def test_a_key_file_that_is_exchanged_under_a_running_program_is_refused(
    filled: Location, key_file: Path, tmp_path: Path
) -> None:
    keys = LocalKeyFile(key_file)
    keys.prepare(create=False)
    other = LocalKeyFile(tmp_path / "other.json")
    other.prepare(create=True)
    (tmp_path / "other.json").replace(key_file)

    with pytest.raises(KeyUnavailable, match="exchanged for that of another store"):
        keys.wrap([KeyToWrap(b"k" * 32, b"")])


def test_a_running_program_goes_on_when_the_key_file_is_lost(key_file: Path) -> None:
    keys = LocalKeyFile(key_file)
    keys.prepare(create=True)
    key_file.unlink()

    name, [wrapped] = keys.wrap([KeyToWrap(b"k" * 32, b"")])

    assert keys.unwrap(wrapped, name, b"") == b"k" * 32


def test_a_subject_key_that_does_not_open_is_named_by_its_master_key(
    filled: Location, key_file: Path
) -> None:
    tamper(filled, "UPDATE subject_keys SET wrapped_key = :bytes", bytes=b"x" * 60)

    with pytest.raises(KeyUnavailable, match="does not open a stored subject key"):
        rotate_master_key(filled, LocalKeyFile(key_file))


def test_without_a_store_there_is_nothing_to_rotate(location: Location, keys: LocalKeyFile) -> None:
    with pytest.raises(RecordStoreUnavailable, match="There is no record store"):
        rotate_master_key(location, keys)


def test_what_will_be_wrapped_can_be_counted(filled: Location, keys: LocalKeyFile) -> None:
    assert count_keys(filled, keys) == 10


def rows(location: Location, statement: str) -> list[tuple[Any, ...]]:
    engine = open_engine(location, read_only=True)
    with engine.begin() as connection:
        found = [tuple(row) for row in connection.exec_driver_sql(statement)]
    engine.dispose()
    return found


def masters(location: Location) -> set[str]:
    """Master keys that the store needs."""
    statement = "SELECT DISTINCT master_key_id FROM subject_keys WHERE wrapped_key IS NOT NULL"
    return {name for (name,) in rows(location, statement)}


def in_file(key_file: Path) -> dict[str, str]:
    held: dict[str, str] = json.loads(key_file.read_bytes())["master_keys"]
    return held


def all_open(location: Location, key_file: Path) -> bool:
    """Open everything as a program that starts now would."""
    with RecordReader(location, LocalKeyFile(key_file)) as reader:
        return None not in reader.open_many(everything(location))
