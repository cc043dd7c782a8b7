"""Weight of evidence and information value."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import entropy

from credit.errors import DataError
from credit.scorecard import woe_table

cells = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), min_size=1, max_size=10)


def test_table_by_hand() -> None:
    """Of 200 goods 150 and of 50 bads 10 are in the first bin: ln(0.75/0.2), ln(0.25/0.8)."""
    table = woe_table(goods=[150, 50], bads=[10, 40])

    assert table.woe == pytest.approx((math.log(3.75), math.log(0.3125)), abs=1e-15)
    assert table.iv_terms == pytest.approx((0.55 * math.log(3.75), -0.55 * math.log(0.3125)))
    assert table.iv == pytest.approx(0.55 * (math.log(3.75) - math.log(0.3125)))
    assert table.shares == (0.64, 0.36)


def test_information_value_is_the_divergence_of_both_ways() -> None:
    goods, bads = np.array([300, 200, 90, 10]), np.array([10, 20, 30, 40])
    expected = entropy(goods, bads) + entropy(bads, goods)

    assert woe_table(goods.tolist(), bads.tolist()).iv == pytest.approx(expected, abs=1e-12)


def test_empty_bin_is_neutral() -> None:
    assert woe_table(goods=[150, 50, 0], bads=[10, 40, 0]).woe[2] == 0.0


def test_thin_bin_is_joined_by_half_a_row_of_the_rarer_class() -> None:
    """900 goods, 100 bads: one bad alone becomes 0 + 4.5 goods, 1 + 0.5 bads; odds 3, a third."""
    table = woe_table(goods=[900, 0], bads=[99, 1])

    assert table.woe[1] == pytest.approx(math.log(3 / 9), abs=1e-15)


def test_a_good_row_never_marks_a_bin_as_risky() -> None:
    """Adding 0.5 to both cells would: with 2 % bads it gives ln(1.5 / 980 / (0.5 / 20)) = -2.8."""
    assert woe_table(goods=[980, 1], bads=[20, 0]).woe[1] > 0


def test_five_of_each_are_left_as_they_are() -> None:
    table = woe_table(goods=[5, 95], bads=[5, 5])

    assert table.woe[0] == pytest.approx(math.log((5 / 100) / (5 / 10)), abs=1e-15)


@given(cells)
def test_information_is_never_negative_and_shares_add_up(counts: list[tuple[int, int]]) -> None:
    goods, bads = ([pair[side] for pair in counts] for side in (0, 1))
    assume(sum(goods) > 0)
    assume(sum(bads) > 0)

    table = woe_table(goods, bads)

    assert min(table.iv_terms) >= -1e-15
    assert sum(table.shares) == pytest.approx(1)
    assert all(math.isfinite(woe) for woe in table.woe)


@pytest.mark.parametrize(("goods", "bads"), [([3, 4], [0, 0]), ([0, 0], [1, 2]), ([], [])])
def test_one_class_has_no_evidence(goods: list[float], bads: list[float]) -> None:
    with pytest.raises(DataError, match="bins: expected goods and bads, came"):
        woe_table(goods, bads)
