"""What a metric refuses to be computed on, and when it is not to be leaned on."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from numpy.typing import ArrayLike

from credit.errors import DataError, SettingsInvalid
from credit.metrics import (
    MINIMUM_BADS,
    auc,
    auc_interval,
    brier_interval,
    brier_score,
    ece_interval,
    enough_bads,
    expected_calibration_error,
    log_loss,
    reliability_table,
)


@pytest.mark.parametrize(
    ("y", "risk", "message"),
    [
        ([], [], "target: expected both goods and bads, came no rows"),
        ([1, 1], [0.1, 0.2], "target: expected both goods and bads, came 2 bads and 0 goods"),
        ([0, 0], [0.1, 0.2], "target: expected both goods and bads, came 0 bads and 2 goods"),
        ([0, 2, 1], [1, 2, 3], "expected 0 .good. or 1 .bad., 1 of 3 rows are neither"),
        ([0, math.nan], [1, 2], "expected 0 .good. or 1 .bad., 1 of 2 rows are neither"),
        (["good", "bad"], [1, 2], "target: expected numbers only"),
        ([[0, 1]], [1, 2], "target: expected one dimension, came 2"),
        ([0, 1], [0.1], "risk: expected one number per row of the target, came 1 for 2 rows"),
        ([0, 1], [0.1, math.nan], "risk: 1 of 2 rows are NaN"),
    ],
)
def test_samples_that_cannot_be_judged(y: ArrayLike, risk: ArrayLike, message: str) -> None:
    with pytest.raises(DataError, match=message):
        auc(y, risk)


@pytest.mark.parametrize(
    "metric",
    [
        brier_score,
        brier_interval,
        log_loss,
        expected_calibration_error,
        ece_interval,
        reliability_table,
    ],
)
def test_probabilities_outside_their_range(
    metric: Callable[[ArrayLike, ArrayLike], object],
) -> None:
    with pytest.raises(DataError, match=r"prob: .* 2 of 3 rows lie outside \[0, 1\]"):
        metric([0, 1, 1], [-0.1, 0.5, 1.1])


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, math.nan])
def test_levels_that_are_none(level: float) -> None:
    with pytest.raises(SettingsInvalid, match=r"level: expected within \(0, 1\)"):
        auc_interval([0, 1, 0, 1], [1, 2, 3, 4], level)


def test_booleans_and_floats_are_targets() -> None:
    assert auc([False, True], [1, 2]) == auc([0.0, 1.0], [1, 2]) == 1.0


@pytest.mark.parametrize(("n_bads", "enough"), [(0, False), (49, False), (50, True), (51, True)])
def test_enough_bads(n_bads: int, enough: bool) -> None:
    assert MINIMUM_BADS == 50
    assert enough_bads([1] * n_bads + [0] * 1000) is enough


def test_enough_bads_asks_for_bads_only() -> None:
    """A segment of bads alone cannot be ranked, but it does hold enough of them."""
    assert enough_bads([1] * 50)
    assert not enough_bads([])
