"""The promise of both detectors: quiet without drift, loud with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from drift import Detector, DetectorLevels, PsiDetector, TabularDriftDetector
from drift.detector import Rows

MakeDetector = type[PsiDetector] | type[TabularDriftDetector]
N_FEATURES = 14
NAMES = [f"feature_{index}" for index in range(N_FEATURES)]


def draw(generator: np.random.Generator, n: int) -> Rows:
    """Draw what credit data holds: tails, rare flags, counts, ties and missing values."""
    rows = generator.normal(size=(n, N_FEATURES))
    rows[:, 5:8] = np.exp(rows[:, 5:8])
    rows[:, 8] = generator.random(n) < 0.02
    rows[:, 9] = generator.random(n) < 0.3
    rows[:, 10] = generator.choice(4, p=[0.9, 0.05, 0.03, 0.02], size=n)
    rows[:, 11] = generator.poisson(0.05, n)
    rows[:, 12] = generator.integers(0, 8, n)
    rows[:, 13] = generator.random(n).round(1)
    rows[generator.random(n) < 0.1, 0] = np.nan
    rows[generator.random(n) < 0.005, 6] = np.nan
    return rows


def higher_level(rows: Rows) -> Rows:
    rows = rows.copy()
    rows[:, 2] += 0.75
    return rows


def silent_feed(rows: Rows) -> Rows:
    rows = rows.copy()
    rows[::5, 3] = np.nan
    return rows


def filled_gaps(rows: Rows) -> Rows:
    return np.where(np.isnan(rows), 0.0, rows)


@pytest.mark.parametrize("make", [PsiDetector, TabularDriftDetector])
def test_windows_of_the_same_population_alarm_no_more_than_promised(make: MakeDetector) -> None:
    """200 windows against 10 references. Promised: alarms 1 in 1,000, warnings 1 in 20.

    Of 200, two alarms or 20 warnings at the promised rates happen in less than 2% of all seeds.
    """
    levels: Counter[str] = Counter()

    for seed in range(10):
        generator = np.random.default_rng(seed)
        detector: Detector = make(draw(generator, 2000), NAMES, DetectorLevels())
        levels.update(detector.check(draw(generator, 500)).level for _ in range(20))

    assert levels["alarm"] < 2
    assert levels["alarm"] + levels["warning"] < 20


@pytest.mark.parametrize("make", [PsiDetector, TabularDriftDetector])
@pytest.mark.parametrize(
    ("shift", "feature"),
    [(higher_level, "feature_2"), (silent_feed, "feature_3")],
)
def test_a_shift_in_one_feature_alarms_there_and_nowhere_else(
    make: MakeDetector, shift: Callable[[Rows], Rows], feature: str
) -> None:
    generator = np.random.default_rng(0)
    detector = make(draw(generator, 2000), NAMES, DetectorLevels())

    for _ in range(10):
        result = detector.check(shift(draw(generator, 500)))

        assert result.level == "alarm"
        assert [found.feature for found in result.features if found.level == "alarm"] == [feature]


def test_missing_values_that_disappear_are_seen() -> None:
    """One in ten was missing, none is any more: 0.1 ln(0.1 / 0.0001) = 0.69 from that bin alone."""
    generator = np.random.default_rng(0)
    detector = PsiDetector(draw(generator, 2000), NAMES, DetectorLevels())

    result = detector.check(filled_gaps(draw(generator, 500)))

    assert result.features[0].level == "alarm"
