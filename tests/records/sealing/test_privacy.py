"""The files of the store tell nothing about a person."""

from __future__ import annotations

import struct
from pathlib import Path

import msgspec

from credit.records import RecordWriter
from tests.records.samples import everything, new_record

NUMBER = 98765.4321
MARKERS = {
    "applicant id": b"marker-applicant",
    "application id": b"application-1",
    "text value": b"marker-purpose",
    "number as text": b"98765.4321",
    "number in msgpack": struct.pack(">d", NUMBER),
    "number in memory": struct.pack("<d", NUMBER),
    "answer": b"marker-answer",
    "idempotency key": b"marker-key",
    "body": b"marker-body",
}


def found(folder: Path, markers: dict[str, bytes]) -> set[str]:
    content = b"".join(file.read_bytes() for file in sorted(folder.glob("records.db*")))
    return {name for name, marker in markers.items() if marker in content}


def append_marked(writer: RecordWriter) -> None:
    writer.append(
        new_record(
            key="marker-key",
            applicant_id="marker-applicant",
            body=b"marker-body",
            answer=b"marker-answer",
            application={"purpose": "marker-purpose", "income": NUMBER},
        )
    ).result()


def test_the_files_hold_no_personal_value(writer: RecordWriter, path: Path) -> None:
    append_marked(writer)

    assert found(path.parent, MARKERS) == set()  # database and write-ahead log
    writer.close()
    assert found(path.parent, MARKERS) == set()  # after the log was folded in


def test_the_search_finds_what_is_in_clear(writer: RecordWriter, path: Path) -> None:
    """Control: the same search sees the clear part."""
    append_marked(writer)

    assert found(path.parent, {"bundle": b"b" * 64}) == {"bundle"}


def test_the_markers_are_what_an_open_record_would_show(tmp_path: Path) -> None:
    """Control: an unsealed part on disk would be noticed."""
    part = new_record(
        applicant_id="marker-applicant",
        answer=b"marker-answer",
        application={"purpose": "marker-purpose", "income": NUMBER},
    ).sealed

    (tmp_path / "records.db").write_bytes(msgspec.msgpack.encode(part))

    assert found(tmp_path, MARKERS) == {
        "applicant id",
        "application id",
        "text value",
        "number in msgpack",
        "answer",
    }


def test_equal_applications_look_different(writer: RecordWriter, path: Path) -> None:
    """Random nonces: equal ciphertexts would tell that two answers are equal."""
    for _ in range(2):
        writer.append(new_record()).result()

    first, second = everything(path)
    assert first.sealed != second.sealed
