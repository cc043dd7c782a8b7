"""Tombstones: numbered without gaps, linked, signed, and about nobody."""

from __future__ import annotations

import hashlib
import json
import struct
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from credit.records import LocalKeyFile, Location, RecordWriter
from credit.records.proof.signing import LocalSigningKey, read_public_keys
from credit.records.store.engine import open_engine
from tests.records.erasure.conftest import Erase
from tests.records.samples import everything, new_record


def test_they_form_a_signed_chain_that_a_stranger_can_check(
    writer: RecordWriter,
    location: Location,
    erase_now: Erase,
    signer: LocalSigningKey,
    keys: LocalKeyFile,
) -> None:
    """The format is written out here, with nothing of ours."""
    for i in range(3):
        writer.append(new_record(applicant_id=f"applicant-{i}")).result()
    refs = [record.subject_ref for record in everything(location)]
    for i in range(3):
        erase_now(applicant_id=f"applicant-{i}")
    [(_, public)] = read_public_keys(signer._public_path).items()

    previous = bytes(32)
    for number, row in enumerate(_tombstones(location), start=1):
        body = json.loads(row["body"])
        framed = b"".join(
            struct.pack(">Q", len(part)) + part for part in (b"credit-tombstone/1", row["body"])
        )
        assert row["number"] == body["number"] == number
        assert body["previous"] == previous.hex()
        assert row["hash"] == hashlib.sha256(framed).digest()
        Ed25519PublicKey.from_public_bytes(public).verify(row["signature"], row["hash"])
        assert row["signing_key_id"] == hashlib.sha256(public).hexdigest()[:16]
        assert row["subject_ref"] == body["subject_ref"] == refs[number - 1]
        previous = row["hash"]
    assert number == 3


def test_the_body_is_canonical_and_names_rule_and_role(
    writer: RecordWriter, location: Location, erase_now: Erase
) -> None:
    writer.append(new_record()).result()
    writer.append(new_record()).result()
    erase_now(applicant_id="applicant-1", requested_by="authority")

    [row] = _tombstones(location)
    body = json.loads(row["body"])
    assert row["body"] == json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
    assert (body["policy"], body["policy_version"]) == ("test", "7")
    assert (body["n_keys"], body["n_records"], body["requested_by"]) == (1, 2, "authority")
    assert set(body) == {
        *("format", "number", "previous", "subject_ref", "erased_at", "policy", "policy_version"),
        *("n_keys", "n_records", "requested_by"),
    }


def _tombstones(location: Location) -> list[dict[str, Any]]:
    engine = open_engine(location, read_only=True)
    with engine.begin() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM tombstones ORDER BY number").mappings()
        found = [
            {name: bytes(v) if isinstance(v, memoryview) else v for name, v in row.items()}
            for row in rows
        ]
    engine.dispose()
    return found
