"""``credit data``, ``credit contract infer`` and ``credit bench accuracy``, as their users run them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner, Result

from cluster.bench import accuracy
from cluster.bench.published import Published, Setting
from cluster.cli.main import app
from credit.contract import check_frame, load_contract
from credit.data.book import mock_credit_data
from credit.errors import SettingsInvalid
from tune.spec import Candidate


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CREDIT_HOME", str(tmp_path / "var"))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def test_mock_data_fit_their_contract_and_come_again(here: Path) -> None:
    first = run("data", "mock", "--rows", "300")
    content = (here / "mock_credit_data.csv").read_bytes()
    run("data", "mock", "--rows", "300")

    assert first.exit_code == 0, first.output
    assert (here / "mock_credit_data.csv").read_bytes() == content
    table = pd.read_csv(here / "mock_credit_data.csv", float_precision="round_trip")
    assert "target_variable" in table
    assert check_frame(table, load_contract("mock"), target=True).failures == ()


@pytest.mark.parametrize("product", ["consumer_instalment", "thin_file", "small_business"])
def test_a_product_s_data_fit_its_contract(here: Path, product: str) -> None:
    done = run("data", "product", product, "--rows", "200")

    assert done.exit_code == 0, done.output
    checked = run("contract", "check", f"{product}.parquet", "-c", product, "--target")
    assert checked.exit_code == 0, checked.output
    assert "200 of 200 rows satisfy" in checked.output


def test_the_book_is_written_table_by_table(here: Path) -> None:
    done = run("data", "book", "out", "--customers", "200")

    assert done.exit_code == 0, done.output
    names = {path.stem for path in (here / "out").glob("*.parquet")}
    assert {"customers", "loans", "bureau", "truth", "training"} <= names


def test_a_table_goes_where_its_name_says_or_nowhere() -> None:
    done = run("data", "product", "mock", "--out", "rows.xlsx")

    assert isinstance(done.exception, SettingsInvalid)
    assert "ends in .parquet or .csv" in str(done.exception)


def test_a_drafted_contract_takes_every_row_and_says_what_to_check(here: Path) -> None:
    table = mock_credit_data(800, 3)
    table["row_id"] = range(len(table))
    table["constant"] = 7
    table["known_after"] = table["target_variable"] * 10 + 1
    table.to_csv("loans 2026.csv", index=False)

    done = run("contract", "infer", "loans 2026.csv", "--target", "target_variable")

    assert done.exit_code == 0, done.output
    contract = load_contract(here / "loans_2026.yaml")
    assert contract.product == "loans_2026"
    assert check_frame(table, contract, target=True).failures == ()
    used = {name for feature in contract.features for name in feature.reads}
    assert not used & {"row_id", "constant", "known_after"}
    for name in ("row_id", "constant", "known_after"):
        assert name in done.output
    again = run("contract", "infer", "loans 2026.csv", "--target", "target_variable")
    assert isinstance(again.exception, SettingsInvalid)
    assert "replace it with --force" in str(again.exception)


def test_packaged_contracts_are_listed() -> None:
    done = run("contract", "list")

    assert done.exit_code == 0
    for name in ("german", "taiwan", "thin_file", "small_business", "give_me_some_credit"):
        assert name in done.output


def test_accuracy_is_measured_fold_by_fold(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On mock data instead of the published ones, which the project does not hold."""
    mock_credit_data(4_000, 5).to_csv("mock.csv", index=False)
    settings = (
        Setting(Candidate(family="scorecard"), {}),
        Setting(Candidate(family="logistic"), {}),
    )
    known = Published("Mock", "mock", Path("mock.csv"), 3, 2, settings, "nothing")
    monkeypatch.setattr(accuracy, "PUBLISHED", (known,))

    done = run("bench", "accuracy", "--data", ".", "--json", "--out", "accuracy.md")

    assert done.exit_code == 0, done.output
    rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [(r["columns"], r["model"]) for r in rows] == [
        ("all", "scorecard"),
        ("all", "logistic"),
        ("served", "scorecard"),
        ("served", "logistic"),
    ]
    for row in rows:
        assert row["auc_low"] < row["auc"] < row["auc_high"]
        assert row["gini"] == pytest.approx(2 * row["auc"] - 1)
        assert row["auc"] > 0.65
        assert 0.5 < row["observed_expected"] < 2
        assert row["seconds"] > 0
    page = (here / "accuracy.md").read_text(encoding="utf-8")
    assert page.count("| Mock |") == 4


def test_a_folder_without_published_files_is_refused_with_their_names(here: Path) -> None:
    done = run("bench", "accuracy", "--data", ".")

    assert "givemesomecredit/cs-training.csv.gz" in str(done.exception)
