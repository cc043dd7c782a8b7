"""A forest predicts with the bits of LightGBM, and follows no text that is not a forest."""

from __future__ import annotations

import lightgbm
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credit.forest import forest_of_text
from tests.forest.boosters import awkward_rows, boosters, made_up, on_thresholds


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(booster=boosters(), seed=st.integers(0, 2**32 - 1))
def test_margins_have_the_bits_of_lightgbm(booster: lightgbm.Booster, seed: int) -> None:
    generator = np.random.default_rng(seed)
    rows = np.vstack([made_up(generator, 40), on_thresholds(booster, generator, 80)])
    forest = forest_of_text(booster.model_to_string())

    expected = booster.predict(rows, raw_score=True, num_threads=1)

    np.testing.assert_array_equal(forest.margins(rows), expected)
    assert [forest.margin(row) for row in rows] == expected.tolist()


def test_the_edge_cases_do_part_the_ways() -> None:
    """The control: taking a missing value for zero, or 32 for a category of another word, is seen."""
    rng = np.random.default_rng(3)
    rows = made_up(rng, 500)
    labels = (np.nan_to_num(rows[:, 0], nan=2.0) > 0.3).astype(np.int8)
    booster = lightgbm.train(
        {"objective": "binary", "verbosity": -1, "num_threads": 1},
        lightgbm.Dataset(rows, labels),
        5,
    )
    forest = forest_of_text(booster.model_to_string())
    odd = awkward_rows(rng, 50)

    assert not np.array_equal(forest.margins(odd), forest.margins(np.nan_to_num(odd)))


@pytest.fixture(scope="module")
def text() -> str:
    rng = np.random.default_rng(4)
    rows = made_up(rng, 300)
    labels = (np.nan_to_num(rows[:, 0]) + (rows[:, 3] > 20) > 0.5).astype(np.int8)
    booster = lightgbm.train(
        {
            "objective": "binary",
            "num_leaves": 6,
            "min_data_per_group": 3,
            "cat_smooth": 1,
            "verbosity": -1,
            "num_threads": 1,
        },
        lightgbm.Dataset(rows, labels, categorical_feature=[3]),
        3,
    )
    return str(booster.model_to_string())


def _with(text: str, name: str, change: str) -> str:
    """Change one line of the first tree that has it, and keep the header right."""
    lines = text.split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith(f"{name}="))
    grown = len(change) - len(lines[at])
    lines[at] = change
    sizes = next(i for i, line in enumerate(lines) if line.startswith("tree_sizes="))
    first, *rest = lines[sizes].removeprefix("tree_sizes=").split()
    lines[sizes] = f"tree_sizes={' '.join([str(int(first) + grown), *rest])}"
    return "\n".join(lines)


def test_the_text_itself_is_read(text: str) -> None:
    """The control of the next test: its changes fail for what they change."""
    same = next(line for line in text.split("\n") if line.startswith("left_child="))

    assert len(forest_of_text(_with(text, "left_child", same)).roots) == 3
    assert (forest_of_text(text).nodes["n_words"] > 0).any()


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("left_child", "left_child=99 1 2 3 4", r"tree 0 is not a tree \(children\)"),
        ("left_child", "left_child=0 -1 -2 -3 -4", "children"),
        ("right_child", "right_child=1", "children"),
        ("split_feature", "split_feature=0 0 0 0 6", "features"),
        ("split_feature", "split_feature=0 0 0 0 -1", "features"),
        ("split_feature", "split_feature=0", "features"),
        ("threshold", "threshold=0 0 0 0 nan", "thresholds"),
        ("decision_type", "decision_type=2 2 2 2 64", "decisions"),
        ("decision_type", "decision_type=2 2 2 2 -4", "decisions"),
        ("decision_type", "decision_type=12 2 2 2 2", "decisions"),
        ("leaf_value", "leaf_value=0 0 0 0 0 inf", "leaves"),
        ("leaf_value", "leaf_value=0 0 0", "leaves"),
        ("leaf_count", "leaf_count=1 2", "counts"),
        ("num_leaves", "num_leaves=7", "leaves"),
        ("is_linear", "is_linear=1", "leaves"),
    ],
)
def test_what_is_no_tree_is_refused(text: str, name: str, change: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        forest_of_text(_with(text, name, change))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("cat_boundaries", "cat_boundaries=0 99999"),
        ("cat_boundaries", "cat_boundaries=1 2"),
        ("cat_threshold", "cat_threshold=-1"),
        ("num_cat", "num_cat=0"),
    ],
)
def test_categories_out_of_bounds_are_refused(text: str, name: str, change: str) -> None:
    with pytest.raises(ValueError, match=r"is not a tree \((categories|'cat_boundaries')\)"):
        forest_of_text(_changed_where_it_is(text, name, change))


def _changed_where_it_is(text: str, name: str, change: str) -> str:
    """Change the first tree with a split by category."""
    head, _, rest = text.partition("\n\n")
    sizes = next(x for x in head.split("\n") if x.startswith("tree_sizes=")).split("=")[1].split()
    blocks, start = [], 0
    for size in map(int, sizes):
        blocks.append(rest[start : start + size])
        start += size
    k = next(i for i, block in enumerate(blocks) if "cat_boundaries=" in block)
    lines = blocks[k].split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith(f"{name}="))
    lines[at] = change
    blocks[k] = "\n".join(lines)
    new_sizes = f"tree_sizes={' '.join(str(len(block)) for block in blocks)}"
    head = "\n".join(new_sizes if x.startswith("tree_sizes=") else x for x in head.split("\n"))
    return head + "\n\n" + "".join(blocks) + rest[start:]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t[5:], "does not begin with a header"),
        (lambda t: t.replace("Tree=1\n", "Tree=7\n"), "tree 1 is not where the header says"),
        (lambda t: t.replace("end of trees", "and no more"), "do not end after the last one"),
        (lambda t: t.replace("end of parameters", "no parameters"), "it was cut off"),
        (lambda t: t.replace("num_class=1", "num_class=3"), "several classes"),
    ],
)
def test_a_damaged_text_is_refused(text: str, change: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        forest_of_text(change(text))  # type: ignore[operator]
