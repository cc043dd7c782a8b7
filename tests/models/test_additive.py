"""Terms by hand, equal bits, and no content that is no table."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import BundleCorrupt
from credit.models.additive import FILE, AdditiveModel
from credit.models.terms import Axis, Line, Pair, Steps, Term

NAN = math.nan
NUMBER = Axis(place=0, edges=(1.0, 2.0), codes=(9.0,))
CATEGORY = Axis(place=1, n_categories=2)
LINE = Line(
    place=2, low=-1.0, high=3.0, mean=1.0, scale=2.0, coefficient=0.5, missing=0.25, codes=(9.0,)
)
MODEL = AdditiveModel(
    "ebm",
    n_features=3,
    intercept=-1.0,
    terms=(
        Steps(NUMBER, (0.1, 0.2, 0.3, 0.4)),
        LINE,
        Pair(NUMBER, CATEGORY, tuple(map(float, range(12)))),
    ),
)


@pytest.mark.parametrize(
    ("value", "found"),
    [(0.0, 1), (1.0, 2), (math.nextafter(1.0, 0), 1), (2.0, 3), (5.0, 3), (NAN, 0), (9.0, 0)],
)
def test_a_number_finds_its_bin(value: float, found: int) -> None:
    """An edge belongs to the bin above it; bin 0 is for what is missing, codes too."""
    assert NUMBER.index(value) == found
    assert NUMBER.indices(np.array([value])).tolist() == [found]


@pytest.mark.parametrize(("value", "found"), [(0.0, 1), (1.0, 2), (NAN, 0)])
def test_a_category_finds_its_bin(value: float, found: int) -> None:
    assert CATEGORY.index(value) == found
    assert CATEGORY.indices(np.array([value])).tolist() == [found]


@pytest.mark.parametrize(
    ("value", "added"),
    [(1.0, 0.0), (2.0, 0.25), (3.0, 0.5), (100.0, 0.5), (-50.0, -0.5), (NAN, 0.25), (9.0, 0.25)],
)
def test_a_line_by_hand(value: float, added: float) -> None:
    """0.5 (x - 1) / 2, with x held between -1 and 3."""
    assert LINE.of((0.0, 0.0, value)) == added
    assert LINE.of_all(np.array([[0.0, 0.0, value]])).tolist() == [added]


def test_a_margin_by_hand() -> None:
    """1.5 is bin 2 and category 1 bin 2: row 2 of 3 columns, column 2, is 8."""
    assert MODEL.margin((1.5, 1.0, 2.0)) == pytest.approx(-1.0 + 0.3 + 0.25 + 8.0, abs=1e-15)


VALUES = st.tuples(
    st.sampled_from([0.0, 1.0, 1.5, 2.0, 9.0, NAN]),
    st.sampled_from([0.0, 1.0, NAN]),
    st.one_of(st.floats(-5, 12), st.sampled_from([9.0, NAN])),
)


@given(vectors=st.lists(VALUES, min_size=1, max_size=20))
def test_many_have_the_bits_of_one_at_a_time(vectors: list[tuple[float, float, float]]) -> None:
    assert MODEL.margins(np.array(vectors)).tolist() == [MODEL.margin(v) for v in vectors]


def line(*, low: float = 0.0, scale: float = 1.0, missing: float = 0.0) -> Term:
    return Line(0, low=low, high=1.0, mean=0.0, scale=scale, coefficient=1.0, missing=missing)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Axis(0, edges=(2.0, 1.0)), "finite and increasing"),
        (lambda: Axis(0, edges=(1.0, 1.0)), "finite and increasing"),
        (lambda: Axis(0, edges=(math.inf,)), "finite and increasing"),
        (lambda: Steps(NUMBER, (0.0,) * 3), "a table of 3 numbers: expected 4 finite ones"),
        (lambda: Steps(NUMBER, (0.0, 0.0, 0.0, NAN)), "expected 4 finite ones"),
        (lambda: Pair(NUMBER, CATEGORY, (0.0,) * 11), "a table of 11 numbers: expected 12"),
        (lambda: Pair(NUMBER, NUMBER, (0.0,) * 16), "a pair must be of two features"),
        (lambda: line(scale=0.0), "a line must have"),
        (lambda: line(low=2.0), "a line must have"),
        (lambda: line(missing=NAN), "a line must have"),
        (
            lambda: AdditiveModel("ebm", n_features=2, intercept=0.0, terms=(LINE,)),
            "a term reads a feature outside the 2 there are",
        ),
        (
            lambda: AdditiveModel("ebm", n_features=2, intercept=NAN, terms=()),
            "the intercept must be a finite number",
        ),
    ],
)
def test_what_is_no_term_is_refused(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(BundleCorrupt, match=message):
        make()


@pytest.mark.parametrize(
    "change",
    [
        lambda t: b"",
        lambda t: t[: len(t) // 2],
        lambda t: t.replace(b'"version":1', b'"version":2', 1),
        lambda t: t.replace(b'"type":"line"', b'"type":"curve"', 1),
        lambda t: t.replace(b'"n_features":3', b'"n_features":2', 1),
        lambda t: t.replace(b"[1.0,2.0]", b"[2.0,1.0]", 1),
        lambda t: t.replace(b'"intercept"', b'"more":1,"intercept"', 1),
    ],
)
def test_a_damaged_file_is_refused(change: object) -> None:
    assert callable(change)
    content = MODEL.to_files()[FILE]
    damaged: bytes = change(content)
    assert damaged != content

    with pytest.raises(BundleCorrupt, match=f"{FILE} is not an additive model: "):
        AdditiveModel.from_files({FILE: damaged})


def test_a_missing_file_is_refused() -> None:
    with pytest.raises(BundleCorrupt, match=f"{FILE} is missing"):
        AdditiveModel.from_files({})
