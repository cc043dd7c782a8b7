"""``credit tune`` as its user runs it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import joblib
import msgspec
import pytest

from credit.contract import Contract
from credit.decision import load_bundle
from credit.errors import RegistryUnavailable
from credit.settings import Settings
from serve_app.registry import fetch_alias
from tests.cluster.processes import Process, credit, until
from tests.loanbook import loan_book

pytestmark = pytest.mark.ray


@pytest.fixture(scope="module")
def loans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("loans") / "loans.parquet"
    loan_book(3_000, seed=11).to_parquet(path)
    return path


def test_a_sweep_ends_in_a_registered_bundle_that_loads(
    loans: Path, tmp_path: Path, contract: Contract
) -> None:
    done = credit(tmp_path, "tune", "--data", str(loans), "--trials", "3", "--model", "scorecard")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Leaderboard" in done.stdout
    assert "held-out rows were seen by nobody" in done.stdout
    settings = Settings(home=tmp_path)
    hash_ = fetch_alias(settings, contract.registry_name, "challenger")
    bundle = load_bundle(settings.bundles_path / hash_)
    assert bundle.manifest.family == "scorecard"
    assert hash_[:12] in done.stdout


def test_ctrl_c_registers_nothing_and_the_sweep_goes_on_where_it_stopped(
    loans: Path, tmp_path: Path, contract: Contract
) -> None:
    process = Process(tmp_path, "tune", "--data", str(loans), "--trials", "5", "--concurrent", "1")
    try:
        name = process.wait_for(r"Sweep (\S+):", 120)[1]
        search = tmp_path / "sweeps" / name / "final" / "lightgbm"
        until(lambda: len(list(search.glob("_Trainable_*"))) >= 3, 120, "two trials have ended")
        assert process.interrupt() == 130
        process.wait_for("nothing half-done was registered", 30)
    finally:
        process.end()
    assert not (tmp_path / "bundles").exists()
    with pytest.raises(RegistryUnavailable, match="there is no registry"):
        fetch_alias(Settings(home=tmp_path), contract.registry_name, "challenger")
    begun = {path.name.split("_")[2] for path in search.glob("_Trainable_*")}

    done = credit(tmp_path, "tune", "--resume", name, "--json")
    again = credit(tmp_path, "tune", "--resume", name, "--trials", "9")

    assert done.returncode == 0, done.stdout + done.stderr
    trials = msgspec.json.decode(done.stdout)["leaderboard"][0]["trials"]
    assert len(trials) == 5
    assert begun <= {trial["trial"] for trial in trials}
    assert again.returncode != 0
    assert "--resume goes on with what the sweep was asked" in again.stderr


@pytest.mark.full
def test_the_classic_preset_writes_a_joblib_that_scikit_learn_reads(tmp_path: Path) -> None:
    done = credit(tmp_path, "tune", "classic-gb", "--json")

    assert done.returncode == 0, done.stdout + done.stderr
    document = msgspec.json.decode(done.stdout)
    path = Path(document["joblib"])
    assert hashlib.sha256(path.read_bytes()).hexdigest() == document["joblib_sha256"]
    content = joblib.load(path)
    boosting = content["model"][-1]
    assert (boosting.n_estimators, boosting.learning_rate, boosting.max_depth) == (100, 0.1, 3)
    assert len(content["features"]) == boosting.n_features_in_
    assert document["leaderboard"][0]["held_out"]["auc"]["estimate"] > 0.7


@pytest.mark.full
def test_few_bads_are_a_warning_that_names_their_number(tmp_path: Path) -> None:
    book = loan_book(3_000, seed=11)
    few = book.drop(index=book.index[book["defaulted"] == 1][40:])
    few.to_parquet(tmp_path / "few.parquet")

    done = credit(
        tmp_path, "tune", "--data", str(tmp_path / "few.parquet"), "--trials", "1",
        "--model", "scorecard",
    )  # fmt: skip

    assert "the data hold 40 bads, fewer than 50" in done.stderr
    assert done.returncode == 0, done.stdout + done.stderr
