"""Our own trees: a walk by hand, equal bits, and no content that is not a tree."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import BundleCorrupt, DataError
from credit.forest import forest_of_table
from credit.models.encoding import Encoding
from credit.models.tree_model import FILE, TreeModel
from credit.models.trees import Tree, TreeTable
from tests.models.walks import margin_by_hand

SMALL = Tree(
    feature=(0, 1),
    threshold=(0.5, 2.0),
    missing_left=(True, False),
    left=(1, -1),
    right=(-3, -2),
    value=(0.1, 0.2, 0.4),
)
STUMP = Tree((), (), (), (), (), (1.0,))
TABLE = TreeTable(n_features=2, base=-1.0, trees=(SMALL, STUMP))
FOREST = forest_of_table(TABLE)
NAN = math.nan


@pytest.mark.parametrize(
    ("vector", "leaf"),
    [
        ((0.5, 2.0), 0.1),
        ((0.5, 2.1), 0.2),
        ((0.6, 0.0), 0.4),
        ((NAN, 2.0), 0.1),
        ((0.0, NAN), 0.2),
        ((NAN, NAN), 0.2),
        ((math.inf, 0.0), 0.4),
        ((-math.inf, math.inf), 0.2),
    ],
)
def test_a_walk_by_hand(vector: tuple[float, float], leaf: float) -> None:
    """At most 0.5, or missing, goes left; there at most 2 goes left, and missing right."""
    assert FOREST.margin(np.array(vector)) == -1.0 + leaf + 1.0
    assert FOREST.margins(np.array([vector])).tolist() == [-1.0 + leaf + 1.0]
    assert margin_by_hand(TABLE, vector) == -1.0 + leaf + 1.0


@given(
    vectors=st.lists(
        st.tuples(*[st.sampled_from([0.0, 0.5, 0.6, 2.0, 3.0, NAN])] * 2), min_size=1, max_size=30
    )
)
def test_many_have_the_bits_of_one_at_a_time(vectors: list[tuple[float, float]]) -> None:
    many = FOREST.margins(np.array(vectors)).tolist()

    assert many == [FOREST.margin(np.array(v)) for v in vectors]
    assert many == [margin_by_hand(TABLE, v) for v in vectors]


def test_a_vector_of_another_length_is_refused() -> None:
    """Compiled code would read what lies behind it."""
    assert TABLE.used == tuple(FOREST.used) == (0, 1)

    with pytest.raises(DataError, match="a feature vector has 2 values, this one has 1"):
        FOREST.margin(np.array([1.0]))
    with pytest.raises(DataError, match="has 2 values, this one has 3"):
        FOREST.margins(np.zeros((4, 3)))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"value": (0.1, 0.2)}, "a tree of 2 splits must have 3 leaves"),
        ({"threshold": (0.5,)}, "a tree of 2 splits must have 3 leaves"),
        ({"threshold": (0.5, math.inf)}, "must be finite numbers"),
        ({"value": (0.1, 0.2, NAN)}, "must be finite numbers"),
        ({"left": (-3, -1)}, "must each follow one parent"),
        ({"left": (1, 1)}, "must each follow one parent"),
        ({"left": (0, -1)}, "must each follow one parent"),
        ({"left": (2, -1)}, "must each follow one parent"),
        ({"left": (-1, 1)}, "must each follow one parent"),
        ({"right": (-4, -2)}, "must each follow one parent"),
    ],
)
def test_what_is_no_tree_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(BundleCorrupt, match=message):
        msgspec.structs.replace(SMALL, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n_features": 1}, "a tree asks for a feature outside the 1 there are"),
        ({"base": NAN}, "the base of an ensemble must be a finite number"),
    ],
)
def test_an_ensemble_that_does_not_fit_is_refused(changes: dict[str, object], message: str) -> None:
    with pytest.raises(BundleCorrupt, match=message):
        msgspec.structs.replace(TABLE, **changes)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: b"",
        lambda t: t[: len(t) // 2],
        lambda t: b"\xff" + t,
        lambda t: t.replace(b'"version":1', b'"version":2', 1),
        lambda t: t.replace(b'"base":-1.0', b'"base":"x"', 1),
        lambda t: t.replace(b'"feature":[0', b'"feature":[7', 1),
        lambda t: t.replace(b'"left":[1', b'"left":[9', 1),
        lambda t: t.replace(b'"base"', b'"more":1,"base"', 1),
    ],
)
def test_a_damaged_file_is_refused(change: object) -> None:
    assert callable(change)
    content = TreeModel("xgboost", TABLE, Encoding((), ())).to_files()[FILE]
    damaged: bytes = change(content)
    assert damaged != content

    with pytest.raises(BundleCorrupt, match=f"{FILE} is not an ensemble of trees: "):
        TreeModel.from_files({FILE: damaged})


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(BundleCorrupt, match=f"{FILE} is missing"):
        TreeModel.from_files({})
