"""``credit rollout guards`` as its user runs it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
import typer
from typer.testing import CliRunner

from cluster.cli.rollout_guards import guards
from credit.errors import SettingsInvalid
from credit.experiment.simulate import Outcome

app = typer.Typer()
app.command("guards")(guards)
SMALL = ["--runs", "3", "--horizon", "3000"]


def test_it_shows_who_was_taken_off_and_when() -> None:
    done = CliRunner().invoke(app, SMALL)

    assert done.exit_code == 0
    assert "3 rollouts each, 200 per mille to the challenger, 3,000 requests" in done.output
    assert "healthy" in done.output
    assert "latency 3" in done.output


def test_machines_get_the_same_as_json_and_nothing_else_on_standard_output() -> None:
    done = CliRunner().invoke(app, [*SMALL, "--json"])

    found = msgspec.json.decode(done.stdout, type=list[Outcome])
    assert [outcome.scenario for outcome in found][:2] == ["healthy", "a third fewer approvals"]
    assert [outcome.n_runs for outcome in found] == [3] * 5


def test_the_part_of_a_page_says_how_it_was_made(tmp_path: Path) -> None:
    page = tmp_path / "part.md"

    CliRunner().invoke(app, [*SMALL, "--seed", "5", "--out", str(page)])

    lines = page.read_text(encoding="utf-8").splitlines()
    assert lines[0] == "`credit rollout guards --runs 3 --share 200 --horizon 3000 --seed 5`"
    assert lines[4].startswith("| healthy | 0 of 3 | 0.0-70.8% | - | - | - |")
    assert len(lines) == 9


def test_a_page_in_no_folder_is_refused_before_anything_is_simulated(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, [*SMALL, "--out", str(tmp_path / "none" / "part.md")])

    assert isinstance(done.exception, SettingsInvalid)
    assert "--out: expected a file in a folder that exists" in str(done.exception)


@pytest.mark.parametrize("wrong", [["--share", "1000"], ["--runs", "0"], ["--horizon", "10"]])
def test_values_out_of_range_are_refused(wrong: list[str]) -> None:
    done = CliRunner().invoke(app, wrong)

    assert done.exit_code == 2
    assert wrong[0] in done.output
