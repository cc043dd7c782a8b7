"""``credit score-batch``: the same answers as one by one, whole files, and a run that goes on."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from cluster.batch.folder import AnswersFolder
from cluster.batch.manifest import NAME
from credit.decision.score import Answer
from credit.errors import DataError
from credit.records import LocalKeyFile, RecordReader
from tests.cluster.scoring.conftest import Said, ScoringHome
from tests.object_store import make_bucket, object_store


def answers_in(out: Path) -> pd.DataFrame:
    """All answers, in the order of the rows."""
    tables = [pq.read_table(path).to_pandas() for path in sorted(out.glob("part-*.parquet"))]
    found: pd.DataFrame = pd.concat(tables, ignore_index=True)
    return found


def n_records(home: ScoringHome) -> int:
    keys = LocalKeyFile(home.path / "keys" / "master.json")
    with RecordReader(home.path / "records.db", keys) as reader:
        return len(reader.after())


def test_a_batch_has_the_bits_of_single_scores(
    home: ScoringHome, file: Path, credit: Said, tmp_path: Path
) -> None:
    code, _, err = credit("score-batch", file, tmp_path / "out")
    assert code == 0, err
    _, lines, _ = credit("score", file, "--local", "--json")
    told = [msgspec.json.decode(line, type=Answer) for line in lines.splitlines()]

    found = answers_in(tmp_path / "out")

    assert found.application_id.tolist() == [answer.application_id for answer in told]
    assert found.probability_of_default.tolist() == [a.probability_of_default for a in told]
    assert found.arm.tolist() == [answer.arm for answer in told]
    assert found.reason_1.tolist() == [
        a.reason_codes[0].code if a.reason_codes else None for a in told
    ]
    assert len(list((tmp_path / "out").glob("part-*.parquet"))) > 1


def test_every_kind_of_file_gives_the_same(
    home: ScoringHome, applicants: pd.DataFrame, credit: Said, tmp_path: Path
) -> None:
    applicants.to_csv(tmp_path / "a.csv", index=False)
    applicants.to_parquet(tmp_path / "a.parquet")
    for kind in ("csv", "parquet"):
        assert credit("score-batch", tmp_path / f"a.{kind}", tmp_path / kind)[0] == 0

    pd.testing.assert_frame_equal(answers_in(tmp_path / "csv"), answers_in(tmp_path / "parquet"))


def test_a_folder_is_scored_file_by_file(
    home: ScoringHome, applicants: pd.DataFrame, credit: Said, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    applicants[:50].to_csv(folder / "a.csv", index=False)
    applicants[50:].to_parquet(folder / "b.parquet")
    (folder / "notes.txt").write_text("not a table")

    code, _, err = credit("score-batch", folder, tmp_path / "out", "--record")

    assert code == 0, err
    assert (
        answers_in(tmp_path / "out").application_id.tolist() == applicants.application_id.tolist()
    )
    assert n_records(home) == 120


def test_objects_of_a_store_are_scored_as_files_are(
    home: ScoringHome,
    applicants: pd.DataFrame,
    credit: Said,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    applicants[:50].to_csv(tmp_path / "a.csv", index=False)
    applicants[50:].to_parquet(tmp_path / "b.parquet")
    with object_store() as address:
        store = make_bucket(address, "lender", monkeypatch)
        for name in ("a.csv", "b.parquet"):
            with store.open_output_stream(f"lender/in/{name}", compression=None) as stream:
                stream.write((tmp_path / name).read_bytes())

        code, _, err = credit("score-batch", "s3://lender/in", "s3://lender/out", "--record")
        again, _, said = credit("score-batch", "s3://lender/in", "s3://lender/out", "--record")
        (tmp_path / "out").mkdir()
        fs.copy_files("lender/out", str(tmp_path / "out"), store, fs.LocalFileSystem())

    assert (code, again) == (0, 0), err + said
    assert (
        answers_in(tmp_path / "out").application_id.tolist() == applicants.application_id.tolist()
    )
    assert n_records(home) == 120


def test_an_object_that_was_not_written_whole_is_not_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A stream that breaks off is closed, which would make an object of what came until then."""

    def breaks(table: Any, stream: Any) -> None:
        stream.write(b"the beginning")
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr("cluster.batch.folder.pyarrow.parquet.write_table", breaks)
    with object_store() as address:
        make_bucket(address, "broken", monkeypatch)
        folder = AnswersFolder("s3://broken/out")

        with pytest.raises(DataError, match="cannot be written"):
            folder.write_table("part.parquet", pa.table({"x": [1]}))

        assert folder.names() == set()


