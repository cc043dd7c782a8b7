"""Kolmogorov-Smirnov test per feature, by alibi-detect."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from drift.detector import DetectorLevels, Rows
from drift.result import DetectorResult, FeatureDrift, Level, worst

if TYPE_CHECKING:
    from alibi_detect.cd import TabularDrift

MISSING = float(np.finfo(np.float64).min)
"""Where missing values go: the smallest finite number, below every real value of every feature.

The test sorts and knows no NaN; dropping missing values would hide that a feed has fallen silent.
As one value below all others they become a step at the left end of the distribution function, and
a change in their share by x moves the test by at least x. Only order counts, so the size of the
number does not matter; a finite one survives any difference or mean that a library may take.
"""

_ADVICE = "TRANSFORMERS_NO_ADVISORY_WARNINGS"


def place_missing(rows: Rows) -> Rows:
    """Replace NaN by `MISSING`, in reference and current rows alike."""
    return np.where(np.isnan(rows), MISSING, rows)


def p_level(p_value: float, n_features: int, levels: DetectorLevels) -> Level:
    """Judge the p-value of one of several features.

    Each feature gets an equal part of the error that the whole window may make (Bonferroni), so
    the promise holds however the features depend on one another.
    """
    if p_value < levels.p_alarm / n_features:
        return "alarm"
    return "warning" if p_value < levels.p_warning / n_features else "none"


class TabularDriftDetector:
    """Two-sample Kolmogorov-Smirnov test in each feature, with Bonferroni correction.

    The p-values are asymptotic, and on the safe side for features with ties. The promised rate of
    false alarms is one over all references: with one small reference, what it got wrong by chance
    shows in every window, so prefer a reference several times as large as a window.

    Making the first one in a process imports alibi-detect, which takes seconds and hundreds of
    megabytes. That is why nothing imports it before: it must stay out of scoring processes.
    """

    name = "tabular_drift"

    def __init__(
        self, reference: Rows, feature_names: Sequence[str], levels: DetectorLevels
    ) -> None:
        self._feature_names = tuple(feature_names)
        self._levels = levels
        self._n_reference = len(reference)
        self._test = _tabular_drift(place_missing(reference), levels.p_alarm)

    def check(self, current: Rows) -> DetectorResult:
        """Compare the current rows with the reference."""
        found = self._test.predict(place_missing(current))["data"]
        features = tuple(
            FeatureDrift(
                feature=feature,
                statistic=float(distance),
                p_value=float(p_value),
                threshold=float(found["threshold"]),
                level=p_level(float(p_value), len(self._feature_names), self._levels),
            )
            for feature, distance, p_value in zip(
                self._feature_names, found["distance"], found["p_val"], strict=True
            )
        )
        return DetectorResult(
            detector=self.name,
            level=worst(feature.level for feature in features),
            features=features,
            reference_size=self._n_reference,
            current_size=len(current),
            note=self._note(len(current)),
        )

    def _note(self, n_current: int) -> str:
        return (
            f"Kolmogorov-Smirnov with Bonferroni correction over {len(self._feature_names)} "
            f"features: {n_current} decisions against {self._n_reference} reference rows; without "
            f"drift a window alarms with probability {self._levels.p_alarm:g} "
            f"and warns with {self._levels.p_warning:g}"
        )


def _tabular_drift(reference: Rows, p_alarm: float) -> TabularDrift:
    with _without_advice():
        from alibi_detect.cd import TabularDrift

    # An empty dict says that no feature is categorical; without one alibi-detect warns of guessing.
    return TabularDrift(reference, p_val=p_alarm, categories_per_feature={})


@contextmanager
def _without_advice() -> Iterator[None]:
    """Keep transformers, which alibi-detect imports, from advising to install PyTorch.

    The test is numpy and scipy only; the line on stderr would send people looking for a fault.
    """
    before = os.environ.get(_ADVICE)
    os.environ[_ADVICE] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[_ADVICE]
        else:
            os.environ[_ADVICE] = before
