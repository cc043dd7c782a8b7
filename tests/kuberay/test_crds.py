"""The manifests as an API server admits them, where a validator with KubeRay's schemas is at hand."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.kuberay.manifests import KUBERAY, ROOT, read_manifests

NEEDED = ("yaml", "jsonschema", "kubernetes_validate")


@pytest.fixture
def validator() -> Path:
    named = os.environ.get("CREDIT_CRD_VALIDATOR")
    path = Path(named) if named else ROOT.parent / "shared" / "crds" / "validate.py"
    if not named and not path.is_file():
        pytest.skip("no validator of manifests: name one in CREDIT_CRD_VALIDATOR")
    missing = [module for module in NEEDED if importlib.util.find_spec(module) is None]
    if missing:
        pytest.skip(f"the validator of manifests needs {', '.join(missing)}")
    return path


def _validate(validator: Path, target: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, validator, target, "--strict"], capture_output=True, text=True, check=False
    )


def test_manifests_are_valid(validator: Path) -> None:
    result = _validate(validator, KUBERAY)

    assert result.returncode == 0, result.stdout + result.stderr


def test_misspelt_field_is_invalid(validator: Path, tmp_path: Path) -> None:
    service = read_manifests().service
    service["spec"]["rayClusterConfig"]["headGroupSpecs"] = {}
    (tmp_path / "broken.yaml").write_text(yaml.safe_dump(service), encoding="utf-8")

    result = _validate(validator, tmp_path)

    assert result.returncode == 1
    assert "headGroupSpecs" in result.stdout + result.stderr
