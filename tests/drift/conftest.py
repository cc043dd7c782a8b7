"""A real record store in a folder of its own, and what reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Engine, update

from credit.data.reference import Reference, make_reference
from credit.records import (
    ClearPart,
    LocalKeyFile,
    Location,
    NewRecord,
    RecordReader,
    RecordWriter,
    SealedPart,
    begin_write,
    new_decision_id,
    open_state,
)
from credit.records.store.opening import open_store
from credit.records.store.schema import subject_keys
from drift import DetectorLevels, DriftMonitor, PsiDetector
from drift.detector import Rows

NAMES = ("income", "age")


@pytest.fixture
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    """Where the records are: a file, unless a test asks for ``postgresql`` (see `BOTH`)."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return tmp_path / "records.db"
    address: str = request.getfixturevalue("postgres_database")
    return address


BOTH = pytest.mark.parametrize("log", ["sqlite", "postgresql"], indirect=True)
"""Runs a test on each database."""


@pytest.fixture
def keys(tmp_path: Path) -> LocalKeyFile:
    return LocalKeyFile(tmp_path / "keys.json")


@pytest.fixture
def reader(log: Location, keys: LocalKeyFile) -> Iterator[RecordReader]:
    with RecordReader(log, keys) as opened:
        yield opened


@pytest.fixture
def state(tmp_path: Path, log: Location) -> Iterator[Engine]:
    engine = open_state(tmp_path / "state.db" if isinstance(log, Path) else log)
    yield engine
    engine.dispose()


@pytest.fixture
def append(log: Location, keys: LocalKeyFile) -> Callable[..., None]:
    """Record one decision for each vector; keywords replace fields of the clear part."""

    def write(vectors: Sequence[Sequence[float]] | Rows, who: str = "erika", **clear: Any) -> None:
        records = [_record([float(value) for value in row], who, clear) for row in vectors]
        with RecordWriter(log, keys) as writer:
            for receipt in [writer.append(record) for record in records]:
                receipt.result()

    return write


def _record(features: list[float], who: str, clear: dict[str, Any]) -> NewRecord:
    defaults: dict[str, Any] = {
        "created_at": "2025-03-01T12:00:00.000000+00:00",
        "contract": "example",
        "contract_version": "1",
        "bundle": "b" * 64,
        "generation": 1,
        "arm": "champion",
        "slot": 7,
        "model": "lightgbm",
        "engine": "4.6.0",
        "fingerprint": "f",
        "probability_of_default": 0.05,
        "score": 600.0,
        "rating": "Good",
        "risk_level": "LOW",
        "decision": "approve",
        "reason_codes": [],
        "policy_version": "1",
        "latency_us": {"model": 300},
    }
    return NewRecord(
        route="/v1/score",
        idempotency_key=None,
        canonical_body=b"{}",
        decision_id=new_decision_id(),
        clear=ClearPart(**(defaults | clear)),
        sealed=SealedPart(
            application_id=f"application-of-{who}",
            applicant_id=who,
            application={"income": 4321.0},
            features=features,
            shap_values=[0.0 for _ in features],
            answer=b"{}",
        ),
    )


@pytest.fixture
def erase(log: Location, reader: RecordReader) -> Callable[[int], None]:
    """Destroy the keys of the person that the record at a position is about."""

    def destroy(position: int) -> None:
        record = reader.after()[position - 1]
        of_person = subject_keys.c.subject_ref == record.subject_ref
        engine = open_store(log)
        with begin_write(engine) as connection:
            connection.execute(update(subject_keys).where(of_person).values(wrapped_key=None))
        engine.dispose()

    return destroy


@pytest.fixture
def reference() -> Reference:
    return make_reference(NAMES, np.random.default_rng(1).normal(size=(1000, 2)))


@pytest.fixture
def population() -> Callable[[int], Rows]:
    """Draw rows of the population that the reference was drawn from."""
    generator = np.random.default_rng(2)
    return lambda n: generator.normal(size=(n, 2))


@pytest.fixture
def make_monitor(
    reader: RecordReader, state: Engine, reference: Reference
) -> Callable[..., DriftMonitor]:
    """Make one instance of the monitor; keywords replace its settings."""

    def make(**settings: Any) -> DriftMonitor:
        detector = PsiDetector(reference.rows, NAMES, DetectorLevels())
        detectors = settings.pop("detectors", [detector])
        return DriftMonitor(reader, state, reference, detectors, **settings)

    return make
