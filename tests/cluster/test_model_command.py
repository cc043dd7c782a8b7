"""``credit model`` as its user runs it, in this process and without Ray."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from typer.testing import CliRunner, Result

from cluster.cli.main import app
from cluster.importing import column_names, look_unopened, parse_fill
from cluster.model_rows import choose_rows, find_bundle, outcome_of
from credit import metrics
from credit.contract import Contract, load_contract
from credit.decision import Bundle, load_bundle, save_bundle
from credit.errors import (
    BundleIncompatible,
    BundleUnknown,
    CreditError,
    DataError,
    RegistryUnavailable,
    SettingsInvalid,
)
from credit.features import FeatureTransform
from credit.models.pickles import VARIABLE
from credit.settings import Settings
from tests.conftest import CARD
from tests.loanbook import loan_book
from tests.report.conftest import outcome
from tune.plan import split_holdout
from tune.rows import Rows, prepare
from tune.spec import Candidate, SweepSpec
from tune.winner import make_winner
from tune.workbook import Workbook

Command = Callable[..., Result]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, lightgbm_bundle: Bundle) -> Path:
    """A home with one bundle, and the rows it was made of."""
    folder = tmp_path_factory.mktemp("home")
    save_bundle(lightgbm_bundle, folder / "bundles")
    loan_book(4_000, seed=7).to_parquet(folder / "loans.parquet")
    (folder / "gates.yaml").write_text(
        "cutoff: policy\ngates:\n  - {metric: auc, at_least: 0.6}\n  - {metric: brier, at_most: 0.2}\n"
    )
    (folder / "strict.yaml").write_text("cutoff: policy\ngates: [{metric: auc, at_least: 0.999}]\n")
    return folder


@pytest.fixture
def command(home: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run `credit model`; an error of ours is raised, as `credit` itself would word it."""
    monkeypatch.setenv("CREDIT_HOME", str(home))
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> Result:
        done = CliRunner().invoke(app, ["model", *map(str, arguments)])
        if isinstance(done.exception, CreditError):
            raise done.exception
        return done

    return run


def held_out_auc(bundle: Bundle, rows: Rows) -> metrics.Interval:
    held_out = split_holdout(rows)[1]
    margins = bundle.model.margins(bundle.transform.matrix(held_out.raw))
    return metrics.auc_interval(held_out.labels, bundle.calibrator.probabilities(margins))


# The card.


def test_report_writes_one_page_about_the_held_out_rows(
    command: Command, home: Path, tmp_path: Path, lightgbm_bundle: Bundle, rows: Rows
) -> None:
    out = tmp_path / "card.html"

    done = command(
        "report", lightgbm_bundle.hash[:10], "--data", home / "loans.parquet",
        "--out", out, "--gates", home / "gates.yaml",
    )  # fmt: skip

    assert done.exit_code == 0, done.output
    assert "held-out rows" in done.output
    assert str(held_out_auc(lightgbm_bundle, rows)) in done.output
    page = out.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert lightgbm_bundle.hash in page
    assert "exactly those that the model learned from" in page


def test_report_json_gives_the_numbers_and_writes_nothing(
    command: Command, home: Path, tmp_path: Path, lightgbm_bundle: Bundle, rows: Rows
) -> None:
    out = tmp_path / "card.html"

    done = command(
        "report", home / "bundles" / lightgbm_bundle.hash, "--data", home / "loans.parquet",
        "--out", out, "--json", "--interest-income", 0.1, "--loss-given-default", 0.5,
    )  # fmt: skip

    values = json.loads(done.stdout)
    expected = held_out_auc(lightgbm_bundle, rows)
    assert values["discrimination"]["auc"]["estimate"] == expected.estimate
    assert values["data"]["is_held_out"] is True
    assert values["decisions"]["profit"]["break_even"] == pytest.approx(1 / 6)
    assert not out.exists()


