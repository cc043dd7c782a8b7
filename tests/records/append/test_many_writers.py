"""Several writers of one store, in threads and in processes, with the same keys and applicants."""

from __future__ import annotations

import multiprocessing
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credit.records import LocalKeyFile, Location, Receipt, RecordWriter
from tests.records.samples import broken_links, everything, new_record
from tests.records.workers import append_keyed

N_KEYS, N_APPLICANTS = 30, 4


def check_decided_once(location: Location, told: Iterable[tuple[str, str, bytes, bool]]) -> None:
    """One record for each key, its answer for everyone, one subject for each applicant."""
    answers: dict[str, set[tuple[str, bytes]]] = defaultdict(set)
    firsts: Counter[str] = Counter()
    for key, decision_id, answer, replayed in told:
        answers[key].add((decision_id, answer))
        firsts[key] += not replayed
    assert {len(known) for known in answers.values()} == {1}
    assert set(firsts.values()) == {1}

    stored = everything(location)
    assert len(stored) == len(answers)
    assert len({record.subject_ref for record in stored}) == N_APPLICANTS
    assert len({record.key_id for record in stored}) == N_APPLICANTS
    assert broken_links(stored) == []


def test_writers_in_threads_decide_each_key_once(location: Location, keys: LocalKeyFile) -> None:
    with ExitStack() as opened:
        writers = [
            opened.enter_context(RecordWriter(location, keys, max_batch=5)) for _ in range(4)
        ]

        def ask(number: int) -> tuple[str, str, bytes, bool]:
            key = number % N_KEYS
            record = new_record(
                key=f"k{key}",
                applicant_id=f"applicant-{key % N_APPLICANTS}",
                answer=b"%d" % number,
            )
            receipt = writers[number % 4].append(record).result()
            return f"k{key}", receipt.decision_id, receipt.answer, receipt.replayed

        with ThreadPoolExecutor(12) as callers:
            told = list(callers.map(ask, range(8 * N_KEYS)))

    check_decided_once(location, told)


def test_writers_in_processes_decide_each_key_once(location: Location, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    key_file = tmp_path / "var" / "keys.json"
    children = [
        context.Process(
            target=append_keyed, args=(location, key_file, N_KEYS, N_APPLICANTS, theirs)
        )
        for _ in range(2)
    ]
    for child in children:
        child.start()
    told = [answer for _ in children for answer in ours.recv()]
    for child in children:
        child.join()
        child.close()
    ours.close()
    theirs.close()

    assert len(told) == 2 * 3 * N_KEYS
    check_decided_once(location, told)


@pytest.mark.parametrize("n_applicants", [1, 50])
def test_writers_that_meet_new_applicants_at_once_make_one_subject_each(
    location: Location, keys: LocalKeyFile, n_applicants: int
) -> None:
    """No idempotency keys, which would already keep them apart."""
    with (
        RecordWriter(location, keys, max_batch=9) as one,
        RecordWriter(location, keys, max_batch=9) as other,
    ):
        receipts = [
            writer.append(new_record(applicant_id=f"applicant-{i % n_applicants}"))
            for i in range(100)
            # Opposite orders: writers that lock as they come would wait for each other.
            for writer in ((one, other) if i % 2 else (other, one))
        ]
        for receipt in receipts:
            receipt.result()

    stored = everything(location)
    assert len(stored) == 200
    assert len({record.subject_ref for record in stored}) == n_applicants
    assert len({record.key_id for record in stored}) == n_applicants
    assert broken_links(stored) == []


offers = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from([None, "a", "b"]), st.sampled_from([b"x", b"y"])),
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12)
@given(offers=offers)
def test_any_offers_end_as_their_keys_demand(
    location: Location,
    keys: LocalKeyFile,
    offers: list[tuple[int, str | None, bytes]],
) -> None:
    """Each key has one body and one answer; whoever sends another body is told so."""
    tenant = secrets.token_hex(8)  # a fresh scope in the same store
    before = len(everything(location))
    with (
        RecordWriter(location, keys, max_batch=3) as one,
        RecordWriter(location, keys, max_batch=3) as other,
    ):
        futures = [
            (one, other)[who].append(new_record(key=key, body=body, answer=body, tenant=tenant))
            for who, key, body in offers
        ]
        outcomes = [future.exception() or future.result() for future in futures]

    written = 0
    for key in ("a", "b"):
        of_key = [
            (body, outcome)
            for (_, k, body), outcome in zip(offers, outcomes, strict=True)
            if k == key
        ]
        told = [(body, o) for body, o in of_key if isinstance(o, Receipt)]
        if of_key:
            written += 1
            winner = {o.answer for _, o in told}
            assert len(winner) == 1
            assert all((body in winner) == isinstance(o, Receipt) for body, o in of_key)
            assert sum(not o.replayed for _, o in told) == 1
    written += sum(key is None for _, key, _ in offers)
    stored = everything(location)
    assert len(stored) == before + written
    assert broken_links(stored) == []
