"""From raw margin to probability of default: strictly increasing, bounded away from 0 and 1.

:class:`Calibrator` says what all have in common; :class:`Platt`, :class:`Beta` and
:class:`Isotonic` are the methods, and :func:`choose_calibrator` fits the one that a sample can
carry. Learning needs scipy, which is loaded only then.
"""

from credit.models.calibration.base import FLOOR, Calibrator
from credit.models.calibration.beta import Beta
from credit.models.calibration.choose import choose_calibrator
from credit.models.calibration.files import calibrator_from_json, calibrator_to_json
from credit.models.calibration.isotonic import Isotonic
from credit.models.calibration.level import shifted_to, with_long_run_rate
from credit.models.calibration.platt import Platt

__all__ = [
    "FLOOR",
    "Beta",
    "Calibrator",
    "Isotonic",
    "Platt",
    "calibrator_from_json",
    "calibrator_to_json",
    "choose_calibrator",
    "shifted_to",
    "with_long_run_rate",
]