def test_one_loan_term_alone_is_refused(command: Command, home: Path) -> None:
    with pytest.raises(SettingsInvalid, match="give both --interest-income and"):
        command("report", "x", "--data", "y", "--interest-income", 0.1)


# Gates.


def test_gates_answer_yes_with_exit_code_0(
    command: Command, home: Path, lightgbm_bundle: Bundle, rows: Rows
) -> None:
    done = command(
        "gates", lightgbm_bundle.hash, "--data", home / "loans.parquet",
        "--gates", home / "gates.yaml",
    )  # fmt: skip

    assert done.exit_code == 0, done.output
    assert "2 of 2 gates passed" in done.stdout
    assert str(held_out_auc(lightgbm_bundle, rows)) in done.stdout
    assert "held-out rows" in done.stderr


def test_gates_answer_no_with_exit_code_1(
    command: Command, home: Path, lightgbm_bundle: Bundle, rows: Rows
) -> None:
    done = command(
        "gates", lightgbm_bundle.hash, "--data", home / "loans.parquet",
        "--gates", home / "strict.yaml", "--json",
    )  # fmt: skip

    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["passed"] is False
    assert told["is_held_out"] is True
    assert told["n"] == len(split_holdout(rows)[1])
    assert told["gates"][0]["measured"]["estimate"] == held_out_auc(lightgbm_bundle, rows).estimate


def test_a_missing_gate_file_is_refused_before_anything_is_loaded(
    command: Command, home: Path
) -> None:
    with pytest.raises(SettingsInvalid, match="no gate file"):
        command("gates", "nothing", "--data", "nowhere", "--gates", home / "gone.yaml")


# Which bundle, which rows.


def test_a_bundle_that_is_nowhere_is_refused(home: Path, tmp_path: Path) -> None:
    settings = Settings(home=home)

    with pytest.raises(BundleUnknown, match="no bundle 'abcdef' below .*with --contract"):
        find_bundle("abcdef", None, settings)
    with pytest.raises(RegistryUnavailable, match="there is no registry"):
        find_bundle("champion", "give_me_some_credit", settings)


def test_the_beginning_of_two_hashes_is_refused(tmp_path: Path) -> None:
    for end in "ab":
        (tmp_path / "bundles" / f"abcdef{end}").mkdir(parents=True)

    with pytest.raises(BundleUnknown, match="2 bundles begin with abcdef: give more"):
        find_bundle("abcdef", None, Settings(home=tmp_path))


def test_other_rows_are_all_measured(home: Path, lightgbm_bundle: Bundle) -> None:
    other = loan_book(1_000, seed=8)

    sample = choose_rows(lightgbm_bundle, other, Settings(home=home))

    assert sample.training is None
    assert len(sample.measured) == 1_000
    assert "these are other rows, as far as can be told" in sample.told


def test_the_split_of_the_sweep_is_found(
    tmp_path: Path, contract: Contract, rows: Rows, book: pd.DataFrame
) -> None:
    """It held every third part out, which is not the usual fifth."""
    spec = SweepSpec.model_validate(
        {"candidates": [{"family": "scorecard"}], "folds": {"holdout_parts": 3}}
    )
    training, held_out = split_holdout(rows, parts=3)
    bundle = make_winner(
        training,
        held_out,
        contract,
        Candidate(family="scorecard"),
        parameters=CARD,
        seed=3,
        num_threads=1,
    )[0]
    settings = Settings(home=tmp_path)
    assert choose_rows(bundle, book, settings).training is None
    assert outcome_of(bundle, settings) is None

    workbook = Workbook.open(settings.sweeps_path, "thirds", spec, contract, rows)
    workbook.finish(outcome(bundle))

    sample = choose_rows(bundle, book, settings)
    assert sample.training is not None
    assert len(sample.training) == len(training)
    assert np.array_equal(sample.measured.raw, held_out.raw, equal_nan=True)
    found = outcome_of(bundle, settings)
    assert found is not None
    assert found["sweep"] == "made up"


