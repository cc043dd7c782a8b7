"""The key file: made once, private, never replaced silently."""

from __future__ import annotations

import base64
import hmac
import json
import multiprocessing
import pickle
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import KeyUnavailable
from credit.records import LocalKeyFile, Location, RecordReader, RecordWriter
from credit.records.sealing.keys import KeyToWrap
from tests.records.samples import new_record
from tests.records.workers import make_keys


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.fixture
def made(key_file: Path) -> LocalKeyFile:
    keys = LocalKeyFile(key_file)
    keys.prepare(create=True)
    return keys


def test_constructing_opens_nothing(key_file: Path) -> None:
    LocalKeyFile(key_file)

    assert not key_file.exists()


def test_a_new_key_file_is_private_and_alone(made: LocalKeyFile, key_file: Path) -> None:
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert list(key_file.parent.iterdir()) == [key_file]  # no draft is left


def test_an_existing_key_file_is_never_changed(made: LocalKeyFile, key_file: Path) -> None:
    before = key_file.read_bytes()

    LocalKeyFile(key_file).prepare(create=True)

    assert key_file.read_bytes() == before


def test_a_key_file_that_others_can_read_is_refused(made: LocalKeyFile, key_file: Path) -> None:
    key_file.chmod(0o640)

    with pytest.raises(KeyUnavailable, match=rf"mode 640\); run: chmod 600 {key_file}"):
        LocalKeyFile(key_file).prepare(create=False)


def test_a_missing_key_file_is_refused_for_existing_data(key_file: Path) -> None:
    with pytest.raises(KeyUnavailable, match="is missing, and existing records need it"):
        LocalKeyFile(key_file).prepare(create=False)

    assert not key_file.exists()


def test_the_store_makes_keys_only_while_it_is_empty(
    location: Location, keys: LocalKeyFile, tmp_path: Path
) -> None:
    with RecordWriter(location, keys) as writer:
        writer.append(new_record()).result()
    key_file = tmp_path / "var" / "keys.json"
    key_file.unlink()

    with pytest.raises(KeyUnavailable, match="is missing"):
        RecordWriter(location, LocalKeyFile(key_file))

    assert not key_file.exists()


def test_the_keys_of_another_store_are_refused(
    location: Location, keys: LocalKeyFile, made: LocalKeyFile
) -> None:
    RecordWriter(location, keys).close()

    with pytest.raises(KeyUnavailable, match="filled with other keys"):
        RecordWriter(location, made)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b'{"format": 1, "current": "a", "master_keys": {}, "lookup_key": ""}',
        b'{"format": 1, "current": "a", "master_keys": {"a": "c2hvcnQ="}, "lookup_key": ""}',
        b'{"format": 1, "current": "a", "master_keys": {"a": "secret!"}, "lookup_key": ""}',
    ],
)
def test_a_damaged_key_file_is_refused_without_quoting_it(key_file: Path, content: bytes) -> None:
    key_file.write_bytes(content)
    key_file.chmod(0o600)

    with pytest.raises(KeyUnavailable, match="is not a key file of format 1") as refusal:
        LocalKeyFile(key_file).prepare(create=True)

    assert "secret" not in str(refusal.value)
    assert refusal.value.__cause__ is None
    assert refusal.value.__context__ is None
    assert key_file.read_bytes() == content


