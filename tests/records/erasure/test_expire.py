"""Ceilings and restrictions that have come to their day."""

from __future__ import annotations

from datetime import date
from importlib import import_module
from typing import Any

import pytest

from credit.records import LocalKeyFile, Location, RecordReader, RecordWriter
from credit.records.erasure import Expiry, RetentionPolicy, expire
from credit.records.proof.signing import LocalSigningKey
from credit.records.sealing.subjectkeys import SubjectKeys
from tests.records.erasure.conftest import Erase
from tests.records.erasure.policies import policy
from tests.records.samples import clear_part, everything, new_record

LAST_DAY = date(2026, 3, 1)
"""12 months after the decisions of 2025-03-01."""
DAY_AFTER = date(2026, 3, 2)


class Runner:
    """`expire` with what most tests give it."""

    def __init__(self, location: Location, keys: LocalKeyFile, signer: LocalSigningKey) -> None:
        self._where = (location, keys, signer)

    def __call__(self, rules: RetentionPolicy, today: date, **changes: Any) -> Expiry:
        return expire(*self._where, policy=rules, today=today, **({"bundles": ()} | changes))


@pytest.fixture
def run(location: Location, keys: LocalKeyFile, signer: LocalSigningKey) -> Runner:
    return Runner(location, keys, signer)


def append(writer: RecordWriter, who: str, day: str = "2025-03-01", **clear: object) -> None:
    created_at = f"{day}T12:00:00.000000+00:00"
    writer.append(
        new_record(applicant_id=who, clear=clear_part(created_at=created_at, **clear))
    ).result()


def test_who_is_older_than_the_ceiling_is_erased_and_nobody_else(
    writer: RecordWriter, reader: RecordReader, location: Location, run: Runner
) -> None:
    append(writer, "old")
    append(writer, "new", "2025-03-02")
    append(writer, "came back")
    append(writer, "came back", "2025-09-09")

    assert run(policy(ceiling=12), LAST_DAY).n_due == 0
    done = run(policy(ceiling=12), DAY_AFTER)

    assert (done.n_due, done.n_erased, done.n_keys, done.n_records) == (1, 1, 1, 1)
    assert reader.why_closed(everything(location)) == ["erased", None, None, None]


def test_the_ceiling_may_depend_on_the_decision(
    writer: RecordWriter, reader: RecordReader, location: Location, run: Runner
) -> None:
    append(writer, "approved")
    append(writer, "declined", decision="decline")

    run(policy(ceiling=24, declined_ceiling=6), DAY_AFTER)

    assert reader.why_closed(everything(location)) == [None, "erased"]


def test_without_a_ceiling_nobody_is_due(writer: RecordWriter, run: Runner) -> None:
    append(writer, "old", "1999-01-01")

    assert run(policy(), DAY_AFTER).n_due == 0


def test_who_asked_and_had_to_wait_is_erased_when_the_floor_ends(
    writer: RecordWriter, reader: RecordReader, location: Location, run: Runner, erase_now: Erase
) -> None:
    append(writer, "asked")
    append(writer, "did not")
    erase_now(applicant_id="asked", policy=policy(12), today=date(2025, 6, 1))

    assert run(policy(12), LAST_DAY).n_due == 0
    assert run(policy(12), DAY_AFTER).n_erased == 1

    assert reader.why_closed(everything(location)) == ["erased", None]


def test_who_asked_and_was_decided_about_again_waits_longer(
    writer: RecordWriter, reader: RecordReader, location: Location, run: Runner, erase_now: Erase
) -> None:
    append(writer, "asked")
    erase_now(applicant_id="asked", policy=policy(12), today=date(2025, 6, 1))
    append(writer, "asked", "2025-12-01")

    done = run(policy(12), DAY_AFTER)

    assert (done.n_due, done.n_erased, done.n_restricted) == (1, 0, 1)
    assert run(policy(12), date(2026, 12, 1)).n_due == 0
    assert run(policy(12), date(2026, 12, 2)).n_erased == 1


def test_a_dry_run_counts_and_changes_nothing(
    writer: RecordWriter, reader: RecordReader, location: Location, run: Runner
) -> None:
    append(writer, "old")

    assert run(policy(ceiling=12), DAY_AFTER, dry_run=True) == Expiry(n_due=1)

    assert reader.why_closed(everything(location)) == [None]


def test_a_run_that_is_cut_off_is_finished_by_the_next(
    writer: RecordWriter,
    reader: RecordReader,
    location: Location,
    run: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = import_module("credit.records.erasure.expire")  # the package shows its function
    monkeypatch.setattr(module, "ROWS_AT_ONCE", 7)  # two subjects at once
    for i in range(7):
        append(writer, f"applicant-{i}")
    shares: list[int] = []

    def cut(n: int) -> None:
        shares.append(n)
        if len(shares) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(policy(ceiling=12), DAY_AFTER, advance=cut)
    half = reader.why_closed(everything(location))
    rest = run(policy(ceiling=12), DAY_AFTER)

    assert shares == [2, 2]
    assert half.count("erased") == 4
    assert (rest.n_due, rest.n_erased) == (3, 3)
    assert reader.why_closed(everything(location)) == ["erased"] * 7


def test_more_subjects_than_a_page_are_all_looked_at(writer: RecordWriter, run: Runner) -> None:
    receipts = [writer.append(new_record(applicant_id=f"a{i}")) for i in range(650)]
    for receipt in receipts:
        receipt.result()

    assert run(policy(ceiling=12), DAY_AFTER, dry_run=True).n_due == 650


def test_a_decision_that_comes_while_the_run_looks_is_not_erased(
    writer: RecordWriter,
    reader: RecordReader,
    location: Location,
    run: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    append(writer, "old")
    unwrap = SubjectKeys.unwrap

    def slow(self: SubjectKeys, stored: Any) -> Any:
        """The run opens vectors between its look and its transaction."""
        monkeypatch.setattr(SubjectKeys, "unwrap", unwrap)
        append(writer, "old", "2026-02-28")
        return unwrap(self, stored)

    monkeypatch.setattr(SubjectKeys, "unwrap", slow)

    done = run(policy(ceiling=12), DAY_AFTER)

    assert (done.n_due, done.n_erased) == (1, 0)
    assert reader.why_closed(everything(location)) == [None, None]
