"""Notebooks run top to bottom in this interpreter, keep no outputs and define no logic."""

from __future__ import annotations

import ast
import json
import os
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DEADLINE_S = 400
"""A minute on a quiet machine with two cores; the rest is for a busy one."""


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


def _streamed(notebook: Any, name: str) -> str:
    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    return "".join(out.text for out in outputs if out.output_type == "stream" and out.name == name)


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


def test_runs_top_to_bottom_and_decides_with_reasons(
    path: Path, kernel: str, tmp_path: Path
) -> None:
    """A cell that raises fails the test with its traceback."""
    from nbclient import NotebookClient

    notebook = _read(path)
    working_folder = tmp_path / "empty"
    working_folder.mkdir()

    NotebookClient(
        notebook,
        kernel_name=kernel,
        timeout=DEADLINE_S,
        resources={"metadata": {"path": str(working_folder)}},
    ).execute()

    printed = _streamed(notebook, "stdout")
    decision = printed.partition("decision: ")[2].partition("\n")[0]
    reasons = printed.partition("reasons, and the points each costs:\n")[2].splitlines()
    assert decision in {"approve", "review", "decline"}
    assert ": " in reasons[0]
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
