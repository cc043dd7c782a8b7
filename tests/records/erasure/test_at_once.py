"""Erasures and decisions at the same moment."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credit.records import LocalKeyFile, Location, RecordReader, RecordWriter
from credit.records.ids import time_ordered_id
from credit.records.proof.signing import LocalSigningKey
from credit.records.sealing.subjectkeys import SubjectKeys
from credit.records.store.engine import open_engine
from tests.records.erasure.conftest import Erase
from tests.records.erasure.held import Other, open_batch, open_erasure
from tests.records.samples import broken_links, everything, new_record, tamper


@pytest.mark.parametrize("location", ["postgresql"], indirect=True)
@pytest.mark.parametrize("has_key", [True, False])
def test_an_erasure_waits_for_a_record_that_is_being_sealed(
    writer: RecordWriter,
    reader: RecordReader,
    location: str,
    keys: LocalKeyFile,
    erase_now: Erase,
    has_key: bool,
) -> None:
    """Also when that record brings a new key for a known subject."""
    writer.append(new_record()).result()
    if not has_key:
        tamper(location, "UPDATE subject_keys SET wrapped_key = NULL")

    with open_batch(location, keys):
        other = Other(location, lambda: erase_now(applicant_id="applicant-1"))
        assert other.waits()
    done = other.result()

    stored = everything(location)
    assert (done.status, done.n_keys, done.n_records) == ("erased", 1, 2)
    assert reader.why_closed(stored) == ["erased", "erased"]
    assert len({record.subject_ref for record in stored}) == 1


@pytest.mark.parametrize("location", ["postgresql"], indirect=True)
@pytest.mark.parametrize("has_key", [True, False])
def test_a_record_waits_for_an_erasure_and_gets_a_new_subject(
    writer: RecordWriter,
    reader: RecordReader,
    location: str,
    signer: LocalSigningKey,
    has_key: bool,
) -> None:
    writer.append(new_record()).result()
    [first] = everything(location)
    if not has_key:
        tamper(location, "UPDATE subject_keys SET wrapped_key = NULL")

    with open_erasure(location, signer, first.subject_ref):
        other = Other(location, lambda: writer.append(new_record()).result())
        assert other.waits()
    other.result()

    stored = everything(location)
    assert reader.why_closed(stored) == ["erased", None]
    assert len({record.subject_ref for record in stored}) == 2
    assert broken_links(stored) == []


@pytest.mark.parametrize("location", ["postgresql"], indirect=True)
def test_a_key_that_is_made_for_a_known_subject_is_destroyed_with_it(
    writer: RecordWriter,
    reader: RecordReader,
    location: str,
    erase_now: Erase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The erasure comes between the writer's look at the subject and the new key."""
    writer.append(new_record()).result()
    [first] = everything(location)
    tamper(location, "UPDATE subject_keys SET wrapped_key = NULL")
    make, erasures = SubjectKeys.make, list[Other]()

    def slow(self: SubjectKeys, subject_refs: Sequence[str], *rest: Any) -> Any:
        if list(subject_refs) == [first.subject_ref]:
            erasures.append(Other(location, lambda: erase_now(applicant_id="applicant-1")))
            assert erasures[0].waits()
        return make(self, subject_refs, *rest)

    monkeypatch.setattr(SubjectKeys, "make", slow)
    writer.append(new_record()).result()

    assert erasures[0].result().n_keys == 1
    assert reader.why_closed(everything(location)) == ["erased", "erased"]


def test_whatever_comes_in_between_no_record_lies_under_a_destroyed_key_unseen(
    location: Location, keys: LocalKeyFile, erase_now: Erase
) -> None:
    """Each tombstone counts all records its subject will ever have."""
    RecordWriter(location, keys).close()
    people = [f"applicant-{i}" for i in range(4)]
    failures: list[BaseException] = []

    def work(act: Callable[[random.Random], object], seed: int, times: int) -> None:
        generator = random.Random(seed)  # noqa: S311 - whom to take, not a secret
        try:
            for _ in range(times):
                act(generator)
        except BaseException as error:
            failures.append(error)

    with RecordWriter(location, keys) as one, RecordWriter(location, keys) as two:

        def append(writer: RecordWriter) -> Callable[[random.Random], object]:
            return lambda generator: writer.append(
                new_record(applicant_id=generator.choice(people))
            ).result()

        threads = [
            threading.Thread(target=work, args=arguments)
            for arguments in (
                (append(one), 1, 60),
                (append(two), 2, 60),
                (lambda g: erase_now(applicant_id=g.choice(people)), 3, 15),
                (lambda g: erase_now(applicant_id=g.choice(people)), 4, 15),
            )
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert failures == []
    stored = everything(location)
    assert len(stored) == 120
    assert broken_links(stored) == []
    bodies = tombstones(location)
    assert [body["number"] for body in bodies] == list(range(1, len(bodies) + 1))
    of_subject = Counter(record.subject_ref for record in stored)
    assert {b["subject_ref"]: b["n_records"] for b in bodies}.items() <= of_subject.items()
    erased = {body["subject_ref"] for body in bodies}
    with RecordReader(location, keys) as reader:
        closed = [part is None for part in reader.open_many(stored)]
    assert closed == [record.subject_ref in erased for record in stored]
    assert erased


steps = st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=12)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_in_any_order_of_decisions_and_erasures_the_chains_hold_and_the_erased_stay_closed(
    writer: RecordWriter,
    reader: RecordReader,
    location: Location,
    erase_now: Erase,
    order: list[tuple[bool, int]],
) -> None:
    run = time_ordered_id()  # one store for all examples: its people are new in each
    alive: dict[int, list[str]] = {}
    gone: list[str] = []

    for is_decision, who in order:
        if is_decision:
            receipt = writer.append(new_record(applicant_id=f"{run}-{who}")).result()
            alive.setdefault(who, []).append(receipt.decision_id)
        else:
            done = erase_now(applicant_id=f"{run}-{who}")
            expected = alive.pop(who, [])
            gone += expected
            assert done.n_records == len(expected)

    stored = {record.decision_id: record for record in everything(location)}
    assert broken_links(stored.values()) == []
    assert all(part is None for part in reader.open_many([stored[i] for i in gone]))
    open_ids = [i for ids in alive.values() for i in ids]
    assert None not in reader.open_many([stored[i] for i in open_ids])


def tombstones(location: Location) -> list[dict[str, Any]]:
    engine = open_engine(location, read_only=True)
    with engine.begin() as connection:
        rows = connection.exec_driver_sql("SELECT body FROM tombstones ORDER BY number")
        bodies = [json.loads(bytes(row.body)) for row in rows]
    engine.dispose()
    return bodies
