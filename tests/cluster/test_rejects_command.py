"""``credit model rejects`` as its user runs it, on made-up loans whose rejects have a known truth."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest

from cluster.cli.main import run
from cluster.fixed_parameters import fixed_parameters, middle
from cluster.reject_rows import check_rejects
from cluster.rejects import RejectStudy, study_rejects
from credit.contract import load_contract
from credit.data.book import synthetic
from credit.errors import ContractError, DataError
from credit.metrics import FewBadsWarning
from credit.reject_inference import Method
from tune.distributions import Constant, Distribution
from tune.rows import prepare

pytestmark = pytest.mark.filterwarnings("ignore::credit.metrics.FewBadsWarning")

PRODUCT = "consumer_instalment"


@dataclass(frozen=True)
class Files:
    """What a lender has on disk, and the bad rate of the rejects that the lender will never see."""

    accepts: Path
    rejects: Path
    truth: float


@pytest.fixture(scope="module")
def loans() -> pd.DataFrame:
    return synthetic(PRODUCT, 6_000, 7)


@pytest.fixture(scope="module")
def accepted(loans: pd.DataFrame) -> pd.Series[Any]:
    """Accept by the burden of the instalment, past delinquencies and what a look at the applicant told."""
    burden = np.log(loans["instalment"] / loans["stated_income"])
    look = 0.5 * loans["defaulted"] + np.random.default_rng(1).normal(scale=0.7, size=len(loans))
    risk = burden + 0.8 * loans["delinquencies"].fillna(1).clip(0, 4) + look
    found: pd.Series[Any] = risk < risk.quantile(0.7)
    return found


@pytest.fixture(scope="module")
def files(
    loans: pd.DataFrame, accepted: pd.Series[Any], tmp_path_factory: pytest.TempPathFactory
) -> Files:
    folder = tmp_path_factory.mktemp("lender")
    loans[accepted].to_parquet(folder / "accepts.parquet")
    rejects = loans[~accepted]
    rejects.drop(columns="defaulted").to_parquet(folder / "rejects.parquet")
    scored = rejects[~_declined_by_rule(rejects)]
    truth = float(scored["defaulted"].mean())
    return Files(folder / "accepts.parquet", folder / "rejects.parquet", truth)


def _declined_by_rule(loans: pd.DataFrame) -> pd.Series[Any]:
    """The two rules of the contract that decline, by hand."""
    too_high = loans["instalment"] / loans["stated_income"] >= 0.5
    return too_high | (loans["stated_income"] - loans["stated_expenses"] < 200)


Study = Callable[[Method], RejectStudy]


@pytest.fixture(scope="module")
def study(loans: pd.DataFrame, accepted: pd.Series[Any]) -> Study:
    """What the command shows, each method made once."""
    contract = load_contract(PRODUCT)
    rows, _ = prepare(loans[accepted], contract)
    rejects = check_rejects(loans[~accepted].drop(columns="defaulted"), contract)

    @functools.cache
    def make(method: Method) -> RejectStudy:
        return study_rejects(
            rows, rejects.raw, contract, family_name="logistic", method=method, num_threads=1
        )

    return make


Command = Callable[..., str]


@pytest.fixture
def command(
    files: Files,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    """Run it with the quickest family; return what it printed."""
    monkeypatch.setenv("CREDIT_HOME", str(tmp_path))

    def call(*options: str, rejects: Path = files.rejects, model: str = "logistic") -> str:
        with pytest.raises(SystemExit) as left:
            run(_arguments(files.accepts, rejects, model, options))
        assert left.value.code == 0
        return capsys.readouterr().out

    return call


@pytest.fixture
def refused(
    files: Files,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str]]:
    """Run it where it ends with an error; return exit code and what was said."""
    monkeypatch.setenv("CREDIT_HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "300")

    def call(*options: str, rejects: Path = files.rejects) -> tuple[int, str]:
        with pytest.raises(SystemExit) as left:
            run(_arguments(files.accepts, rejects, "logistic", options))
        return int(str(left.value.code)), capsys.readouterr().err

    return call


def _arguments(accepts: Path, rejects: Path, model: str, options: Sequence[str]) -> list[str]:
    return [
        "model", "rejects", "--data", str(accepts), "--rejects", str(rejects),
        "-c", PRODUCT, "--model", model, *options,
    ]  # fmt: skip


def test_accepts_only_stand_beside_every_factor_the_band_and_the_warning(command: Command) -> None:
    printed = command()

    rows = re.findall(r"^(accepts only|fuzzy(?:, band)?) +(\S+) .*$", printed, flags=re.M)
    assert [name for name, _ in rows] == ["accepts only", *["fuzzy"] * 4, "fuzzy, band"]
    assert [factor for _, factor in rows[1:5]] == ["1", "1.5", "2", "3"]
    assert "AUC on held-out accepts" in printed
    assert "the outcome of a reject is not known: the band shows what the factor does" in printed
    assert "Every fit: logistic, regularization 0.1." in printed
    assert "split by date, the oldest first" in printed
    assert "are not used: their applicants are already among the earlier ones" in printed


def test_a_machine_reads_the_same_figures_and_the_band(command: Command, study: Study) -> None:
    found: dict[str, Any] = msgspec.json.decode(command("--json"))

    expected = study("fuzzy").comparison
    assert [f["factor"] for f in found["inferred"]] == [1, 1.5, 2, 3]
    assert found["accepts_only"] == msgspec.to_builtins(expected.accepts_only)
    assert found["inferred"] == [msgspec.to_builtins(f) for f in expected.inferred]
    for name in ("mean_pd_of_rejects", "approval_rate_of_rejects", "approval_rate_as_deployed"):
        values = [figures[name] for figures in found["inferred"]]
        assert found["band"][name] == {"low": min(values), "high": max(values)}
    aucs = [figures["auc"]["estimate"] for figures in found["inferred"]]
    assert found["band"]["auc"] == {"low": min(aucs), "high": max(aucs)}
    assert (found["contract"], found["family"], found["method"]) == (PRODUCT, "logistic", "fuzzy")


def test_none_prints_accepts_alone_and_no_band(command: Command) -> None:
    printed = command("--method", "none")

    assert re.search(r"^accepts only: AUC on held-out accepts 0\.\d{4} \[", printed, flags=re.M)
    assert "is an assumption, too: see --method fuzzy" in printed
    assert "band" not in printed


@pytest.mark.parametrize("method", ["parcelling", "reweighting"])
def test_each_method_is_the_one_that_was_asked_for(study: Study, method: Method) -> None:
    found = study(method).comparison

    assert {figures.method for figures in found.inferred} == {method}
    assert found.accepts_only == study("fuzzy").comparison.accepts_only
    pds = [figures.mean_pd_of_rejects for figures in found.inferred]
    assert pds != [figures.mean_pd_of_rejects for figures in study("fuzzy").comparison.inferred]


def test_none_is_the_accepts_only_model_of_the_other_methods(study: Study) -> None:
    alone = study("none").comparison

    assert alone.accepts_only == study("fuzzy").comparison.accepts_only
    assert alone.inferred == ()


def test_the_truth_that_only_a_simulation_knows_lies_inside_the_band(
    study: Study, files: Files
) -> None:
    """The lender saw more than the features say, so accepts alone promise too much."""
    found = study("fuzzy").comparison

    assert found.accepts_only.mean_pd_of_rejects < files.truth
    assert files.truth in found.band("mean_pd_of_rejects")


def test_rejects_whom_a_rule_declines_are_counted_and_left_out(
    command: Command, study: Study, files: Files
) -> None:
    rejects = pd.read_parquet(files.rejects)
    n_declined = int(_declined_by_rule(rejects).sum())

    found = study("none")

    assert n_declined > 0
    assert found.n_left_out == n_declined
    assert found.comparison.n_rejects == len(rejects) - n_declined
    assert set(found.declined_by_rule) == {"INSTALMENT_TOO_HIGH", "INCOME_SPENT"}
    assert f"{n_declined:,} rejects are left out: a policy rule declines" in command(
        "--method", "none"
    )


def test_rejects_who_are_all_declined_by_rules_are_refused(
    refused: Callable[..., tuple[int, str]], files: Files, tmp_path: Path
) -> None:
    path = tmp_path / "hopeless.parquet"
    rejects = pd.read_parquet(files.rejects)
    rejects[_declined_by_rule(rejects)].to_parquet(path)

    code, said = refused(rejects=path)

    assert code == 3
    assert "whatever they score, so there is nothing to infer" in said


def test_rejects_with_an_outcome_are_refused(
    refused: Callable[..., tuple[int, str]], loans: pd.DataFrame, tmp_path: Path
) -> None:
    path = tmp_path / "financed.parquet"
    outcome = loans["defaulted"].where(loans.index < 3)
    loans.assign(defaulted=outcome).to_parquet(path)

    code, said = refused(rejects=path)

    assert code == 3
    assert "rejects: expected no outcome, 3 of 6,000 rows have one" in said
    assert "whoever was financed belongs to the accepts" in said


def test_an_empty_outcome_and_absent_references_change_nothing(
    loans: pd.DataFrame, accepted: pd.Series[Any]
) -> None:
    contract = load_contract(PRODUCT)
    rejects = loans[~accepted].drop(columns="defaulted")
    bare = rejects.drop(columns=["application_id", "applicant_id"]).assign(default=None)

    found = check_rejects(bare, contract)

    assert np.array_equal(found.raw, check_rejects(rejects, contract).raw, equal_nan=True)
    assert len(found.raw) == len(rejects)


def test_rejects_without_a_list_of_consents_have_consented() -> None:
    contract = load_contract("thin_file")
    applications = synthetic("thin_file", 300, 3).drop(columns=contract.target.name)
    everything = ";".join(contract.consent_sources)

    found = check_rejects(applications.drop(columns="consents", errors="ignore"), contract)

    told = check_rejects(applications.assign(consents=everything), contract)
    assert contract.consent_sources
    assert np.array_equal(found.raw, told.raw, equal_nan=True)
    assert found.failures == told.failures


def test_rejects_that_break_the_contract_are_named_and_left_out(
    files: Files, command: Command, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "odd.parquet"
    rejects = pd.read_parquet(files.rejects)
    rejects.loc[rejects.index[[0, 5]], "household"] = 0
    rejects.to_parquet(path)
    with pytest.raises(SystemExit):
        run(_arguments(files.accepts, path, "logistic", ["--method", "none"]))

    said = " ".join(capsys.readouterr().err.split())

    assert f"2 of {len(rejects):,} rejects break the contract and are left out" in said
    assert "household: expected at least 1" in said


def test_when_no_reject_is_good_the_first_rule_is_named(loans: pd.DataFrame) -> None:
    rejects = loans.head(20).drop(columns="defaulted").assign(household=0)

    with pytest.raises(DataError, match="no reject satisfies contract .* household: expected at"):
        check_rejects(rejects, load_contract(PRODUCT))


def test_rejects_with_other_columns_are_refused(loans: pd.DataFrame) -> None:
    with pytest.raises(ContractError, match="missing columns household"):
        check_rejects(loans.drop(columns=["household", "defaulted"]), load_contract(PRODUCT))


def test_accepts_are_split_by_date_and_who_comes_again_is_used_once(
    study: Study, files: Files
) -> None:
    accepts = pd.read_parquet(files.accepts)

    found = study("none")

    assert found.by_time is True
    assert found.n_accepts == len(accepts)
    assert accepts["applicant_id"].duplicated().any()
    assert found.n_learning + found.n_calibration + found.n_held_out < len(accepts)


def test_accepts_without_dates_are_split_at_random_and_all_used(
    loans: pd.DataFrame, accepted: pd.Series[Any]
) -> None:
    contract = load_contract(PRODUCT)
    undated = loans.drop(columns="application_date")
    rows, _ = prepare(undated[accepted], contract)
    rejects = check_rejects(undated[~accepted].drop(columns="defaulted"), contract)

    found = study_rejects(
        rows, rejects.raw, contract, family_name="logistic", method="none", num_threads=1
    )

    assert found.by_time is False
    assert found.n_learning + found.n_calibration + found.n_held_out == len(rows)
    assert found.n_learning / len(rows) == pytest.approx(3 / 5, abs=0.03)
    assert found.n_held_out / len(rows) == pytest.approx(1 / 5, abs=0.03)


def test_weighted_accepts_are_refused(loans: pd.DataFrame, accepted: pd.Series[Any]) -> None:
    contract = load_contract(PRODUCT)
    rows, _ = prepare(loans[accepted], contract)
    weighted = replace(rows, weights=np.full(len(rows), 2.0))

    with pytest.raises(DataError, match="expected accepts that count once, .* weight column"):
        study_rejects(
            weighted, rows.raw, contract, family_name="logistic", method="fuzzy", num_threads=1
        )


@pytest.mark.filterwarnings("always::credit.metrics.FewBadsWarning")
def test_few_bads_to_measure_on_are_a_warning_with_their_number(
    loans: pd.DataFrame, accepted: pd.Series[Any]
) -> None:
    contract = load_contract(PRODUCT)
    rows, _ = prepare(loans[accepted], contract)

    with pytest.warns(FewBadsWarning) as warned:
        study_rejects(
            rows, rows.raw[:50], contract, family_name="logistic", method="none", num_threads=1
        )

    told = [str(warning.message) for warning in warned]
    assert any(re.match(r"the accepts to measure on hold \d+ bads, fewer than 50", t) for t in told)


@pytest.mark.parametrize("name", ["lightgbm", "scorecard"])
def test_families_learn_with_the_middle_of_their_space(
    loans: pd.DataFrame, accepted: pd.Series[Any], name: str
) -> None:
    contract = load_contract(PRODUCT)
    rows, _ = prepare(loans[accepted], contract)
    rejects = check_rejects(loans[~accepted].drop(columns="defaulted"), contract)

    found = study_rejects(
        rows, rejects.raw, contract, family_name=name, method="fuzzy", num_threads=1
    )

    assert found.parameters == fixed_parameters(name)
    assert found.comparison.accepts_only.auc.estimate > 0.6
    pds = [figures.mean_pd_of_rejects for figures in found.comparison.inferred]
    assert pds == sorted(pds)


def test_a_method_that_does_not_exist_is_a_wrong_command_line(
    refused: Callable[..., tuple[int, str]],
) -> None:
    code, said = refused("--method", "augmentation")

    assert code == 2
    assert "augmentation" in said


@pytest.mark.parametrize(
    ("distribution", "expected"),
    [
        (Distribution(uniform=(0.4, 1.0)), 0.7),
        (Distribution(loguniform=(0.01, 10.0)), 0.1**0.5),
        (Distribution(integer=(4, 13)), 8),
        (Distribution(log_integer=(50, 800)), 200),
        (Distribution(choice=(0.0, 0.01, 0.02)), 0.01),
        (Distribution(choice=(64, 256)), 64),
    ],
)
def test_the_middle_lies_in_the_middle_of_its_own_scale(
    distribution: Distribution, expected: Constant
) -> None:
    found = middle(distribution)

    assert found == pytest.approx(expected)
    assert distribution.holds(found)


def test_a_family_that_learns_in_steps_takes_half_of_them() -> None:
    """Twelve steps of 25 trees are a full trial of LightGBM."""
    found = fixed_parameters("lightgbm")

    assert found["num_iterations"] == 150
    assert found["bagging_freq"] == 1
    assert "num_iterations" not in fixed_parameters("scorecard")
