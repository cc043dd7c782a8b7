"""Notebooks run top to bottom in this interpreter, keep no outputs, define no logic, and tell the truth.

What a notebook says in words about its data is checked on what it printed. Most run on smaller data here
than they hold: :data:`SIZES` replaces their parameters.
"""

from __future__ import annotations

import ast
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DEADLINE_S = 400
"""A minute on a quiet machine with two cores; the rest is for a busy one."""

SIZES: Mapping[str, Mapping[str, str]] = {
    "02_exploration": {"N_CUSTOMERS": "3_000"},
    "03_features": {"N_CUSTOMERS": "3_000"},
    "04_baselines": {"N_CUSTOMERS": "2_500", "N_FOLDS": "2"},
    "05_hyper_parameter_search": {"N_CUSTOMERS": "2_500", "TRIALS": "2"},
}
"""Parameters of a notebook that are smaller in the tests, as Python writes them."""

STARTS_RAY = {"05_hyper_parameter_search"}


def _one(path: Path) -> Any:
    marks = [pytest.mark.ray] if path.stem in STARTS_RAY else []
    return pytest.param(path, id=path.stem, marks=marks)


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request: pytest.FixtureRequest) -> Path:
    found: Path = request.param
    return found


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Name a kernel of this interpreter that no installed one can stand in for; HOME is not needed."""
    specification = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "this interpreter",
        "language": "python",
    }
    folder = tmp_path / "jupyter" / "kernels" / "this-interpreter"
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps(specification))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    places = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")
    for name in (*places, "MPLCONFIGDIR", "CREDIT_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    # The tests need no installed project, so neither may the kernel.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *_paths("PYTHONPATH")]))
    return "this-interpreter"


def _paths(name: str) -> list[str]:
    return [part for part in os.environ.get(name, "").split(os.pathsep) if part]


def _read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)


def _code(path: Path) -> list[Any]:
    return [cell for cell in _read(path).cells if cell.cell_type == "code"]


def _smaller(path: Path) -> Any:
    """The notebook with the parameters of :data:`SIZES`; each must stand there exactly once."""
    notebook = _read(path)
    for name, value in SIZES.get(path.stem, {}).items():
        n_found = 0
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.source, n = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value}", cell.source)
                n_found += n
        assert n_found == 1, f"{path.stem} sets {name} {n_found} times"
    return notebook


def _streamed(notebook: Any, name: str) -> str:
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    return "".join(out.text for out in outputs if out.output_type == "stream" and out.name == name)


def _number(printed: str, pattern: str) -> float:
    """The one number that a pattern finds in what was printed."""
    found = re.findall(pattern, printed)
    assert len(found) == 1, f"{pattern} found {len(found)} times"
    return float(found[0])


def _decides_with_reasons(printed: str) -> None:
    decision = printed.partition("decision: ")[2].partition("\n")[0]
    reasons = printed.partition("reasons, and the points each costs:\n")[2].splitlines()
    assert decision in {"approve", "review", "decline"}
    assert ": " in reasons[0]


def _finds_what_was_put_in(printed: str) -> None:
    """50 rows were spoiled: 38 incomes, 5 utilisations, 7 homes, of which 2 also lack a purpose."""
    assert "spoiled copy: 50 of " in printed
    assert "the table itself: 0 left out" in printed
    assert "utilization: -9 (" in printed
    moved = printed.partition("columns that moved most: ")[2].partition("\n")[0].split(", ")
    assert {"utilization", "stated_income"} <= set(moved)
    assert re.search(r"as of the application .* rows, 0 with a report from after", printed)
    honest = _number(printed, r"largest information value: honest ([\d.]+)")
    leaked = _number(printed, r"largest information value: .* leaked ([\d.]+)")
    assert honest < 1
    assert leaked > 2


def _pays_for_the_leak_and_keeps_directions(printed: str) -> None:
    honest = _number(printed, r"honest, on new applicants +AUC ([\d.]+)")
    promised = _number(printed, r"leaked, as its report promises +AUC ([\d.]+)")
    delivered = _number(printed, r"leaked, on new applicants +AUC ([\d.]+)")
    ceiling = _number(printed, r"the true PD, nobody is better +AUC ([\d.]+)")
    assert delivered < honest < promised
    assert ceiling < promised
    assert _number(printed, r"with directions +PD falls .*: (\d+)%") == 0
    assert _number(printed, r"free +PD falls .*: (\d+)%") > 0


def _compares_every_family(printed: str) -> None:
    for name in ("scorecard", "logistic", "random_forest", "gradient_boosting", "lightgbm"):
        assert 0.6 < _number(printed, rf"(?m)^{name} +AUC over folds ([\d.]+)") < 0.9
        assert 0.6 < _number(printed, rf"(?m)^{name} +AUC ([\d.]+) .*slope") < 0.9
    cost = _number(printed, r"(?m)^lightgbm +cost at 1/11 ([\d.]+)")
    assert cost < _number(printed, r"approve everybody ([\d.]+)")
    assert cost < _number(printed, r"decline everybody ([\d.]+)")
    _decides_with_reasons(printed)


def _registers_the_best(printed: str) -> None:
    assert "credit-risk-modelling: 2 searches, 4 trials" in printed
    bundle = re.search(r"is the challenger: bundle (\w+)", printed)
    assert bundle is not None
    searched = dict(re.findall(r"(?m)^(\w+) +searched ([\d.]+)", printed))
    best = max(searched, key=lambda name: float(searched[name]))
    assert f"loaded: {best}" in printed


STORIES: Mapping[str, Callable[[str], None]] = {
    "01_first_score": _decides_with_reasons,
    "02_exploration": _finds_what_was_put_in,
    "03_features": _pays_for_the_leak_and_keeps_directions,
    "04_baselines": _compares_every_family,
    "05_hyper_parameter_search": _registers_the_best,
}
"""What must be true of what each notebook printed."""


def test_every_notebook_has_a_story_that_is_checked() -> None:
    assert sorted(STORIES) == [path.stem for path in NOTEBOOKS]
    assert set(SIZES) <= set(STORIES)
    assert set(STORIES) >= STARTS_RAY


@pytest.mark.parametrize("path", [_one(path) for path in NOTEBOOKS])
def test_runs_top_to_bottom_and_tells_its_story(path: Path, kernel: str, tmp_path: Path) -> None:
    """A cell that raises fails the test with its traceback."""
    from nbclient import NotebookClient

    notebook = _smaller(path)
    working_folder = tmp_path / "empty"
    working_folder.mkdir()

    NotebookClient(
        notebook,
        kernel_name=kernel,
        timeout=DEADLINE_S,
        resources={"metadata": {"path": str(working_folder)}},
    ).execute()

    STORIES[path.stem](_streamed(notebook, "stdout"))
    assert _streamed(notebook, "stderr") == ""
    assert not list(working_folder.iterdir()), "a notebook leaves nothing behind"
    assert not (tmp_path / "credit_home").exists()


def test_defines_no_functions_or_classes(path: Path) -> None:
    """Logic in a notebook is logic that nothing imports and no test reaches."""
    definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    found = [
        f"cell {number}, line {node.lineno}"
        for number, cell in enumerate(_code(path), start=1)
        for node in ast.walk(ast.parse(cell.source))
        if isinstance(node, definitions)
    ]

    assert found == []


def test_is_stored_without_outputs_and_names_no_machine(path: Path) -> None:
    notebook = _read(path)

    assert [cell.outputs for cell in _code(path) if cell.outputs] == []
    assert [cell.execution_count for cell in _code(path) if cell.execution_count] == []
    assert [cell.metadata for cell in notebook.cells if cell.metadata] == []
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