def test_a_path_that_cannot_be_used_is_explained(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(KeyUnavailable, match=r"cannot be used.*check that the path"):
        LocalKeyFile(tmp_path / "file" / "keys.json").prepare(create=True)


def test_first_users_at_the_same_moment_agree_on_one_file(key_file: Path) -> None:
    context = multiprocessing.get_context("spawn")
    pipes, children = [], []
    for _ in range(3):
        ours, theirs = context.Pipe()
        child = context.Process(target=make_keys, args=(key_file, theirs))
        child.start()
        theirs.close()
        pipes.append(ours)
        children.append(child)
    for pipe in pipes:
        pipe.send("go")
    digests = {pipe.recv() for pipe in pipes}
    for pipe, child in zip(pipes, children, strict=True):
        child.join()
        child.close()
        pipe.close()

    assert len(digests) == 1
    assert list(key_file.parent.iterdir()) == [key_file]


def test_nothing_shows_or_carries_the_keys(made: LocalKeyFile, key_file: Path) -> None:
    held = json.loads(key_file.read_bytes())
    secrets = [held["lookup_key"], *held["master_keys"].values()]

    shown = f"{made!r} {made} {vars(made)} {pickle.dumps(made)!r}"

    assert "keys.json" in shown
    assert not any(secret in shown for secret in secrets)


def test_keys_still_work_after_pickling(made: LocalKeyFile) -> None:
    copy = pickle.loads(pickle.dumps(made))  # noqa: S301
    name, [wrapped] = made.wrap([KeyToWrap(b"k" * 32, b"aad")])

    assert copy.unwrap(wrapped, name, b"aad") == b"k" * 32


def test_keys_that_are_wrapped_together_open_one_by_one(made: LocalKeyFile) -> None:
    plain = [KeyToWrap(bytes([i]) * 32, b"subject %d" % i) for i in range(5)]

    name, wrapped = made.wrap(plain)

    assert [made.unwrap(w, name, p.aad) for w, p in zip(wrapped, plain, strict=True)] == [
        p.key for p in plain
    ]
    nonces = {w[:12] for w in wrapped}
    assert len(nonces) == 5


def test_a_lookup_digest_is_the_hmac_of_its_framed_parts(
    made: LocalKeyFile, key_file: Path
) -> None:
    """RFC 2104, computed by the standard library in another way."""
    key = base64.b64decode(json.loads(key_file.read_bytes())["lookup_key"])
    framed = b"".join(len(part).to_bytes(8, "big") + part for part in (b"scope", b"x" * 5000))

    assert made.lookup_digest(b"scope", b"x" * 5000) == hmac.digest(key, framed, "sha256")
    assert made.lookup_digest(b"scope") != made.lookup_digest(b"scop", b"e")


def test_a_wrapped_key_opens_only_for_what_it_was_wrapped_for(made: LocalKeyFile) -> None:
    _, [wrapped] = made.wrap([KeyToWrap(b"k" * 32, b"subject 1")])

    with pytest.raises(KeyUnavailable, match="does not open"):
        made.unwrap(wrapped, made.master_key_id, b"subject 2")
    with pytest.raises(KeyUnavailable, match="does not hold master key other"):
        made.unwrap(wrapped, "other", b"subject 1")


def test_rotating_the_master_key_keeps_every_lookup(made: LocalKeyFile, key_file: Path) -> None:
    master, [wrapped] = made.wrap([KeyToWrap(b"k" * 32, b"aad")])
    digest = made.lookup_digest(b"applicant")
    held = json.loads(key_file.read_bytes())
    held["master_keys"]["next"] = held["lookup_key"]  # any 32 bytes will do
    held["current"] = "next"
    key_file.write_text(json.dumps(held))

    rotated = LocalKeyFile(key_file)

    assert rotated.master_key_id == "next"
    assert rotated.unwrap(wrapped, master, b"aad") == b"k" * 32
    assert rotated.lookup_digest(b"applicant") == digest


@given(st.lists(st.binary(max_size=4), max_size=3), st.lists(st.binary(max_size=4), max_size=3))
def test_digests_agree_exactly_when_the_parts_do(left: list[bytes], right: list[bytes]) -> None:
    keys = shared_keys()

    assert (keys.lookup_digest(*left) == keys.lookup_digest(*right)) == (left == right)


_shared: list[LocalKeyFile] = []


@pytest.fixture(autouse=True, scope="module")
def _keys_for_the_law(tmp_path_factory: pytest.TempPathFactory) -> None:
    keys = LocalKeyFile(tmp_path_factory.mktemp("law") / "keys.json")
    keys.prepare(create=True)
    _shared.append(keys)


def shared_keys() -> LocalKeyFile:
    return _shared[-1]


def test_a_reader_never_makes_keys(location: Location, keys: LocalKeyFile, tmp_path: Path) -> None:
    with RecordWriter(location, keys) as writer:
        writer.append(new_record()).result()
    absent = tmp_path / "absent.json"

    with RecordReader(location, LocalKeyFile(absent)) as reader:
        [stored] = reader.after()
        with pytest.raises(KeyUnavailable, match="is missing"):
            reader.open(stored)

    assert not absent.exists()
