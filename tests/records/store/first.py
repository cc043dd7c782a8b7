"""Databases as the first version of the program left them."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, text

from credit.records import KeyProvider, NewRecord
from credit.records.framing import frame
from credit.records.ids import time_ordered_id
from credit.records.sealing.cipher import encrypt, new_key
from credit.records.sealing.keys import KeyToWrap
from credit.records.sealing.seal import sealed_aad
from credit.records.store import migrate

MIGRATIONS = Path(migrate.__file__).parent / "migrations"
WRITER = "0123456789abcdef0123456789abcdef"

# Written down from the program of that version: SQLite alone, no table of versions.
RECORDS_DDL = """
CREATE TABLE idempotency_keys (
    key_digest BLOB NOT NULL, tenant VARCHAR NOT NULL, route VARCHAR NOT NULL,
    fingerprint BLOB NOT NULL, decision_id VARCHAR NOT NULL,
    PRIMARY KEY (key_digest, tenant, route)
) WITHOUT ROWID;
CREATE TABLE schema_info (version INTEGER NOT NULL, lookup_check BLOB, PRIMARY KEY (version));
CREATE TABLE subjects (
    subject_ref VARCHAR NOT NULL, tenant VARCHAR NOT NULL, applicant_digest BLOB,
    created_at VARCHAR NOT NULL, erased_at VARCHAR,
    PRIMARY KEY (subject_ref), UNIQUE (applicant_digest, tenant)
) WITHOUT ROWID;
CREATE TABLE subject_keys (
    key_id VARCHAR NOT NULL, subject_ref VARCHAR NOT NULL, master_key_id VARCHAR NOT NULL,
    wrapped_key BLOB, created_at VARCHAR NOT NULL, destroyed_at VARCHAR,
    PRIMARY KEY (key_id), FOREIGN KEY(subject_ref) REFERENCES subjects (subject_ref)
) WITHOUT ROWID;
CREATE INDEX ix_subject_keys_subject_ref ON subject_keys (subject_ref);
CREATE TABLE records (
    position INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, tenant VARCHAR NOT NULL,
    route VARCHAR NOT NULL, decision_id VARCHAR NOT NULL, writer VARCHAR NOT NULL,
    sequence BIGINT NOT NULL, previous_hash BLOB NOT NULL, hash BLOB NOT NULL,
    subject_ref VARCHAR NOT NULL, key_id VARCHAR NOT NULL, created_at VARCHAR NOT NULL,
    clear BLOB NOT NULL, sealed BLOB NOT NULL, commit_xid BIGINT,
    UNIQUE (writer, sequence), UNIQUE (decision_id),
    FOREIGN KEY(subject_ref) REFERENCES subjects (subject_ref),
    FOREIGN KEY(key_id) REFERENCES subject_keys (key_id)
);
CREATE INDEX ix_records_subject_ref ON records (subject_ref);
INSERT INTO schema_info (version) VALUES (1);
"""
STATE_DDL = """
CREATE TABLE cursors (
    consumer VARCHAR NOT NULL, position INTEGER NOT NULL, updated_at VARCHAR NOT NULL,
    PRIMARY KEY (consumer)
);
"""


def migrated_to(engine: Engine, name: str, revision: str) -> None:
    """Run the migrations of the records or the state up to a revision."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("version_locations", str(MIGRATIONS / name))
    config.set_main_option("path_separator", "newline")
    with engine.begin() as connection:
        config.attributes.update(connection=connection, version_table=f"{name}_version")
        command.upgrade(config, revision)


def fill(connection: Connection, keys: KeyProvider, records: Sequence[NewRecord]) -> None:
    """Write records as the first version did: one subject and key for each, sealed parts in zlib."""
    keys.prepare(create=True)
    connection.execute(
        text("UPDATE schema_info SET lookup_check = :digest"),
        {"digest": keys.lookup_digest(b"lookup-check")},
    )
    previous = bytes(32)
    for sequence, record in enumerate(records, start=1):
        previous = _append(connection, keys, record, sequence, previous)


def _append(
    connection: Connection, keys: KeyProvider, record: NewRecord, sequence: int, previous: bytes
) -> bytes:
    applicant = record.sealed.applicant_id
    assert applicant is not None
    tenant = record.tenant.encode()
    subject_ref, key_id, key = time_ordered_id(), time_ordered_id(), new_key()
    sealed = encrypt(
        zlib.compress(msgspec.msgpack.encode(record.sealed), 1),
        key,
        sealed_aad(
            tenant=record.tenant,
            decision_id=record.decision_id,
            writer=WRITER,
            sequence=sequence,
        ),
    )
    clear = msgspec.json.encode(record.clear, order="sorted")
    row: dict[str, Any] = {
        "tenant": record.tenant,
        "route": record.route,
        "decision_id": record.decision_id,
        "writer": WRITER,
        "sequence": sequence,
        "subject_ref": subject_ref,
        "key_id": key_id,
        "created_at": record.clear.created_at,
        "clear": clear,
        "sealed": sealed,
    }
    hash_ = first_hash(previous, **row)
    common = {"subject_ref": subject_ref, "created_at": record.clear.created_at}
    _insert(
        connection,
        "subjects",
        {
            **common,
            "tenant": record.tenant,
            "applicant_digest": keys.lookup_digest(b"applicant", tenant, applicant.encode()),
        },
    )
    aad = frame(b"subject-key/1", key_id.encode(), subject_ref.encode())
    master_key_id, [wrapped] = keys.wrap([KeyToWrap(key, aad)])
    _insert(
        connection,
        "subject_keys",
        {
            **common,
            "key_id": key_id,
            "master_key_id": master_key_id,
            "wrapped_key": wrapped,
        },
    )
    _insert(connection, "records", {**row, "previous_hash": previous, "hash": hash_})
    if record.idempotency_key is not None:
        parts = (tenant, record.route.encode(), record.idempotency_key.encode())
        _insert(
            connection,
            "idempotency_keys",
            {
                "key_digest": keys.lookup_digest(b"idempotency-key", *parts),
                "tenant": record.tenant,
                "route": record.route,
                "fingerprint": keys.lookup_digest(b"body", tenant, record.canonical_body),
                "decision_id": record.decision_id,
            },
        )
    return hash_


def first_hash(
    previous: bytes, *, sequence: int, clear: bytes, sealed: bytes, **text: str
) -> bytes:
    """Hash a record as the first version did: link and content at once, each part behind its length."""
    names = ("tenant", "route", "decision_id", "writer", "subject_ref", "key_id", "created_at")
    parts = [b"credit-decision-record/1", previous, sequence.to_bytes(8, "big")]
    parts += [text[name].encode() for name in names] + [clear, sealed]
    return hashlib.sha256(b"".join(len(p).to_bytes(8, "big") + p for p in parts)).digest()


def _insert(connection: Connection, table: str, row: dict[str, object]) -> None:
    names, values = ", ".join(row), ", ".join(f":{name}" for name in row)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)  # noqa: S608
