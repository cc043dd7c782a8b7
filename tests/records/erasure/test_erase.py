"""One person is erased: what is gone, what stays, what is answered."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from credit.errors import KeyUnavailable, RecordErased, RecordStoreUnavailable
from credit.records import LocalKeyFile, Location, RecordReader, RecordWriter
from credit.records.erasure import RetentionPolicy, SubjectName, look
from credit.records.store.engine import open_engine
from tests.records.erasure.conftest import TODAY, Erase
from tests.records.samples import broken_links, everything, new_record, tamper


def test_all_records_of_the_person_are_closed_and_the_others_stay_open(
    writer: RecordWriter, reader: RecordReader, location: Location, erase_now: Erase
) -> None:
    for _ in range(3):
        writer.append(new_record(applicant_id="ada")).result()
    writer.append(new_record(applicant_id="grace")).result()

    done = erase_now(applicant_id="ada")

    stored = everything(location)
    assert (done.status, done.n_keys, done.n_records) == ("erased", 1, 3)
    assert done.day == datetime.now(UTC).date()
    assert [part is None for part in reader.open_many(stored)] == [True, True, True, False]
    assert reader.why_closed(stored) == ["erased", "erased", "erased", None]
    assert broken_links(stored) == []
    with pytest.raises(RecordErased, match="was erased; only its clear part remains"):
        reader.open(stored[0])


def test_every_key_of_the_subject_is_destroyed(
    writer: RecordWriter, location: Location, erase_now: Erase
) -> None:
    """A subject may own several keys."""
    writer.append(new_record()).result()
    tamper(
        location,
        "INSERT INTO subject_keys (key_id, subject_ref, master_key_id, wrapped_key, created_at) "
        "SELECT 'second', subject_ref, master_key_id, wrapped_key, created_at FROM subject_keys",
    )

    assert erase_now(applicant_id="applicant-1").n_keys == 2

    assert _rows(location, "SELECT wrapped_key FROM subject_keys") == [(None,), (None,)]
    assert _rows(location, "SELECT count(*) FROM subject_keys WHERE destroyed_at IS NULL") == [(0,)]


def test_the_mapping_from_the_applicant_is_destroyed(
    writer: RecordWriter, location: Location, erase_now: Erase
) -> None:
    writer.append(new_record()).result()

    erase_now(applicant_id="applicant-1")

    assert _rows(location, "SELECT applicant_digest FROM subjects") == [(None,)]
    assert _rows(location, "SELECT count(*) FROM subjects WHERE erased_at IS NOT NULL") == [(1,)]


def test_a_later_decision_on_the_same_applicant_has_a_new_subject(
    writer: RecordWriter, reader: RecordReader, location: Location, erase_now: Erase
) -> None:
    writer.append(new_record()).result()
    erase_now(applicant_id="applicant-1")

    writer.append(new_record()).result()

    before, after = everything(location)
    assert before.subject_ref != after.subject_ref
    assert [part is None for part in reader.open_many([before, after])] == [True, False]


def test_a_key_that_a_writer_remembers_is_not_used_again(
    writer: RecordWriter, location: Location, erase_now: Erase
) -> None:
    """The writer had the key in memory when it was destroyed."""
    writer.append(new_record()).result()
    erase_now(applicant_id="applicant-1")
    writer.append(new_record()).result()

    first, second = everything(location)
    assert first.key_id != second.key_id


def test_a_repeated_request_after_the_erasure_is_told_so(
    writer: RecordWriter, erase_now: Erase
) -> None:
    writer.append(new_record(key="k")).result()
    erase_now(applicant_id="applicant-1")

    with pytest.raises(RecordErased, match="its subject was erased since"):
        writer.append(new_record(key="k")).result()


def test_the_person_is_found_by_each_name(
    writer: RecordWriter, location: Location, erase_now: Erase
) -> None:
    for name in ("ada", "grace", "edith"):
        writer.append(new_record(applicant_id=name)).result()
    _, grace, edith = everything(location)

    assert erase_now(applicant_id="ada").status == "erased"
    assert erase_now(subject_ref=grace.subject_ref).status == "erased"
    assert erase_now(decision_id=edith.decision_id).status == "erased"


def test_a_record_without_applicant_is_erased_by_its_decision(
    writer: RecordWriter, location: Location, erase_now: Erase
) -> None:
    writer.append(new_record(applicant_id=None)).result()
    [stored] = everything(location)

    assert erase_now(decision_id=stored.decision_id).n_records == 1


def test_erasing_twice_changes_nothing_and_says_when_it_was(
    writer: RecordWriter, location: Location, erase_now: Erase
) -> None:
    writer.append(new_record()).result()
    [stored] = everything(location)
    first = erase_now(decision_id=stored.decision_id)
    before = _everything_kept(location)

    again = erase_now(decision_id=stored.decision_id)

    assert (again.status, again.day) == ("already_erased", first.day)
    assert f"Already erased on {first.day}" in again.message
    assert _everything_kept(location) == before


def test_unknown_erased_and_foreign_applicants_are_answered_alike(
    writer: RecordWriter, location: Location, erase_now: Erase
) -> None:
    """An answer that differed would tell who was a customer once, or is one of another tenant."""
    writer.append(new_record(applicant_id="ada")).result()
    writer.append(new_record(applicant_id="grace", tenant="other")).result()
    erase_now(applicant_id="ada")
    before = _everything_kept(location)

    answers = [erase_now(applicant_id=name) for name in ("ada", "grace", "nobody")]
    answers.append(erase_now(decision_id=everything(location)[1].decision_id))

    assert len(set(answers)) == 1
    assert answers[0].message == "There is nothing to erase."
    assert _everything_kept(location) == before


def test_looking_says_what_erasing_would_do_and_does_nothing(
    writer: RecordWriter, location: Location, keys: LocalKeyFile, free: RetentionPolicy
) -> None:
    writer.append(new_record()).result()
    before = _everything_kept(location)

    seen = look(
        location,
        keys,
        tenant="default",
        name=SubjectName(applicant_id="applicant-1"),
        policy=free,
        today=TODAY,
    )

    assert (seen.status, seen.n_keys, seen.n_records) == ("erased", 1, 1)
    assert _everything_kept(location) == before


def test_a_record_whose_sealed_part_was_changed_does_not_stop_the_erasure(
    writer: RecordWriter, location: Location, erase_now: Erase
) -> None:
    writer.append(new_record()).result()
    tamper(location, "UPDATE records SET sealed = :bytes", bytes=b"x" * 64)

    done = erase_now(applicant_id="applicant-1")

    assert (done.status, done.n_unopened) == ("erased", 1)


def test_without_the_master_key_nothing_is_destroyed(
    writer: RecordWriter, location: Location, erase_now: Erase
) -> None:
    """The samples could not be searched, and that cannot be made up for later."""
    writer.append(new_record()).result()
    tamper(location, "UPDATE subject_keys SET master_key_id = 'lost'")
    before = _everything_kept(location)

    with pytest.raises(KeyUnavailable, match="does not hold master key lost"):
        erase_now(applicant_id="applicant-1")

    assert _everything_kept(location) == before


def test_the_keys_of_another_store_are_refused(
    writer: RecordWriter, location: Location, erase_now: Erase, keys: LocalKeyFile, tmp_path: object
) -> None:
    writer.append(new_record()).result()
    keys._path.unlink()
    LocalKeyFile(keys._path).prepare(create=True)

    with pytest.raises(
        KeyUnavailable, match="was exchanged for that of another store|filled with other"
    ):
        erase_now(applicant_id="applicant-1")


def test_where_there_is_no_store_none_is_made(location: Location, erase_now: Erase) -> None:
    with pytest.raises(RecordStoreUnavailable, match="There is no record store at"):
        erase_now(applicant_id="ada")

    with RecordReader(location) as reader:
        assert reader.count() == 0


@pytest.mark.parametrize("names", [{}, {"applicant_id": "a", "decision_id": "b"}])
def test_exactly_one_name_is_expected(erase_now: Erase, names: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"expected exactly one of applicant_id.*came"):
        erase_now(**names)


def test_a_name_is_not_shown() -> None:
    assert "ada" not in f"{SubjectName(applicant_id='ada')!r} {SubjectName(applicant_id='ada')}"


def _rows(location: Location, statement: str) -> list[tuple[object, ...]]:
    engine = open_engine(location, read_only=True)
    with engine.begin() as connection:
        rows = [tuple(row) for row in connection.exec_driver_sql(statement)]
    engine.dispose()
    return rows


def _everything_kept(location: Location) -> list[list[tuple[object, ...]]]:
    order = {"subjects": "subject_ref", "subject_keys": "key_id", "tombstones": "number"}
    return [
        _rows(location, f"SELECT * FROM {table} ORDER BY {by}")  # noqa: S608 - our own names
        for table, by in order.items()
    ]
