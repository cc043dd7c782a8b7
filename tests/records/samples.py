"""Records and checks that the tests share."""

from __future__ import annotations

import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, NullPool, Pool, create_engine, event, text

from credit.records import (
    START,
    ClearPart,
    Location,
    NewRecord,
    RecordReader,
    SealedPart,
    StoredRecord,
)
from credit.records.ids import time_ordered_id
from credit.records.proof.chain import GENESIS, fields_of, hash_holds
from credit.records.store.location import postgres_url
from credit.records.store.sqlite import file_lock

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


def everything(location: Location) -> list[StoredRecord]:
    """Read the whole store in its order.

    On PostgreSQL any open transaction of the server, also one of its own housekeeping, holds
    back what was written after it began; so this waits until all that is committed may be read.
    """
    with RecordReader(location) as reader:
        deadline = time.monotonic() + 20
        while reader.count_after(START) < reader.count():
            assert time.monotonic() < deadline, "a transaction stays open and holds records back"
        found: list[StoredRecord] = []
        while page := reader.after(found[-1].cursor if found else START):
            found += page
        return found


def broken_links(stored: Iterable[StoredRecord]) -> list[str]:
    """Decision ids whose hash, link or sequence is not what the chain of their writer demands."""
    ends: dict[str, tuple[int, bytes]] = defaultdict(lambda: (0, GENESIS))
    broken = []
    for record in stored:
        sequence, previous_hash = ends[record.writer]
        linked = (record.sequence, record.previous_hash) == (sequence + 1, previous_hash)
        if not linked or not hash_holds(
            record.hash, previous_hash, sequence + 1, *fields_of(record)
        ):
            broken.append(record.decision_id)
        ends[record.writer] = (record.sequence, record.hash)
    return broken


def tamper(location: Location, statement: str, **values: object) -> None:
    """Change the database behind the store's back; nothing stops it, no foreign key either.

    Parameters
    ----------
    statement
        SQL with named parameters, such as ``:key_id``.
    """
    engine = foreign_engine(location)
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica")
        connection.execute(text(statement), values)
    engine.dispose()


def foreign_engine(location: Location) -> Engine:
    """Connect as some other program would, without any of the precautions of the store."""
    if isinstance(location, Path):
        return create_engine(f"sqlite:///{location}", poolclass=NullPool)
    return create_engine(postgres_url(location), poolclass=NullPool)


def destroy_keys(location: Location) -> None:
    """Do to the keys of all subjects what an erasure does to those of one."""
    tamper(location, "UPDATE subject_keys SET wrapped_key = NULL, destroyed_at = created_at")


@contextmanager
def writers_wait(location: Location) -> Iterator[None]:
    """Hold what every writer needs, as another writer that does not finish would."""
    if isinstance(location, Path):
        with file_lock(location):
            yield
        return
    engine = foreign_engine(location)
    with engine.begin() as connection:
        connection.exec_driver_sql("LOCK TABLE records IN ACCESS EXCLUSIVE MODE")
        yield
    engine.dispose()


def fail_route(location: Location) -> None:
    """Let every record of the route ``/fails`` break the transaction that writes it."""
    if isinstance(location, Path):
        tamper(
            location,
            "CREATE TRIGGER fail BEFORE INSERT ON records WHEN NEW.route = '/fails' "
            "BEGIN SELECT RAISE(ABORT, 'the disk is on fire'); END",
        )
        return
    tamper(
        location,
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN RAISE EXCEPTION ''the disk is on fire''; END'",
    )
    tamper(
        location,
        "CREATE TRIGGER fail BEFORE INSERT ON records FOR EACH ROW "
        "WHEN (NEW.route = '/fails') EXECUTE FUNCTION fail()",
    )


def mend_route(location: Location) -> None:
    """Undo `fail_route`."""
    where = "" if isinstance(location, Path) else " ON records"
    tamper(location, f"DROP TRIGGER fail{where}")


@contextmanager
def watching(name: str, notice: Callable[..., None], kind: type[Any] = Engine) -> Iterator[None]:
    """Be told of an event of all engines, or pools, of this process."""
    event.listen(kind, name, notice)
    try:
        yield
    finally:
        event.remove(kind, name, notice)


@contextmanager
def whole_batches(notice: Callable[[str], None]) -> Iterator[None]:
    """Be told of the statements by which SQLite writes a batch and commits it."""

    def trace(connection: Any, _: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.set_trace_callback(
                lambda said: notice(said) if said.startswith("INSERT INTO temp.") else None
            )

    with watching("connect", trace, Pool):
        yield
