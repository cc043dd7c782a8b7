"""Paired tests, against published examples and counting by hand."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import DataError
from credit.experiment.paired import mcnemar_exact, paired_t, wilcoxon

ZEA_MAYS = [6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75]
"""Darwin's pairs of crossed and self-fertilised maize, eighths of an inch: Fisher (1935), chapter III."""


def test_students_t_of_darwins_maize_is_fishers() -> None:
    found = paired_t(ZEA_MAYS)

    assert round(found.statistic, 3) == 2.148
    assert round(found.p_value, 4) == 0.0497
    assert found.n == 15


def test_wilcoxons_test_of_darwins_maize_by_counting_all_signs() -> None:
    """All 2^15 signs of the ranks, counted; the p-value is also the one that scipy's manual prints."""
    ranks = np.argsort(np.argsort(np.abs(ZEA_MAYS))) + 1
    ways = np.zeros(121, dtype=np.int64)
    ways[0] = 1
    for rank in ranks:
        ways[rank:] = ways[rank:] + ways[:-rank]
    smaller = int(ranks[np.array(ZEA_MAYS) < 0].sum())

    found = wilcoxon(ZEA_MAYS)

    assert found.statistic == smaller == 24
    assert found.p_value == pytest.approx(2 * ways[: smaller + 1].sum() / 2**15)
    assert found.p_value == pytest.approx(0.041259765625)


@pytest.mark.parametrize(("b", "c"), [(1, 9), (150, 86), (0, 5), (7, 7), (3, 2)])
def test_mcnemars_p_value_by_counting(b: int, c: int) -> None:
    n, smaller = b + c, min(b, c)
    tail = Fraction(sum(comb(n, k) for k in range(smaller + 1)), 2**n)

    assert mcnemar_exact(b, c).p_value == pytest.approx(float(min(Fraction(1), 2 * tail)))


@given(st.integers(0, 300), st.integers(0, 300))
def test_mcnemar_does_not_care_which_model_is_first(b: int, c: int) -> None:
    assert mcnemar_exact(b, c) == mcnemar_exact(c, b)
    assert 0 <= mcnemar_exact(b, c).p_value <= 1


def test_no_difference_at_all_is_no_evidence() -> None:
    assert mcnemar_exact(0, 0).p_value == 1
    assert paired_t([0.0, 0.0]).p_value == 1
    assert wilcoxon([0.0, 0.0, 0.0]).p_value == 1


def test_the_same_difference_everywhere_is_certain() -> None:
    assert paired_t([2.0, 2.0, 2.0]).p_value == 0


def test_what_cannot_be_tested_is_refused() -> None:
    with pytest.raises(DataError, match="at least 2 finite numbers, came 1"):
        paired_t([1.0])
    with pytest.raises(DataError, match="finite"):
        wilcoxon([1.0, float("nan")])
    with pytest.raises(DataError, match="expected counts, came -1 and 2"):
        mcnemar_exact(-1, 2)
