"""Categories as numbers: riskier is higher, rare is close to neutral, one row as in a table."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import BundleCorrupt
from credit.features import FeatureSpec
from credit.models.encoding import FILE, Encoding
from tests.models.samples import WITH_CATEGORY, sample_with_category

NAN = math.nan
KINDS = FeatureSpec(
    names=("x", "kind"),
    directions=(0, 0),
    categories=((), ("a", "b", "c", "never")),
    codes=({99.0: "refused", 98.0: "unknown"}, {}),
)


def vectors(*rows: tuple[float, float]) -> npt.NDArray[np.float64]:
    return np.array(rows, dtype=np.float64)


def repeated(
    counts: dict[float, tuple[int, int]],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int8]]:
    """Rows of each category, so many goods and so many bads."""
    rows, labels = [], []
    for kind, (goods, bads) in counts.items():
        rows += [(0.0, kind)] * (goods + bads)
        labels += [0] * goods + [1] * bads
    return vectors(*rows), np.array(labels, dtype=np.int8)


def test_a_level_is_the_smoothed_log_odds_against_the_sample() -> None:
    """By hand: 200 rows, 50 bads, so a bad rate of 1/4; twenty rows of that mix hold five bads.

    a has 80 rows and 10 bads: (10 + 5) / (80 + 20) = 0.15. b has 80 and 40: 45 / 100 = 0.45. c has 40
    rows and no bad: 5 / 60. A category without rows is neutral.
    """
    x, y = repeated({0.0: (70, 10), 1.0: (40, 40), 2.0: (40, 0)})
    assert (len(y), int(y.sum())) == (200, 50)

    encoding = Encoding.fit(x, y, KINDS)

    prior = math.log(0.25 / 0.75)
    expected = [math.log(r / (1 - r)) - prior for r in (0.15, 0.45, 5 / 60)]
    assert encoding.levels[0] == ()
    assert encoding.levels[1] == pytest.approx((*expected, 0.0), abs=1e-12)
    assert expected[2] < expected[0] < 0 < expected[1]  # riskier is higher


def test_a_category_seen_once_stays_near_neutral() -> None:
    x, y = repeated({0.0: (90, 10), 1.0: (0, 1)})

    level = Encoding.fit(x, y, KINDS).levels[1][1]

    assert 0 < level < 0.5


def test_weights_count_as_rows() -> None:
    x, y = repeated({0.0: (30, 10), 1.0: (20, 15)})
    weights = np.array([1.0, 2.0, 3.0] * 25)
    again = np.repeat(np.arange(len(y)), weights.astype(np.intp))

    weighted = Encoding.fit(x, y, KINDS, weights)
    repeated_rows = Encoding.fit(x[again], y[again], KINDS)

    assert weighted.levels[1] == pytest.approx(repeated_rows.levels[1], abs=1e-12)
    assert weighted.levels[1] != Encoding.fit(x, y, KINDS).levels[1]


def test_missing_categories_teach_nothing_about_others_and_stay_missing() -> None:
    x, y = repeated({0.0: (70, 10), 1.0: (40, 40)})
    with_gaps = np.vstack([x, np.tile([[0.0, NAN]], (8, 1))])
    labels = np.concatenate([y, np.array([0, 0, 0, 1, 1, 0, 1, 0], dtype=np.int8)])

    encoding = Encoding.fit(with_gaps, labels, KINDS)

    assert len(encoding.levels[1]) == 4
    assert math.isnan(encoding.row((1.0, NAN))[1])
    assert np.isnan(encoding.matrix(vectors((1.0, NAN)))[0, 1])


def test_codes_become_missing_and_other_numbers_stay() -> None:
    encoding = Encoding.fit(*repeated({0.0: (7, 3), 1.0: (5, 5)}), KINDS)

    assert encoding.codes == ((98.0, 99.0), ())
    assert math.isnan(encoding.row((98.0, 0.0))[0])
    assert math.isnan(encoding.row((99.0, 0.0))[0])
    assert encoding.row((97.0, 0.0))[0] == 97.0


def test_plain_numbers_are_passed_on_untouched_and_need_no_file() -> None:
    encoding = Encoding.fit(
        vectors((0.0, 1.0), (1.0, 0.0)),
        np.array([0, 1], dtype=np.int8),
        FeatureSpec.numbers(["x", "y"]),
    )
    given_rows = vectors((1.0, NAN))

    assert encoding.is_plain
    assert encoding.matrix(given_rows) is given_rows
    assert encoding.to_files() == {}
    assert Encoding.from_files({}).is_plain
    assert Encoding.from_files({}).row((3.0, NAN))[0] == 3.0


def test_the_rows_that_came_are_left_alone() -> None:
    x, y = sample_with_category()
    before = x.tobytes()

    Encoding.fit(x, y, WITH_CATEGORY).matrix(x)

    assert x.tobytes() == before


CELL = st.one_of(st.just(NAN), st.sampled_from([98.0, 99.0, 0.0, -0.0]), st.floats(-1e6, 1e6))


@given(
    rows=st.lists(
        st.tuples(CELL, st.sampled_from([0.0, 1.0, 2.0, 3.0, NAN])), min_size=1, max_size=6
    )
)
def test_a_table_gives_the_bits_of_its_rows_before_and_after_a_file(
    rows: list[tuple[float, float]],
) -> None:
    made = Encoding.fit(*repeated({0.0: (70, 10), 1.0: (40, 40), 2.0: (40, 1)}), KINDS)
    loaded = Encoding.from_files(made.to_files())

    assert loaded == made
    in_table = loaded.matrix(np.array(rows))
    alone = np.array([made.row(row) for row in rows])
    np.testing.assert_array_equal(in_table, alone, strict=True)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"levels": []}', b'{"levels": [], "codes": [], "more": 1}']
)
def test_a_file_that_is_no_encoding_is_refused(content: bytes) -> None:
    with pytest.raises(BundleCorrupt, match=f"{FILE} is not an encoding"):
        Encoding.from_files({FILE: content})
