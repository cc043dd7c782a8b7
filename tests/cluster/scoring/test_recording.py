"""``--record``: every row a decision on disk before it is told, and once per job."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pandas as pd
import pytest

from cluster.scoring.job import Recording
from cluster.scoring.recorder import ROUTE
from cluster.scoring.worker import PartScorer
from credit.data.parts import read_parts
from credit.decision import arm_for
from credit.decision.score import Answer
from credit.records import LocalKeyFile, Location, RecordReader, StoredRecord
from credit.records.replay import BundleFolder, Outcome, replay_records
from tests.cluster.scoring.conftest import Said, ScoringHome
from tests.records.samples import destroy_keys


def records_of(home: ScoringHome) -> list[StoredRecord]:
    with reader_of(home) as reader:
        return reader.after()


def reader_of(home: ScoringHome) -> RecordReader:
    return RecordReader(home.path / "records.db", LocalKeyFile(home.path / "keys" / "master.json"))


def test_every_answer_is_the_one_that_is_recorded(
    home: ScoringHome, file: Path, credit: Said
) -> None:
    code, out, err = credit("score", file, "--local", "--json", "--record", "--job", "may")

    assert code == 0, err
    told = [msgspec.json.decode(line, type=Answer) for line in out.splitlines()]
    stored = {record.decision_id: record for record in records_of(home)}
    assert [answer.application_id for answer in told] == [f"A-{i}" for i in range(120)]
    assert {answer.decision_id for answer in told} == set(stored)
    with reader_of(home) as reader:
        for line, answer in zip(out.splitlines(), told, strict=True):
            record = stored[str(answer.decision_id)]
            part = reader.open(record)
            assert part.answer == line
            assert part.application_id == answer.application_id
            assert record.route == ROUTE == "score-file"
            assert record.clear.probability_of_default == answer.probability_of_default
            assert record.clear.slot == arm_for(home.rollout, part.applicant_id)[1]
            assert set(record.clear.latency_us) == {"transform", "model", "explainer", "decide"}


def test_the_records_replay_to_the_bit(home: ScoringHome, file: Path, credit: Said) -> None:
    credit("score", file, "--local", "--json", "--record")

    with reader_of(home) as reader:
        results = list(replay_records(reader, BundleFolder(home.bundles), reader.after()))

    assert len(results) == 120
    assert {result.outcome for result in results} == {Outcome.IDENTICAL}


def test_a_repeated_job_records_nothing_twice_and_tells_the_same_bytes(
    home: ScoringHome, file: Path, credit: Said
) -> None:
    command = ("score", file, "--local", "--json", "--record", "--job", "may")
    first = credit(*command)

    second = credit(*command)

    assert second[:2] == first[:2]
    assert "120 rows were recorded before, and answered so" in second[2]
    assert "recorded before" not in first[2]
    assert len(records_of(home)) == 120


def test_a_job_that_broke_off_goes_on(
    home: ScoringHome, applicants: pd.DataFrame, file: Path, credit: Said, tmp_path: Path
) -> None:
    begun = tmp_path / "begun.csv"
    applicants[:50].to_csv(begun, index=False)
    first = credit("score", begun, "--local", "--json", "--record", "--job", "may")

    _, out, err = credit("score", file, "--local", "--json", "--record", "--job", "may")

    assert out.startswith(first[1])
    assert "50 rows were recorded before" in err
    assert len(records_of(home)) == 120


def test_without_a_name_each_run_is_a_job_whose_name_is_told(
    home: ScoringHome, file: Path, credit: Said
) -> None:
    _, _, err = credit("score", file, "--local", "--json", "--record")
    name = err.split("repeat with --job ")[1].split()[0]

    credit("score", file, "--local", "--json", "--record")
    _, _, again = credit("score", file, "--local", "--json", "--record", "--job", name)

    assert name.startswith("applicants.csv-")
    assert "120 rows were recorded before" in again
    assert len(records_of(home)) == 240


def test_another_application_under_the_row_of_a_job_is_refused(
    home: ScoringHome, applicants: pd.DataFrame, file: Path, credit: Said, tmp_path: Path
) -> None:
    credit("score", file, "--local", "--json", "--record", "--job", "may")
    applicants.loc[4, "age"] = 90 if applicants["age"][4] != 90 else 89
    changed = tmp_path / "changed.csv"
    applicants.to_csv(changed, index=False)

    code, out, err = credit("score", changed, "--local", "--json", "--record", "--job", "may")

    assert code == 1
    assert len(out.splitlines()) == 119
    expected = (
        "job: this job has recorded another application for the row; give a new --job (row 5)"
    )
    assert f"not scored: {expected}" in err
    assert len(records_of(home)) == 120


def test_rows_of_people_who_were_erased_since_are_not_scored_again(
    home: ScoringHome, file: Path, credit: Said
) -> None:
    credit("score", file, "--local", "--json", "--record", "--job", "may")
    destroy_keys(home.path / "records.db")

    code, out, err = credit("score", file, "--local", "--json", "--record", "--job", "may")

    assert (code, out) == (1, b"")
    assert "its subject was erased or asked for it since (120 rows: 1, 2, 3, 4, 5, ...)" in err


def test_an_unwritable_store_is_refused_before_a_row_is_scored(
    home: ScoringHome, file: Path, credit: Said
) -> None:
    (home.path / "records.db").mkdir()

    code, out, err = credit("score", file, "--local", "--json", "--record")

    assert (code, out) == (4, b"")
    assert "record store" in err


@pytest.fixture(params=["sqlite", "postgresql"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> Location:
    """A new store on each database."""
    if request.param == "sqlite":
        return tmp_path / "records.db"
    found: Location = request.getfixturevalue("postgres_database")
    return found


def test_a_row_is_done_when_its_record_is_on_disk_on_both_databases(
    home: ScoringHome, file: Path, location: Location
) -> None:
    keys = home.path / "keys.json"
    scorer = PartScorer(home.job(recording=Recording(location, keys, "may")))
    [part] = read_parts(file)

    found = scorer.score(part)

    # The writer is still open: what is told is not waiting for its end.
    with RecordReader(location, LocalKeyFile(keys)) as reader:
        assert len(reader.after()) == found.n_scored == 120
        arms = {record.clear.arm for record in reader.after()}
    scorer.close()
    assert arms == {arm.name for arm in home.rollout.arms}
