"""One demo, whose models every test of a running service uses."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from cluster.demo import choose_applicants
from credit.contract import Contract
from credit.data import give_me_some_credit
from tests.cluster.processes import credit
from tune.plan import split_holdout
from tune.rows import prepare


@dataclass(frozen=True)
class DemoRun:
    """What a demo left behind."""

    home: Path
    done: subprocess.CompletedProcess[str]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """``credit demo --once`` on all 150,000 rows, with sweeps of two trials."""
    home = tmp_path_factory.mktemp("home")
    return DemoRun(home, credit(home, "demo", "--once", "--trials", "2", "--port", "0"))


@pytest.fixture(scope="session")
def home(demo: DemoRun) -> Path:
    """A home with trained and registered models."""
    assert demo.done.returncode == 0, demo.done.stdout + demo.done.stderr
    return demo.home


@pytest.fixture(scope="session")
def applicants(contract: Contract) -> list[dict[str, Any]]:
    """The demo's 500 held-out applicants."""
    rows, check = prepare(give_me_some_credit(), contract)
    return choose_applicants(split_holdout(rows)[1], check, contract)[0]
