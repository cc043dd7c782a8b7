"""Tables kept on disk: the same bits, shared, and never believed when they were changed."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from credit.errors import ModelTooDeep
from credit.explain.tables import explainer as module
from credit.explain.tables.build import build_tables
from credit.explain.tables.explainer import TableExplainer
from credit.models.encoding import Encoding
from credit.models.tree_model import TreeModel
from credit.models.trees import Tree, TreeTable

TREE = Tree((0, 1), (0.5, 2.0), (True, False), (1, -1), (-3, -2), (0.1, 0.2, 0.4))
MODEL = TreeModel("xgboost", TreeTable(2, -1.0, (TREE, TREE)), Encoding((), ()))
BACKGROUND = np.array([[0.0, 0.0], [1.0, 3.0], [np.nan, 1.0]])
VECTOR = (0.2, 2.5)


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    TableExplainer(MODEL, BACKGROUND, tmp_path / "cache")
    [path] = (tmp_path / "cache").iterdir()
    return path


def _builds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count how often tables are built."""
    built: list[int] = []

    def counting(*args: Any) -> Any:
        built.append(1)
        return build_tables(*args)

    monkeypatch.setattr(f"{module.__name__}.build_tables", counting)
    return built


def test_what_is_kept_explains_with_the_same_bits(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = TableExplainer(MODEL, BACKGROUND).explain(VECTOR)
    built = _builds(monkeypatch)

    found = TableExplainer(MODEL, BACKGROUND, kept.parent)

    assert found.explain(VECTOR) == expected
    assert found.explain_many(np.array([VECTOR])).tolist() == [list(expected.contributions)]
    assert built == []


def test_another_background_has_tables_of_its_own(kept: Path) -> None:
    other = TableExplainer(MODEL, BACKGROUND[:2], kept.parent)

    assert len(list(kept.parent.iterdir())) == 2
    assert other.explain(VECTOR) == TableExplainer(MODEL, BACKGROUND[:2]).explain(VECTOR)


@pytest.mark.parametrize("damage", ["a byte", "cut", "empty"])
def test_a_damaged_file_is_built_again(
    kept: Path, damage: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    content = kept.read_bytes()
    changed = bytearray(content)
    changed[len(changed) // 2] ^= 1
    kept.write_bytes({"a byte": bytes(changed), "cut": content[:-9], "empty": b""}[damage])
    built = _builds(monkeypatch)

    with caplog.at_level(logging.WARNING):
        found = TableExplainer(MODEL, BACKGROUND, kept.parent)

    assert found.explain(VECTOR) == TableExplainer(MODEL, BACKGROUND).explain(VECTOR)
    assert built[:1] == [1]
    assert kept.read_bytes() == content
    assert ("is damaged; the tables are built again" in caplog.text) is (damage != "empty")


def test_where_nothing_can_be_kept_it_explains_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").write_text("not a folder")

    with caplog.at_level(logging.WARNING):
        found = TableExplainer(MODEL, BACKGROUND, tmp_path / "cache")

    assert found.explain(VECTOR) == TableExplainer(MODEL, BACKGROUND).explain(VECTOR)
    assert "the tables of the explainer are not kept" in caplog.text


def test_a_model_too_deep_for_tables_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAXIMUM_BYTES", 10)

    with pytest.raises(ModelTooDeep, match="a max_depth of 6 or 7 costs no accuracy"):
        TableExplainer(MODEL, BACKGROUND)
