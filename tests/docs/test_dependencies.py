"""docs/dependencies.md has a line for each direct dependency, no other, and its true licence."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
LINE = re.compile(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)

CLASSIFIED = {
    "BSD License": "BSD",
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
}
"""What a licence classifier promises of the identifier; BSD leaves open which one."""


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _declared() -> set[str]:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = document["project"]
    groups = [
        document["build-system"]["requires"],
        project["dependencies"],
        *project.get("optional-dependencies", {}).values(),
        *document["dependency-groups"].values(),
    ]
    return {_canonical(re.split(r"[\[<>=!~; ]", text)[0]) for group in groups for text in group}


def _lines() -> dict[str, str]:
    """Licence by package."""
    return {_canonical(name): licence for name, licence, _ in LINE.findall(PAGE)}


def _installed(name: str) -> importlib.metadata.PackageMetadata | None:
    try:
        return importlib.metadata.metadata(name)
    except importlib.metadata.PackageNotFoundError:  # an extra or the build backend
        return None


def test_every_dependency_has_one_line_and_no_line_is_stale() -> None:
    counted = Counter(_canonical(name) for name, _, _ in LINE.findall(PAGE))

    assert set(counted) == _declared()
    assert [name for name, count in counted.items() if count > 1] == []


def test_licences_are_those_of_the_installed_packages() -> None:
    wrong: dict[str, tuple[str, ...]] = {}
    for name, stated in _lines().items():
        metadata = _installed(name)
        if metadata is None:
            continue
        for expression in metadata.get_all("License-Expression") or []:
            if expression != stated:
                wrong[name] = (stated, expression)
        classifiers = [
            classifier
            for classifier in metadata.get_all("Classifier") or []
            if classifier.startswith("License ::")
        ]
        # Several: whoever uses the package may choose.
        promised = [CLASSIFIED.get(classifier.split(" :: ")[-1], "") for classifier in classifiers]
        if promised and not any(map(stated.startswith, promised)):
            wrong[name] = (stated, *classifiers)

    assert wrong == {}


def test_the_licence_of_alibi_detect_is_said_plainly() -> None:
    assert importlib.metadata.metadata("alibi-detect")["License"] == "Business Source License 1.1"
    assert _lines()["alibi-detect"] == "BUSL-1.1"
    assert "production use needs a commercial licence" in PAGE


def test_the_licence_of_the_project_is_the_one_it_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")

    assert project["license"] == "Apache-2.0"
    assert text.lstrip().startswith("Apache License\n")
    assert "Version 2.0, January 2004" in text
