"""Which calibrator the data can carry, and what a long-run rate makes of it."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from credit.errors import DataError, SettingsInvalid
from credit.models.calibration.base import Calibrator, Labels, Values
from credit.models.calibration.beta import Beta
from credit.models.calibration.isotonic import Isotonic
from credit.models.calibration.platt import Platt

Method = Literal["auto", "platt", "beta", "isotonic"]

BADS_FOR_BETA = 500
"""Below, a second slope follows chance more than shape."""

BADS_FOR_ISOTONIC = 5_000
"""Below, the blocks of a step function move more from sample to sample than what they mend."""


def choose_calibrator(
    margins: Values, labels: Labels, *, weights: Values | None = None, method: Method = "auto"
) -> Calibrator:
    """Fit a calibrator on margins of rows that the model has not learned from.

    ``auto`` goes by the rarer outcome: Platt below :data:`BADS_FOR_BETA`, beta below
    :data:`BADS_FOR_ISOTONIC`, isotonic from there on.

    Raises
    ------
    DataError
        When risk does not rise with the margin, or lengths differ.
    SettingsInvalid
        When there is no such method.
    """
    if len(margins) != len(labels):
        raise DataError(f"expected {len(margins)} labels, one per margin, came {len(labels)}")
    if method == "auto":
        n_rarer = int(min(np.count_nonzero(labels == 1), np.count_nonzero(labels == 0)))
        method = (
            "platt"
            if n_rarer < BADS_FOR_BETA
            else "beta"
            if n_rarer < BADS_FOR_ISOTONIC
            else "isotonic"
        )
    if method == "platt":
        return Platt.fit(margins, labels, weights)
    if method == "beta":
        return Beta.fit(margins, labels, weights)
    if method == "isotonic":
        return Isotonic.fit(margins, labels, weights)
    raise SettingsInvalid(f"no calibrator {method!r}; choose auto, platt, beta or isotonic")


def at_long_run_rate(calibrator: Calibrator, margins: Values, rate: float) -> Calibrator:
    """Shift the intercept until the mean PD of these margins is the long-run default rate.

    A sample of a good year, or one in which bads were drawn more often, ranks as well as any and has
    the wrong level. The shift is solved for on the sample: the textbook shift by the difference of
    the two log-odds is exact only where all PDs are equal.

    Raises
    ------
    SettingsInvalid
        When the rate is not strictly between the bounds of a PD.

    References
    ----------
    King, G., Zeng, L. (2001). Logistic regression in rare events data. Political Analysis 9(2),
    137-163. doi:10.1093/oxfordjournals.pan.a004868
    """
    from scipy.optimize import brentq

    def gap(shift: float) -> float:
        return math.fsum(calibrator.shifted(shift).probabilities(margins)) / len(margins) - rate

    widest = 30.0
    if not (gap(-widest) < 0 < gap(widest)):
        raise SettingsInvalid(
            f"long-run default rate {rate}: expected a share between the bounds of a PD"
        )
    return calibrator.shifted(float(brentq(gap, -widest, widest, xtol=1e-12)))
