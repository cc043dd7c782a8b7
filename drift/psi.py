"""Population stability index per feature, honest about small samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtri

from credit.metrics.stability import psi, quantile_edges, shares
from drift.detector import DetectorLevels, Rows
from drift.result import DetectorResult, FeatureDrift, Level, worst

MIN_ROWS = 300
"""With fewer rows on either side PSI is not judged: it reads an empty bin as one row in 10,000.

A bin of 2% of the reference that is empty by chance then reaches the warning on its own. At 300
rows that happens once in 430 windows, which the error of a warning has room for.
"""


@dataclass(frozen=True, slots=True)
class PsiLimits:
    """From which PSI on one feature warns or alarms."""

    warning: float
    alarm: float


def expected_by_chance(n_bins: int, n_reference: int, n_current: int) -> float:
    """PSI to expect between two samples of one population.

    ``(B - 1)(1/n + 1/m)`` with B bins in use: PSI divided by ``1/n + 1/m`` follows a chi-squared
    distribution with B - 1 degrees of freedom.

    References
    ----------
    Yurdakul, B. (2018). Statistical Properties of Population Stability Index. Dissertation,
    Western Michigan University.
    """
    return (n_bins - 1) * (1 / n_reference + 1 / n_current)


def reached_by_chance(n_bins: int, n_reference: int, n_current: int, probability: float) -> float:
    """PSI that two samples of one population exceed with this probability.

    The expected value alone would be a poor guard: chance exceeds it nearly every second time.
    """
    if n_bins == 1:
        return 0.0
    return float(chdtri(n_bins - 1, probability)) * (1 / n_reference + 1 / n_current)


def psi_limits(
    levels: DetectorLevels, *, n_features: int, n_bins: int, n_reference: int, n_current: int
) -> PsiLimits:
    """Raise the customary bands to what chance stays below, with all features taken together."""

    def chance(family_p: float) -> float:
        return reached_by_chance(n_bins, n_reference, n_current, family_p / n_features)

    return PsiLimits(
        warning=max(levels.psi_warning, chance(levels.p_warning)),
        alarm=max(levels.psi_alarm, chance(levels.p_alarm)),
    )


def psi_level(value: float, limits: PsiLimits) -> Level:
    """Place one PSI into its band."""
    if value >= limits.alarm:
        return "alarm"
    return "warning" if value >= limits.warning else "none"


class PsiDetector:
    """PSI in quantile bins of the reference, missing values in a bin of their own.

    Parameters
    ----------
    n_bins
        Ten, because the customary bands were found with about ten.
    """

    name = "psi"

    def __init__(
        self,
        reference: Rows,
        feature_names: Sequence[str],
        levels: DetectorLevels,
        n_bins: int = 10,
    ) -> None:
        self._feature_names = tuple(feature_names)
        self._levels = levels
        self._n_bins = n_bins
        self._n_reference = len(reference)
        self._edges = [quantile_edges(column, n_bins) for column in reference.T]
        self._expected = [
            shares(column, edges) for column, edges in zip(reference.T, self._edges, strict=True)
        ]

    def check(self, current: Rows) -> DetectorResult:
        """Compare the current rows with the reference."""
        features = tuple(
            self._check_feature(index, column) for index, column in enumerate(current.T)
        )
        return DetectorResult(
            detector=self.name,
            level=worst(feature.level for feature in features),
            features=features,
            reference_size=self._n_reference,
            current_size=len(current),
            note=self._note(len(current)),
        )

    def _check_feature(self, index: int, current: Rows) -> FeatureDrift:
        expected = self._expected[index]
        actual = shares(current, self._edges[index])
        limits = psi_limits(
            self._levels,
            n_features=len(self._feature_names),
            # A bin that is empty on both sides adds nothing, neither to PSI nor to its noise.
            n_bins=int(np.count_nonzero((expected > 0) | (actual > 0))),
            n_reference=self._n_reference,
            n_current=len(current),
        )
        value = psi(expected, actual)
        return FeatureDrift(
            feature=self._feature_names[index],
            statistic=value,
            p_value=None,
            threshold=limits.alarm,
            level=psi_level(value, limits) if self._can_judge(len(current)) else "none",
        )

    def _can_judge(self, n_current: int) -> bool:
        return min(n_current, self._n_reference) >= MIN_ROWS

    def _note(self, n_current: int) -> str:
        sizes = f"{n_current} decisions against {self._n_reference} reference rows"
        if not self._can_judge(n_current):
            return f"PSI is shown and not judged: {sizes}, expected {MIN_ROWS} or more of each"
        noise = expected_by_chance(self._n_bins, self._n_reference, n_current)
        return (
            f"PSI warns from {self._levels.psi_warning:g} and alarms from "
            f"{self._levels.psi_alarm:g} (Siddiqi 2006), later where chance reaches these: "
            f"{sizes}, about {noise:.3f} is expected without drift in {self._n_bins} bins "
            "(Yurdakul 2018)"
        )