def test_a_damaged_outcome_is_refused_by_its_path(tmp_path: Path, lightgbm_bundle: Bundle) -> None:
    path = tmp_path / "sweeps" / "broken" / "outcome.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"{}")

    with pytest.raises(DataError, match="broken/outcome.json is no outcome of a sweep"):
        outcome_of(lightgbm_bundle, Settings(home=tmp_path))


# A model from elsewhere.

COLUMNS = {"RevolvingUtilizationOfUnsecuredLines": "utilization", "past_due_90": "past_due_90"}
"""Columns of the model: one by its published name, one as the contract calls the feature."""


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory, contract: Contract) -> Path:
    """A pipeline that another team fitted on rows of its own, under the published names."""
    theirs = prepare(loan_book(3_000, seed=99), contract)[0]
    caps = {f.name: 1e9 for f in contract.features if f.cap_quantile is not None}
    features = pd.DataFrame(
        FeatureTransform(contract, caps).matrix(theirs.raw), columns=contract.feature_names
    )
    table = features[list(COLUMNS.values())].fillna(0.0).set_axis(list(COLUMNS), axis=1)
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(table, theirs.labels)
    path = tmp_path_factory.mktemp("theirs") / "model.joblib"
    joblib.dump({"model": fitted, "threshold": 0.5}, path)
    return path


def imported(command: Command, home: Path, saved: Path, *options: object) -> Result:
    return command(
        "import", saved, "-c", "give_me_some_credit", "--data", home / "loans.parquet",
        "--fill", "utilization=0", "--fill", "past_due_90=0", *options,
    )  # fmt: skip


