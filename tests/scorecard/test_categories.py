"""Which bin a category falls into."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import DataError
from credit.scorecard import Bins, CategoryBins

HOUSING = CategoryBins(
    categories=("own", "rent", "free", "boat", "tent"),
    groups=(("own",), ("rent", "free", "boat")),
    rare=("free", "boat"),
)


@st.composite
def category_bins(draw: st.DrawFn) -> CategoryBins:
    codes = tuple(draw(st.lists(st.text(max_size=3), min_size=1, max_size=8, unique=True)))
    group_of = draw(st.tuples(*[st.integers(-1, 3)] * len(codes)))
    groups = (
        tuple(code for code, group in zip(codes, group_of, strict=True) if group == wanted)
        for wanted in range(4)
    )
    return CategoryBins(codes, tuple(group for group in groups if group))


@given(category_bins(), st.lists(st.floats(), max_size=20))
def test_one_value_and_many_find_the_same_bin(bins: CategoryBins, drawn: list[float]) -> None:
    values = [*drawn, *map(float, range(-1, 9)), -0.0, 0.5, math.nan, math.inf, -math.inf]

    one_by_one = [bins.index_of(value) for value in values]

    assert bins.indices(np.array(values)).tolist() == one_by_one


@given(category_bins())
def test_every_category_lies_in_its_group_or_is_unseen(bins: CategoryBins) -> None:
    for place, code in enumerate(bins.categories):
        found = bins.index_of(float(place))
        if found == bins.unseen:
            assert not any(code in group for group in bins.groups)
        else:
            assert code in bins.groups[found]


def test_layout_by_hand() -> None:
    values = [0.0, 1.0, 2.0, 3.0, 4.0, math.nan]

    assert [HOUSING.index_of(value) for value in values] == [0, 1, 1, 1, 2, 3]
    assert (HOUSING.unseen, HOUSING.missing, HOUSING.count) == (2, 3, 4)
    assert HOUSING.labels == ("own", "rent, other (free, boat)", "unseen", "missing")


@pytest.mark.parametrize("value", [5.0, 99.0, -1.0, 0.5, math.inf, -math.inf])
def test_what_is_no_place_of_a_category_is_unseen(value: float) -> None:
    assert HOUSING.index_of(value) == HOUSING.unseen


def test_a_group_of_rare_categories_alone_is_named_other() -> None:
    assert CategoryBins(("a", "b"), (("a", "b"),), ("a", "b")).labels[0] == "other (a, b)"


def test_they_are_bins_like_any_others_and_travel() -> None:
    bins: Bins = HOUSING

    assert pickle.loads(pickle.dumps(bins)) == HOUSING  # noqa: S301 (made here)


@pytest.mark.parametrize(
    ("categories", "groups", "rare", "message"),
    [
        (("a", "a"), (), (), "categories: expected every code once"),
        (("a", "b"), (("a",), ("a",)), (), "groups: expected every code once"),
        (("a",), (("a",),), ("a", "a"), "rare: expected every code once"),
        (("a",), (("z",),), (), "groups: expected codes of the categories"),
        (("a", "b"), (("a",),), ("b",), "rare ones among the groups"),
        (("a",), ((),), (), "groups: expected at least one code in each"),
    ],
)
def test_groups_that_make_no_bins(
    categories: tuple[str, ...],
    groups: tuple[tuple[str, ...], ...],
    rare: tuple[str, ...],
    message: str,
) -> None:
    with pytest.raises(DataError, match=message):
        CategoryBins(categories, groups, rare)
