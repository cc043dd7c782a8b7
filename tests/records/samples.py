"""Records and checks that the tests share."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from credit.records import ClearPart, NewRecord, RecordReader, SealedPart, StoredRecord
from credit.records.ids import time_ordered_id
from credit.records.proof.chain import GENESIS, record_hash

FEATURES = [1234.5678, float("nan"), 0.1 + 0.2]


def clear_part(**changes: object) -> ClearPart:
    fields: dict[str, object] = {
        "created_at": "2025-03-01T12:00:00.000001+00:00",
        "contract": "retail",
        "contract_version": "1",
        "bundle": "b" * 64,
        "generation": 7,
        "arm": "champion",
        "slot": 431,
        "model": "credit-retail/3",
        "engine": "lightgbm-4.6",
        "fingerprint": "f" * 64,
        "probability_of_default": 0.0417,
        "score": 577.25,
        "rating": "Good",
        "risk_level": "LOW",
        "decision": "approve",
        "reason_codes": ["R03", "R11"],
        "policy_version": "2",
        "latency_us": {"transform": 40, "score": 90},
    }
    return ClearPart(**(fields | changes))  # type: ignore[arg-type]


def new_record(
    *,
    key: str | None = None,
    applicant_id: str | None = "applicant-1",
    body: bytes = b'{"income": 1200}',
    answer: bytes = b'{"decision": "approve"}',
    decision_id: str | None = None,
    tenant: str = "default",
    route: str = "/v1/score",
    clear: ClearPart | None = None,
    application: dict[str, float | int | str | None] | None = None,
) -> NewRecord:
    return NewRecord(
        tenant=tenant,
        route=route,
        idempotency_key=key,
        canonical_body=body,
        decision_id=decision_id or time_ordered_id(),
        clear=clear or clear_part(),
        sealed=SealedPart(
            application_id="application-1",
            applicant_id=applicant_id,
            application=application or {"income": 1200, "purpose": "car", "debt": None},
            features=FEATURES,
            shap_values=[0.25, -0.5, 0.0],
            answer=answer,
        ),
    )


def everything(path: Path) -> list[StoredRecord]:
    with RecordReader(path) as reader:
        found: list[StoredRecord] = []
        while page := reader.after(found[-1].position if found else 0):
            found += page
        return found


def broken_links(stored: Iterable[StoredRecord]) -> list[str]:
    """Decision ids whose hash, link or sequence is not what the chain of their writer demands."""
    ends: dict[str, tuple[int, bytes]] = defaultdict(lambda: (0, GENESIS))
    broken = []
    for record in stored:
        sequence, previous_hash = ends[record.writer]
        expected = record_hash(
            previous_hash,
            tenant=record.tenant,
            route=record.route,
            decision_id=record.decision_id,
            writer=record.writer,
            sequence=sequence + 1,
            subject_ref=record.subject_ref,
            key_id=record.key_id,
            created_at=record.created_at,
            clear=record.clear_bytes,
            sealed=record.sealed,
        )
        if (record.sequence, record.previous_hash, record.hash) != (
            sequence + 1,
            previous_hash,
            expected,
        ):
            broken.append(record.decision_id)
        ends[record.writer] = (record.sequence, record.hash)
    return broken


def tamper(path: Path, statement: str, *values: object) -> None:
    """Change the database behind the store's back."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement, values)
        connection.commit()


def destroy_keys(path: Path) -> None:
    tamper(path, "UPDATE subject_keys SET wrapped_key = NULL, destroyed_at = created_at")
