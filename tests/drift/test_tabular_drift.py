"""The Kolmogorov-Smirnov test of alibi-detect, fed with missing values."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift import DetectorLevels, TabularDriftDetector
from drift.alibi import MISSING, p_level, place_missing

LEVELS = DetectorLevels()


@given(st.lists(st.floats(-1e300, 1e300) | st.just(float("nan")), min_size=1))
def test_missing_lies_below_every_real_value_and_moves_none(values: list[float]) -> None:
    rows = np.array(values)

    placed = place_missing(rows)

    missing = np.isnan(rows)
    assert (placed[missing] == MISSING).all()
    assert (placed[~missing] == rows[~missing]).all()
    assert (placed[~missing] > MISSING).all()


def test_the_statistic_is_the_distance_of_the_distribution_functions() -> None:
    """At 2, all of the current rows and half of the reference lie to the left: distance 0.5."""
    reference = np.array([[1.0], [2.0], [3.0], [4.0]] * 100)
    current = np.array([[1.0], [2.0]] * 100)

    [found] = TabularDriftDetector(reference, ["income"], LEVELS).check(current).features

    assert found.statistic == pytest.approx(0.5)
    assert found.p_value == pytest.approx(0, abs=1e-12)
    assert found.level == "alarm"


def test_a_silent_feed_is_a_distance_of_its_share() -> None:
    reference = np.random.default_rng(0).normal(size=(1000, 1))
    current = reference.copy()
    current[np.argsort(reference[:, 0])[-300:]] = np.nan

    [found] = TabularDriftDetector(reference, ["income"], LEVELS).check(current).features

    assert found.statistic == pytest.approx(0.3)


@pytest.mark.parametrize(
    ("p_value", "level"),
    [(0.00009, "alarm"), (0.0001, "warning"), (0.00499, "warning"), (0.005, "none")],
)
def test_each_feature_gets_its_part_of_the_error(p_value: float, level: str) -> None:
    """Ten features: an alarm below 0.001 / 10, a warning below 0.05 / 10."""
    assert p_level(p_value, 10, LEVELS) == level


def test_the_result_names_the_threshold_that_alarms() -> None:
    reference = np.random.default_rng(0).normal(size=(200, 4))

    result = TabularDriftDetector(reference, list("abcd"), LEVELS).check(reference)

    assert [feature.threshold for feature in result.features] == [0.001 / 4] * 4
    assert [feature.feature for feature in result.features] == list("abcd")
    assert (result.reference_size, result.current_size) == (200, 200)


def test_checking_a_window_does_not_change_the_next_answer() -> None:
    generator = np.random.default_rng(0)
    detector = TabularDriftDetector(generator.normal(size=(500, 2)), ["a", "b"], LEVELS)
    window = generator.normal(size=(100, 2))

    before = detector.check(window)
    detector.check(window + 5)

    assert detector.check(window) == before


_IMPORTS = """
import os, sys, numpy
import drift
assert "alibi_detect" not in sys.modules
rows = numpy.zeros((20, 1))
drift.TabularDriftDetector(rows, ["a"], drift.DetectorLevels()).check(rows)
assert "alibi_detect" in sys.modules
assert not {"torch", "tensorflow", "keras"} & set(sys.modules)
assert "TRANSFORMERS_NO_ADVISORY_WARNINGS" not in os.environ
"""


def test_alibi_is_imported_late_quietly_and_without_a_deep_learning_library() -> None:
    environment = dict(os.environ)
    environment.pop("TRANSFORMERS_NO_ADVISORY_WARNINGS", None)

    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _IMPORTS],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_what_the_user_chose_to_read_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRANSFORMERS_NO_ADVISORY_WARNINGS", "0")

    TabularDriftDetector(np.zeros((20, 1)), ["income"], LEVELS)

    assert os.environ["TRANSFORMERS_NO_ADVISORY_WARNINGS"] == "0"