def test_a_joblib_file_is_not_opened_without_leave(
    command: Command, home: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> None:
        raise AssertionError("the file was opened")

    monkeypatch.setattr(joblib, "load", refuse)

    with pytest.raises(SettingsInvalid, match="the file was not opened.*--allow-pickle if you"):
        imported(command, home, saved)

    assert list((home / "bundles").iterdir()) != []


def test_hash_and_version_are_read_from_the_bytes_alone(saved: Path, tmp_path: Path) -> None:
    import sklearn

    raw = saved.read_bytes()
    packed = tmp_path / "packed.joblib"
    packed.write_bytes(gzip.compress(raw))
    squeezed = tmp_path / "squeezed.joblib"
    joblib.dump(joblib.load(saved), squeezed, compress=3)
    other = tmp_path / "other.joblib"
    other.write_bytes(b"\x78nothing of the kind")

    assert look_unopened(saved).sha256 == hashlib.sha256(raw).hexdigest()
    assert look_unopened(saved).n_bytes == len(raw)
    for path in (saved, packed, squeezed):
        assert look_unopened(path).sklearn == (sklearn.__version__,)
    assert look_unopened(other).sklearn == ()
    with pytest.raises(DataError, match="cannot be read: No such file"):
        look_unopened(tmp_path / "gone.joblib")


def test_the_refusal_tells_hash_and_version(
    home: Path, saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sklearn

    monkeypatch.setenv("CREDIT_HOME", str(home))

    done = CliRunner().invoke(app, ["model", "import", str(saved), "--data", "nowhere"])

    assert hashlib.sha256(saved.read_bytes()).hexdigest() in done.stderr
    assert f"scikit-learn {sklearn.__version__}" in done.stderr


def test_another_hash_than_the_expected_one_is_refused(
    command: Command, home: Path, saved: Path
) -> None:
    with pytest.raises(BundleIncompatible, match="it was not opened"):
        imported(command, home, saved, "--allow-pickle", "--sha256", "0" * 64)


def test_an_imported_model_is_a_bundle_like_any_other(
    command: Command, home: Path, saved: Path, rows: Rows
) -> None:
    """It answers as the pipeline does, calibrated on rows that it has not learned from."""
    sha256 = hashlib.sha256(saved.read_bytes()).hexdigest()

    done = imported(command, home, saved, "--allow-pickle", "--sha256", sha256, "--json")

    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["sha256"] == sha256
    assert told["is_converted"] is True
    assert told["found"][0] == "model: Pipeline, used"
    bundle = load_bundle(home / "bundles" / told["bundle"])
    training, held_out = split_holdout(rows)
    assert (told["n_calibration"], told["n_held_out"]) == (len(training), len(held_out))
    assert told["held_out"]["auc"]["estimate"] == held_out_auc(bundle, rows).estimate > 0.6

    pipeline = joblib.load(saved)["model"]
    vectors = bundle.transform.matrix(held_out.raw[:50])
    named = pd.DataFrame(vectors, columns=bundle.contract.feature_names)
    table = named[list(COLUMNS.values())].fillna(0.0).set_axis(list(COLUMNS), axis=1)
    expected = pipeline.predict_proba(table)[:, 1]
    np.testing.assert_allclose(
        1 / (1 + np.exp(-bundle.model.margins(vectors))), expected, rtol=1e-9
    )
    shown = command(
        "gates", told["bundle"], "--data", home / "loans.parquet", "--gates", home / "gates.yaml"
    )
    assert shown.exit_code == 0, shown.output
    assert "held-out rows" in shown.stderr


def test_a_kept_joblib_file_says_what_loads_it(
    command: Command,
    home: Path,
    saved: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its rows are asked for one at a time, so there are few of them here."""
    loan_book(700, seed=7).to_parquet(tmp_path / "few.parquet")

    done = command(
        "import", saved, "--data", tmp_path / "few.parquet", "--allow-pickle", "--keep",
        "--fill", "utilization=0", "--fill", "past_due_90=0",
    )  # fmt: skip

    assert done.exit_code == 0, done.output
    assert f"what loads it must be told {VARIABLE}=1" in done.stdout
    assert "on the assumption that the model has learned from none of them" in done.stdout
    [hash_] = {word for word in done.stdout.split() if len(word) == 64}
    with pytest.raises(BundleIncompatible, match=f"set {VARIABLE}=1"):
        load_bundle(home / "bundles" / hash_)
    monkeypatch.setenv(VARIABLE, "1")
    assert load_bundle(home / "bundles" / hash_).hash == hash_


def test_an_alias_registers_it_and_finds_it_again(
    command: Command, home: Path, saved: Path
) -> None:
    done = imported(command, home, saved, "--allow-pickle", "--alias", "challenger")

    assert done.exit_code == 0, done.output
    assert "credit-give-me-some-credit version 1, alias challenger" in done.stdout
    found = find_bundle("challenger", "give_me_some_credit", Settings(home=home))
    assert found.manifest.parameters["imported"] == hashlib.sha256(saved.read_bytes()).hexdigest()


def test_columns_are_known_by_the_names_of_their_sources(contract: Contract) -> None:
    names = column_names(contract)

    assert names["RevolvingUtilizationOfUnsecuredLines"] == "utilization"
    assert names["revolving_utilization"] == "utilization"
    assert "past_due_90" not in names  # the feature itself
    assert "age" not in names  # a capped age is not the age
    assert "monthly_income" not in names  # `income` exists only above a bound
    assert column_names(load_contract("german"))["laufzeit"] == "duration"


@pytest.mark.parametrize("pair", ["income", "income=", "income=much", "=3"])
def test_a_fill_that_is_no_number_is_refused(pair: str) -> None:
    with pytest.raises(SettingsInvalid, match=f"--fill {pair}: expected FEATURE=NUMBER"):
        parse_fill([pair])


def test_fills_are_read() -> None:
    assert parse_fill(["income=0", "age_capped=-1.5"]) == {"income": 0.0, "age_capped": -1.5}
