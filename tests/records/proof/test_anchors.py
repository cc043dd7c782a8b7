"""Places outside: what is published stays, and comes back as it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyarrow import fs

from credit.errors import AnchorUnavailable, RecordsNotProven, SettingsInvalid
from credit.records.proof.anchored import encode_anchored
from credit.records.proof.anchors import Anchor, open_anchor
from credit.records.proof.bucket_anchor import BucketAnchor
from credit.records.proof.file_anchor import FileAnchor
from credit.records.proof.signed import SignedEntry
from tests.object_store import make_bucket, object_store


def entry(number: int, body: str = "{}") -> SignedEntry:
    return SignedEntry(
        number=number,
        body=body.encode(),
        hash=bytes([number % 256]) * 32,
        signature=b"s" * 64,
        signing_key_id="0123456789abcdef",
    )


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with object_store() as address:
        yield address


@pytest.fixture
def store(server: str, monkeypatch: pytest.MonkeyPatch) -> fs.FileSystem:
    return make_bucket(server, "proof", monkeypatch)


@pytest.fixture(params=["file", "bucket"])
def anchor(request: pytest.FixtureRequest, tmp_path: Path) -> Anchor:
    if request.param == "file":
        return open_anchor(str(tmp_path / "outside" / "checkpoints.jsonl"))
    request.getfixturevalue("store")
    return open_anchor(f"s3://proof/{tmp_path.name}/checkpoints")


def test_checkpoints_come_back_in_order_as_they_were(anchor: Anchor) -> None:
    published = [entry(number, f'{{"ü": {number}}}') for number in range(1, 6)]

    assert anchor.last() is None
    assert list(anchor.read_all()) == []
    for each in published:
        anchor.publish(each)

    assert list(anchor.read_all()) == published
    assert anchor.last() == published[-1]


def test_publishing_again_changes_nothing(anchor: Anchor) -> None:
    for _ in range(2):
        anchor.publish(entry(1))
        anchor.publish(entry(2))

    assert [each.number for each in anchor.read_all()] == [1, 2]


def test_another_checkpoint_of_the_same_number_is_refused_and_the_first_stays(
    anchor: Anchor,
) -> None:
    anchor.publish(entry(1))

    with pytest.raises(RecordsNotProven, match="holds another checkpoint 1 than the store"):
        anchor.publish(entry(1, '{"other": 1}'))

    assert list(anchor.read_all()) == [entry(1)]


def test_a_line_that_a_crash_broke_off_is_completed(tmp_path: Path) -> None:
    whole = encode_anchored(entry(1)) + b"\n" + encode_anchored(entry(2)) + b"\n"
    path = tmp_path / "checkpoints.jsonl"
    for end in range(0, len(whole) + 1, 7):
        path.write_bytes(whole[:end])
        anchor = FileAnchor(path)
        n_whole = whole[:end].count(b"\n")

        assert [each.number for each in anchor.read_all()] == [1, 2][:n_whole]
        last = anchor.last()
        assert (0 if last is None else last.number) == n_whole
        for number in (1, 2):
            anchor.publish(entry(number))

        assert path.read_bytes() == whole


def test_a_broken_line_of_something_else_is_kept_as_evidence(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints.jsonl"
    path.write_bytes(b"half of something els")

    with pytest.raises(RecordsNotProven, match="breaks off and is no beginning of checkpoint 1"):
        FileAnchor(path).publish(entry(1))

    assert path.read_bytes() == b"half of something els"


def test_a_long_line_is_found_from_the_end(tmp_path: Path) -> None:
    anchor = FileAnchor(tmp_path / "checkpoints.jsonl")
    long = [entry(number, f'"{"x" * 100_000}"') for number in (1, 2)]
    for each in long:
        anchor.publish(each)

    assert anchor.last() == long[-1]


def test_a_line_that_is_no_checkpoint_is_named(tmp_path: Path) -> None:
    path = tmp_path / "checkpoints.jsonl"
    path.write_text('{"number": 1}\n')

    with pytest.raises(RecordsNotProven, match="checkpoints.jsonl holds something that is no"):
        list(FileAnchor(path).read_all())


def test_a_file_that_cannot_be_written_is_named_with_the_cause(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(AnchorUnavailable, match="folder cannot be used: Is a directory"):
        FileAnchor(tmp_path / "folder").publish(entry(1))


def test_the_last_object_is_found_over_the_border_of_folders(
    store: fs.FileSystem, tmp_path: Path
) -> None:
    anchor = BucketAnchor(f"s3://proof/{tmp_path.name}")
    for number in (998, 999, 1000, 1001):
        anchor.publish(entry(number))

    last = anchor.last()

    assert last is not None
    assert last.number == 1001
    assert [each.number for each in anchor.read_all()] == [998, 999, 1000, 1001]
    paths = [
        info.path
        for info in store.get_file_info(fs.FileSelector(f"proof/{tmp_path.name}", recursive=True))
        if info.is_file
    ]
    assert f"proof/{tmp_path.name}/000000001/000001000.json" in paths


@pytest.mark.parametrize("address", ["s3://proof", "s3:///prefix", "http://proof/prefix"])
def test_an_address_without_bucket_and_prefix_is_refused(address: str) -> None:
    with pytest.raises(SettingsInvalid, match="expected a bucket and a prefix"):
        open_anchor(address)


def test_credentials_in_the_address_stay_out_of_names_and_messages(store: fs.FileSystem) -> None:
    anchor = BucketAnchor("s3://me:geheim@no-such-bucket/prefix?region=us-east-1")

    assert anchor.name == "s3://no-such-bucket/prefix"
    with pytest.raises(AnchorUnavailable, match="^The anchor s3://no-such-bucket/pref") as refused:
        anchor.publish(entry(1))
    assert "geheim" not in str(refused.value)
