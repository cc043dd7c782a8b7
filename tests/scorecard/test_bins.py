"""Which bin a value falls into."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import DataError
from credit.scorecard import NumericBins

edge_lists = st.lists(
    st.floats(allow_nan=False, allow_infinity=False), max_size=8, unique=True
).map(lambda edges: tuple(sorted(edges)))


@given(edge_lists, st.lists(st.floats(), max_size=20))
def test_one_value_and_many_find_the_same_bin(edges: tuple[float, ...], drawn: list[float]) -> None:
    bins = NumericBins(edges=edges)
    values = [*drawn, *edges, math.nan, math.inf, -math.inf, 0.0, -0.0]

    one_by_one = [bins.index_of(value) for value in values]

    assert bins.indices(np.array(values)).tolist() == one_by_one


@given(edge_lists, st.lists(st.floats(), max_size=20), st.data())
def test_codes_leave_the_bins_of_other_values_alone(
    edges: tuple[float, ...], drawn: list[float], data: st.DataObject
) -> None:
    numbers = st.floats(allow_nan=False, allow_infinity=False)
    coded = data.draw(st.lists(numbers, min_size=1, max_size=4, unique=True))
    plain = NumericBins(edges)
    bins = NumericBins(
        edges, (("first", tuple(coded[:1])), *[("rest", tuple(coded[1:]))][: len(coded) - 1])
    )
    values = [*drawn, *edges, *coded, math.nan, math.inf, -math.inf]

    one_by_one = [bins.index_of(value) for value in values]

    assert bins.indices(np.array(values)).tolist() == one_by_one
    for value, found in zip(values, one_by_one, strict=True):
        if value in coded:
            assert bins.labels[found] == ("first" if value == coded[0] else "rest")
        elif not math.isnan(value):
            assert found == plain.index_of(value)


def test_codes_have_bins_between_values_and_missing() -> None:
    bins = NumericBins((2.0, 5.5), (("refused", (96.0, 98.0)), ("no account", (-1.0,))))

    assert [bins.index_of(v) for v in (-1.5, -1.0, 5.5, 96.0, 97.0, 98.0, math.nan)] == [
        *(0, 4, 1, 3, 2, 3, 5)
    ]
    assert (bins.count, bins.missing) == (6, 5)
    assert bins.labels == (
        *("(-inf, 2]", "(2, 5.5]", "(5.5, inf)"),
        *("refused", "no account", "missing"),
    )


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        ((("a", (math.nan,)),), "bin codes: expected finite numbers, at least one per meaning"),
        ((("a", ()),), "bin codes: expected finite numbers, at least one per meaning"),
        ((("a", (1.0, 1.0)),), "bin codes: expected each value and each meaning once"),
        ((("a", (1.0,)), ("b", (1.0,))), "bin codes: expected each value and each meaning once"),
        ((("a", (1.0,)), ("a", (2.0,))), "bin codes: expected each value and each meaning once"),
    ],
)
def test_codes_that_make_no_bins(
    codes: tuple[tuple[str, tuple[float, ...]], ...], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        NumericBins((), codes)


@given(edge_lists.filter(bool))
def test_an_edge_closes_the_bin_to_its_left(edges: tuple[float, ...]) -> None:
    bins = NumericBins(edges=edges)

    for position, edge in enumerate(edges):
        assert bins.index_of(edge) == position
        assert bins.index_of(math.nextafter(edge, math.inf)) == position + 1


def test_missing_and_infinities_have_bins() -> None:
    bins = NumericBins(edges=(2.0, 5.5))

    assert [bins.index_of(v) for v in (-math.inf, 2.0, 5.5, math.inf, math.nan)] == [0, 0, 1, 2, 3]
    assert (bins.count, bins.missing) == (4, 3)
    assert bins.labels == ("(-inf, 2]", "(2, 5.5]", "(5.5, inf)", "missing")


def test_no_edge_is_one_bin() -> None:
    bins = NumericBins(edges=())

    assert [bins.index_of(3.0), bins.index_of(math.nan)] == [0, 1]
    assert bins.labels == ("(-inf, inf)", "missing")


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ((1.0, 1.0), "bin edges: expected strictly increasing numbers"),
        ((2.0, 1.0), "bin edges: expected strictly increasing numbers"),
        ((0.0, math.inf), "bin edges: expected finite numbers"),
        ((math.nan,), "bin edges: expected finite numbers"),
    ],
)
def test_edges_that_make_no_bins(edges: tuple[float, ...], message: str) -> None:
    with pytest.raises(DataError, match=message):
        NumericBins(edges=edges)
