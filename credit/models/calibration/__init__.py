"""Calibration: from raw margin to a PD that means what it says.

:func:`choose_calibrator` picks by the number of bads: :class:`Platt`, :class:`Beta` or
:class:`Isotonic`. All rise strictly, stay within [1e-4, 1 - 1e-4] and score one margin at a time with
scalar libm.
"""

from credit.models.calibration.base import FLOOR, Calibrator
from credit.models.calibration.beta import Beta
from credit.models.calibration.choice import at_long_run_rate, choose_calibrator
from credit.models.calibration.document import calibrator_from_json, calibrator_to_json
from credit.models.calibration.isotonic import Isotonic
from credit.models.calibration.platt import Platt

__all__ = [
    "FLOOR",
    "Beta",
    "Calibrator",
    "Isotonic",
    "Platt",
    "at_long_run_rate",
    "calibrator_from_json",
    "calibrator_to_json",
    "choose_calibrator",
]
