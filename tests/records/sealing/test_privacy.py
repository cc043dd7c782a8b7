"""The store tells nothing about a person."""

from __future__ import annotations

import struct
from pathlib import Path

import msgspec
import psycopg

from credit.records import Location, RecordWriter
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


def found(location: Location, markers: dict[str, bytes]) -> set[str]:
    content = _files(location) if isinstance(location, Path) else _tables(location)
    return {name for name, marker in markers.items() if marker in content}


def _files(path: Path) -> bytes:
    """Everything on disk: the database and its write-ahead log."""
    return b"".join(file.read_bytes() for file in sorted(path.parent.glob("records.db*")))


def _tables(address: str) -> bytes:
    """Every row of every table, as the server hands it out in binary."""
    with psycopg.connect(address) as connection, connection.cursor() as cursor:
        tables = cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        content = b""
        for (table,) in tables:
            with cursor.copy(f"COPY {table} TO STDOUT (FORMAT BINARY)".encode()) as copy:
                content += b"".join(bytes(block) for block in copy)
        return content


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


def test_the_store_holds_no_personal_value(writer: RecordWriter, location: Location) -> None:
    append_marked(writer)

    assert found(location, MARKERS) == set()  # database and write-ahead log
    writer.close()
    assert found(location, MARKERS) == set()  # after the log was folded in


def test_the_search_finds_what_is_in_clear(writer: RecordWriter, location: Location) -> None:
    """Control: the same search sees the clear part."""
    append_marked(writer)

    assert found(location, {"bundle": b"b" * 64}) == {"bundle"}


def test_the_markers_are_what_an_open_record_would_show(tmp_path: Path) -> None:
    """Control: an unsealed part on disk would be noticed."""
    part = new_record(
        applicant_id="marker-applicant",
        answer=b"marker-answer",
        application={"purpose": "marker-purpose", "income": NUMBER},
    ).sealed

    (tmp_path / "records.db").write_bytes(msgspec.msgpack.encode(part))

    assert found(tmp_path / "records.db", MARKERS) == {
        "applicant id",
        "application id",
        "text value",
        "number in msgpack",
        "answer",
    }


def test_equal_applications_look_different(writer: RecordWriter, location: Location) -> None:
    """Random nonces: equal ciphertexts would tell that two answers are equal."""
    for _ in range(2):
        writer.append(new_record()).result()

    first, second = everything(location)
    assert first.sealed != second.sealed
