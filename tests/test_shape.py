"""Promises about the tree itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def _modules_after(statement: str) -> set[str]:
    """Modules that a new interpreter holds after a statement."""
    script = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    return set(done.stdout.split())


def test_a_scoring_process_loads_neither_mlflow_nor_alibi_nor_shap() -> None:
    loaded = _modules_after("import serve_app.deployments")

    assert loaded.isdisjoint({"mlflow", "alibi_detect", "shap"})


def test_the_client_and_the_command_load_no_ray() -> None:
    loaded = _modules_after("import serve_app.client, cluster.cli.main")

    assert loaded.isdisjoint({"ray", "mlflow", "alibi_detect", "shap"})


def test_importing_any_package_opens_nothing(tmp_path: Path) -> None:
    script = "import credit.records, tune.pipeline, drift, serve_app.graph, cluster.running"
    subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=True, timeout=120)

    assert list(tmp_path.iterdir()) == []


DOCUMENTS = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "CONTRIBUTING.md",
    ROOT / "kuberay" / "README.md",
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text(encoding="utf-8"))

    missing = [t for t in targets if not (document.parent / t).exists()]
    assert missing == []


def test_every_make_target_in_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        name
        for document in DOCUMENTS
        for name in re.findall(r"`make ([a-z]+)`", document.read_text(encoding="utf-8"))
    }

    assert named <= targets
