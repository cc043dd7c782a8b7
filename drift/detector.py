"""The one protocol of all detectors, and the levels that they are held to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from credit.errors import SettingsInvalid
from drift.result import DetectorResult

Rows = npt.NDArray[np.float64]


class Detector(Protocol):
    """Compares rows of now with the rows it was made with.

    A detector is made from ``(reference, feature_names, levels)``, the reference of shape
    ``(n_reference, n_features)``, and keeps no memory of what it checked: equal rows give an
    equal result, in any order of windows and in any process.
    """

    @property
    def name(self) -> str:
        """Name in results and metrics."""

    def check(self, current: Rows) -> DetectorResult:
        """Compare at least one current row, shape ``(n, n_features)``; NaN means missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorLevels:
    """When a detector warns and when it raises an alarm.

    Attributes
    ----------
    psi_warning, psi_alarm
        The customary bands of the population stability index: below 0.10 no significant change,
        from 0.25 a significant one (Siddiqi, N. (2006). Credit Risk Scorecards. Wiley). They were
        found on large samples; `drift.psi` raises them where chance alone would reach them.
    p_warning, p_alarm
        Probability that a window without drift warns, or alarms, in any of its features. An alarm
        wakes somebody: one false in 1,000 windows is one in half a million decisions at 500 a
        window. A warning is only looked at beside its neighbours, so one in 20 may be chance. The
        strict alarm costs little: with 500 decisions against 2,000 rows in 14 features it begins
        at a distance of 0.11 between the distribution functions and the warning at 0.09, in a
        normal feature a shift of 0.28 and of 0.22 standard deviations.
    """

    psi_warning: float = 0.10
    psi_alarm: float = 0.25
    p_warning: float = 0.05
    p_alarm: float = 0.001

    def __post_init__(self) -> None:
        if not 0 < self.psi_warning < self.psi_alarm:
            raise SettingsInvalid(
                "drift levels: expected 0 < psi_warning < psi_alarm, came "
                f"psi_warning={self.psi_warning} and psi_alarm={self.psi_alarm}"
            )
        if not 0 < self.p_alarm < self.p_warning < 1:
            raise SettingsInvalid(
                "drift levels: expected 0 < p_alarm < p_warning < 1, came "
                f"p_alarm={self.p_alarm} and p_warning={self.p_warning}"
            )