def test_bad_rows_are_named_with_their_rules_and_good_ones_scored(
    home: ScoringHome, applicants: pd.DataFrame, credit: Said, tmp_path: Path
) -> None:
    applicants.loc[[3, 70], "age"] = 7
    applicants.loc[70, "debt_ratio"] = -1
    applicants.to_csv(tmp_path / "a.csv", index=False)

    code, _, err = credit("score-batch", tmp_path / "a.csv", tmp_path / "out")

    assert code == 1
    assert "not scored: age" in err
    refused = pd.concat(pd.read_parquet(f) for f in sorted((tmp_path / "out").glob("refused-*")))
    assert sorted(zip(refused.row, refused.field, refused.rule, strict=True)) == [
        (4, "age", "minimum"),
        (71, "age", "minimum"),
        (71, "debt_ratio", "minimum"),
    ]
    assert len(answers_in(tmp_path / "out")) == 118


def break_at(block: int, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    """Let the disk refuse the answers of a block."""
    write = AnswersFolder.write_table
    written: list[str] = []

    def fails(self: AnswersFolder, name: str, table: Any) -> None:
        if len(written) == block:
            raise error
        written.append(name)
        write(self, name, table)

    monkeypatch.setattr(AnswersFolder, "write_table", fails)


def test_a_run_that_was_ended_goes_on_and_records_nothing_twice(
    home: ScoringHome, file: Path, credit: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        break_at(2, patch, DataError("the disk is gone"))
        assert credit("score-batch", file, out, "--record")[0] == 3
    before = {path.name: path.stat().st_mtime_ns for path in out.glob("part-*")}
    assert len(before) == 2
    n_before = n_records(home)

    code, _, err = credit("score-batch", file, out, "--record")

    assert code == 0, err
    assert "2 files of answers were there already" in err
    after = {path.name: path.stat().st_mtime_ns for path in out.glob("part-*")}
    assert {name: after[name] for name in before} == before
    assert (
        n_before > 64 - 1
    )  # the block that was not written was recorded, and is answered from there
    assert n_records(home) == 120
    found = answers_in(out)
    assert len(found) == 120
    assert found.decision_id.nunique() == 120
    assert credit("score-batch", file, out, "--record")[0] == 0
    assert n_records(home) == 120


def test_a_full_disk_leaves_whole_files_and_says_what_to_do(
    home: ScoringHome, file: Path, credit: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pyarrow.parquet.write_table", full)
        code, _, err = credit("score-batch", file, tmp_path / "out")

    assert code == 3
    assert "No space left on device" in err
    assert "make room, and repeat the command" in err
    assert [path.name for path in (tmp_path / "out").iterdir()] == [NAME]
    assert credit("score-batch", file, tmp_path / "out")[0] == 0
    assert len(answers_in(tmp_path / "out")) == 120


def test_a_batch_does_not_go_on_with_another_bundle_file_or_option(
    home: ScoringHome, file: Path, credit: Said, tmp_path: Path, applicants: pd.DataFrame
) -> None:
    out = tmp_path / "out"
    champion, challenger = (arm.bundle for arm in home.rollout.arms)
    assert credit("score-batch", file, out, "--bundle", champion)[0] == 0

    code, _, err = credit("score-batch", file, out, "--bundle", challenger)
    assert code == 2
    assert f"holds answers of bundle {champion[:12]}, not of {challenger[:12]}" in err

    assert "was begun with other options" in credit("score-batch", file, out, "--record")[2]
    applicants[:60].to_csv(file, index=False)
    assert "answers to other files, or they were changed" in credit("score-batch", file, out)[2]


def test_a_folder_with_other_files_is_refused(
    home: ScoringHome, file: Path, credit: Said, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("precious")

    code, _, err = credit("score-batch", file, tmp_path / "out")

    assert code == 2
    assert "holds files already: give a new or empty folder" in err


@pytest.mark.parametrize("what", ["nothing.csv", "empty"])
def test_no_file_is_said_so(home: ScoringHome, credit: Said, tmp_path: Path, what: str) -> None:
    (tmp_path / "empty").mkdir()

    code, _, err = credit("score-batch", tmp_path / what, tmp_path / "out")

    assert code == 3
    assert "there is no file here of the kinds" in err
