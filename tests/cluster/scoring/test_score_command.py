"""``credit score FILE --local``: the answers of one at a time in every form; what is refused, in which words."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pandas as pd
import pytest

from cluster.scoring import worker
from credit.contract import Contract
from credit.decision import arm_for, load_bundle, score
from credit.decision.score import Answer
from credit.decision.scorer import answer
from credit.errors import ExplanationInconsistent
from tests.cluster.scoring.conftest import Said, ScoringHome


def one_by_one(home: ScoringHome, applicants: pd.DataFrame, *, shap: bool) -> list[Answer]:
    """Score each row as a request of its own would be, from the numbers in memory."""
    bundles = {a.bundle: load_bundle(home.bundles / a.bundle) for a in home.rollout.arms}
    found = []
    for row in applicants.to_dict("records"):
        plain = {str(k): None if v != v else v for k, v in row.items()}  # noqa: PLR0124 - NaN
        asked = bundles[home.rollout.champion.bundle].validator.application(plain)
        arm, _ = arm_for(home.rollout, asked.applicant_id)
        bundle = bundles[arm.bundle]
        found.append(
            answer(
                bundle,
                asked,
                score(bundle, bundle.explainer, asked),
                arm=arm.name,
                generation=home.rollout.generation,
                decision_id=None,
                with_shap_values=shap,
            )
        )
    return found


def decoded(lines: bytes) -> list[Answer]:
    return [msgspec.json.decode(line, type=Answer) for line in lines.splitlines()]


@pytest.mark.parametrize("shap", [False, True])
def test_the_lines_are_the_answers_of_one_at_a_time(
    home: ScoringHome, file: Path, applicants: pd.DataFrame, credit: Said, shap: bool
) -> None:
    options = ["--shap-values"] if shap else []

    code, out, err = credit("score", file, "--local", "--json", *options)

    expected = one_by_one(home, applicants, shap=shap)
    assert code == 0, err
    assert out == b"".join(msgspec.json.encode(told) + b"\n" for told in expected)
    assert {told.arm for told in expected} == {"champion", "challenger"}
    assert all(told.decision_id is None for told in expected)


@pytest.mark.parametrize("name", ["x.ndjson", "x.jsonl", "x.csv", "x.parquet"])
def test_a_file_of_answers_says_the_same_in_every_form(
    home: ScoringHome,
    file: Path,
    applicants: pd.DataFrame,
    credit: Said,
    tmp_path: Path,
    name: str,
) -> None:
    out = tmp_path / name

    code, printed, err = credit("score", file, "--local", "--out", out, "--shap-values")

    assert (code, printed) == (0, b""), err
    assert f"Written: {out}, 120 of 120 rows" in err
    expected = one_by_one(home, applicants, shap=True)
    if name.endswith(("ndjson", "jsonl")):
        assert decoded(out.read_bytes()) == expected
    else:
        check_table(out, expected)
    assert [p.name for p in tmp_path.iterdir() if ".partial" in p.name] == []


def check_table(path: Path, expected: list[Answer]) -> None:
    table = (
        pd.read_parquet(path)
        if path.suffix == ".parquet"
        else pd.read_csv(path, float_precision="round_trip")
    )
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    assert len(rows) == len(expected)
    for row, told in zip(rows, expected, strict=True):
        for name in ("application_id", "probability_of_default", "score", "decision", "arm"):
            assert row[name] == getattr(told, name)
        reasons = [
            tuple(row[f"reason_{i}{of}"] for of in ("", "_feature", "_text", "_points"))
            for i in range(1, 5)
        ]
        assert [r for r in reasons if r[0] is not None] == [
            msgspec.structs.astuple(reason) for reason in told.reason_codes
        ]
        named = {str(name): value for name, value in row.items()}
        shap = {k.removeprefix("shap_"): v for k, v in named.items() if k.startswith("shap_")}
        assert shap == told.shap_values


def test_a_person_sees_the_first_rows(home: ScoringHome, file: Path, credit: Said) -> None:
    code, out, err = credit("score", file, "--local")

    assert code == 0
    table = out.decode()
    assert "A-0" in table
    assert "A-19" in table
    assert "A-20" not in table
    assert "and 100 more; --json prints every row, --out writes them" in err


def test_rows_that_break_the_contract_are_named_by_number_and_rule_and_not_scored(
    home: ScoringHome, applicants: pd.DataFrame, credit: Said, tmp_path: Path
) -> None:
    applicants["age"] = applicants["age"].astype(object)
    applicants.loc[[2, 40, 41, 42, 43, 44, 45], "age"] = 12
    applicants.loc[7, "age"] = "old"
    applicants.loc[2, "debt_ratio"] = -1
    lines = applicants.to_csv(index=False).splitlines()
    lines[100] = "A-99,1,2"
    file = tmp_path / "x.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")

    code, out, err = credit("score", file, "--local", "--json")

    told = decoded(out)
    assert code == 1
    assert len(told) == 120 - 9
    bad = {"A-2", "A-7", "A-99", *(f"A-{i}" for i in range(40, 46))}
    assert {t.application_id for t in told} == {f"A-{i}" for i in range(120)} - bad
    assert "not scored: age: expected at least 18 (7 rows: 3, 41, 42, 43, 44, ...)" in err
    assert "not scored: age: expected a number (row 8)" in err
    assert "not scored: debt_ratio: expected at least 0 (row 3)" in err
    assert "not scored: row: expected as many fields as the header has (row 100)" in err
    assert "old" not in err


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--workers", "2"], 2, "--workers and --record go with --local"),
        (["--record"], 2, "--workers and --record go with --local"),
        (["--local", "--job", "x"], 2, "--job names what is recorded: give --record as well"),
        (["--local", "--json", "--out", "x.csv"], 2, "give one of them"),
        (["--local", "--out", "x.xlsx"], 2, "expected an ending out of .ndjson, .jsonl, .csv,"),
        (["--local", "--out", "no/x.csv"], 2, "there is no folder no"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    home: ScoringHome, file: Path, credit: Said, options: list[str], code: int, message: str
) -> None:
    found, out, err = credit("score", file, *options)

    assert (found, out) == (code, b"")
    assert message in err


def test_a_file_without_rows_is_refused(home: ScoringHome, credit: Said, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("application_id,age\n", encoding="utf-8")

    code, _, err = credit("score", file, "--local")

    assert code == 3
    assert f"credit: {file}: holds no rows" in err


def test_a_file_of_other_columns_is_refused(
    home: ScoringHome, applicants: pd.DataFrame, credit: Said, tmp_path: Path
) -> None:
    file = tmp_path / "x.csv"
    applicants.rename(columns={"age": "years"}).to_csv(file, index=False)

    code, out, err = credit("score", file, "--local", "--json")

    assert (code, out) == (3, b"")
    assert "unknown columns years: remove them or add them to the contract" in err


def test_what_fails_on_the_way_leaves_the_old_output_and_nothing_else(
    home: ScoringHome,
    file: Path,
    credit: Said,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "x.ndjson"
    out.write_bytes(b"of yesterday")

    def fail(*arguments: object, **options: object) -> None:
        raise ExplanationInconsistent("reasons do not add up")

    monkeypatch.setattr(worker, "answer", fail)
    code, _, err = credit("score", file, "--local", "--out", out)

    assert code == 4
    assert "reasons do not add up" in err
    assert out.read_bytes() == b"of yesterday"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["applicants.csv", "home", "x.ndjson"]


def test_a_column_of_the_outcome_is_not_read(
    home: ScoringHome, applicants: pd.DataFrame, credit: Said, tmp_path: Path, contract: Contract
) -> None:
    """The published file to be scored has the column, and nothing in it."""
    file = tmp_path / "x.csv"
    applicants.assign(defaulted=None).to_csv(file, index=False)

    code, out, _ = credit("score", file, "--local", "--json")

    assert code == 0
    assert decoded(out) == one_by_one(home, applicants, shap=False)
