"""The image, the lock, the laptop and the manifests name the same things."""

from __future__ import annotations

import os
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import ray

from cluster.local_ray import prepare_environment
from credit.settings import Settings
from tests.kuberay.manifests import (
    KUBERAY,
    ROOT,
    TOGETHER,
    Manifests,
    container_of,
    image_environment,
)

DOCKERFILE = (KUBERAY / "Dockerfile").read_text(encoding="utf-8")


def _project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_ray_is_of_one_version_everywhere(manifests: Manifests) -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    (locked,) = re.findall(r"^ray==(\S+)", lock, flags=re.M)

    assert manifests.cluster["rayVersion"] == locked == ray.__version__


def test_image_tag_is_the_projects_version(manifests: Manifests) -> None:
    image = container_of(manifests.group("head"))["image"]

    assert image.endswith(f"/credit-cluster:{_project()['project']['version']}")
    assert image in (KUBERAY / "README.md").read_text(encoding="utf-8")


def test_image_holds_the_whole_project_and_the_exact_lock() -> None:
    copied = set(re.findall(r"^COPY (\w+) \1$", DOCKERFILE, flags=re.M))

    assert copied == set(_project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])
    assert "pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock" in DOCKERFILE
    assert "--no-deps --no-index /dist/" in DOCKERFILE


def test_build_context_lets_through_what_is_copied_and_nothing_else() -> None:
    lines = (KUBERAY / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    copied = re.findall(r"^COPY (.+) \S+$", DOCKERFILE, flags=re.M)

    assert rules[0] == "*"
    assert {r[1:] for r in rules if r.startswith("!")} == {f for c in copied for f in c.split()}


def test_image_has_the_system_libraries_and_no_root() -> None:
    stages = re.findall(r"^FROM (\S+)", DOCKERFILE, flags=re.M)

    assert set(stages) == {"python:3.11-slim-bookworm"}
    assert re.search(r"apt-get install .*\blibgomp1\b.*\bwget\b", DOCKERFILE)
    assert re.findall(r"^USER (\S+)$", DOCKERFILE, flags=re.M) == ["1000"]


def test_image_environment_is_that_of_the_pods(manifests: Manifests) -> None:
    image = image_environment()
    pods = manifests.find("ConfigMap", "credit-ray")["data"]

    assert image.items() >= TOGETHER.items()
    assert {k: image[k] for k in image.keys() & pods.keys()} == {
        k: pods[k] for k in image.keys() & pods.keys()
    }
    assert image["NUMBA_CPU_NAME"] == "generic"
    assert not [name for name in image if re.search("TOKEN|PASSWORD|SECRET", name)]


def test_bundles_lie_where_the_settings_look_for_them() -> None:
    home = image_environment()["CREDIT_HOME"]

    assert Settings(home=Path(home)).bundles_path == Path(home) / "bundles"


def test_pods_run_serve_as_the_laptop_does(
    manifests: Manifests, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    laptop: dict[str, str] = {}
    monkeypatch.setattr(os, "environ", laptop)

    prepare_environment(tmp_path)

    pods = manifests.find("ConfigMap", "credit-ray")["data"]
    assert pods.items() <= laptop.items()
