"""A home with two arms, as a service leaves it behind, and a file of applicants."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from cluster.cli.main import run
from cluster.scoring.job import Form, Recording, ScoringJob
from credit.decision import Rollout
from credit.records import open_state
from serve_app.rollout.operate import ensure_rollout
from tests.loanbook import loan_book

N_ROWS = 120


@dataclass(frozen=True)
class ScoringHome:
    """Where everything lies, and which bundles answer: LightGBM, and 300 of 1,000 the scorecard."""

    path: Path
    rollout: Rollout

    @property
    def bundles(self) -> Path:
        return self.path / "bundles"

    def job(
        self, *, form: Form = "lines", shap_values: bool = False, recording: Recording | None = None
    ) -> ScoringJob:
        return ScoringJob(
            self.rollout, self.bundles, self.path / "cache", form, shap_values, recording
        )


@pytest.fixture(scope="session")
def made_home(
    tmp_path_factory: pytest.TempPathFactory, lightgbm_folder: Path, scorecard_folder: Path
) -> ScoringHome:
    path = tmp_path_factory.mktemp("scoring-home")
    for folder in (lightgbm_folder, scorecard_folder):
        shutil.copytree(folder, path / "bundles" / folder.name)
    state = open_state(path / "state.db")
    rollout = ensure_rollout(
        state,
        "give_me_some_credit",
        lightgbm_folder.name,
        [scorecard_folder.name],
        challenger_share=300,
    )
    state.dispose()
    return ScoringHome(path, rollout)


@pytest.fixture
def home(made_home: ScoringHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ScoringHome:
    """A copy of it, which the command finds."""
    path = Path(shutil.copytree(made_home.path, tmp_path / "home"))
    monkeypatch.setenv("CREDIT_HOME", str(path))
    monkeypatch.setenv("COLUMNS", "300")
    return ScoringHome(path, made_home.rollout)


@pytest.fixture
def applicants() -> pd.DataFrame:
    """Rows without an outcome; every third has no reference of the person."""
    book = loan_book(N_ROWS, seed=23).drop(columns="defaulted")
    book["applicant_id"] = [f"P-{i}" if i % 3 else None for i in range(N_ROWS)]
    return book


@pytest.fixture
def file(applicants: pd.DataFrame, tmp_path: Path) -> Path:
    path = tmp_path / "applicants.csv"
    applicants.to_csv(path, index=False)
    return path


Said = Callable[..., tuple[int, bytes, str]]


@pytest.fixture
def credit(capfdbinary: pytest.CaptureFixture[bytes]) -> Said:
    """Run a command here; return its exit code and what it wrote to both streams."""

    def call(*arguments: object) -> tuple[int, bytes, str]:
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as left:
            run([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        return int(left.value.code or 0), out, err.decode()

    return call
