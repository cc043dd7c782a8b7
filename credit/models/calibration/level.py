"""Moving a calibrator to another default rate, such as the long-run average of a cycle.

Both ways add a constant to the log-odds, so ranking and shape stay. They answer different questions:

* :func:`with_long_run_rate` corrects for a *prior shift*: goods look as they did and bads look as
  they did, only their mix differs. Bayes' rule then moves every log-odds by the difference of the
  log-odds of the two rates (Saerens et al. 2002; King and Zeng 2001 for samples drawn by outcome).
  No applicants are needed; the mean PD is the long-run rate on *applicants of the long run*, among
  whom there are more (or fewer) risky ones. On today's applicants it is not.
* :func:`shifted_to` keeps the applicants and solves for the constant that gives *their* mean PD the
  rate, to rounding. Take it where a rule says that the PDs of a given portfolio must average to a
  given rate.

The constant acts before the bounds of a calibrator, which changes PDs near 1e-4 and 1 - 1e-4 only.

References
----------
Saerens, M., Latinne, P., Decaestecker, C. (2002). Adjusting the outputs of a classifier to new a
priori probabilities: a simple procedure. Neural Computation 14, 21-41.
doi:10.1162/089976602753284446

King, G., Zeng, L. (2001). Logistic regression in rare events data. Political Analysis 9, 137-163.
doi:10.1093/oxfordjournals.pan.a004868
"""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np

from credit.errors import DataError, SettingsInvalid
from credit.metrics.sample import FloatArray, as_numbers
from credit.models.calibration.base import FLOOR, STEEPEST, Calibrator
from credit.models.calibration.sample import checked_weights

AnyCalibrator = TypeVar("AnyCalibrator", bound=Calibrator)


def with_long_run_rate(
    calibrator: AnyCalibrator, rate_now: float, rate_long_run: float
) -> AnyCalibrator:
    """Correct for a prior shift from one default rate to another.

    Parameters
    ----------
    rate_now
        Default rate of the rows that the calibrator learned from.
    rate_long_run
        Default rate to move to.

    Raises
    ------
    SettingsInvalid
        A rate outside (FLOOR, 1 - FLOOR).
    """
    now, long_run = (
        _checked_rate(name, rate)
        for name, rate in (("rate_now", rate_now), ("rate_long_run", rate_long_run))
    )
    return calibrator.shifted(math.log(long_run / (1 - long_run)) - math.log(now / (1 - now)))


def shifted_to(
    calibrator: AnyCalibrator,
    margins: FloatArray,
    rate: float,
    *,
    weights: FloatArray | None = None,
) -> AnyCalibrator:
    """Move the level so that the mean PD of these rows is the rate, to rounding.

    Parameters
    ----------
    margins
        Finite, shape ``(n_rows,)``.
    rate
        The mean PD to meet, within (FLOOR, 1 - FLOOR).
    weights
        Positive weight of each row in the mean; None: all alike.

    Raises
    ------
    DataError
        No rows, a margin that is not finite, or weights that are not positive.
    SettingsInvalid
        A rate outside (FLOOR, 1 - FLOOR).
    """
    # A process that only scores does not pay for loading a root finder.
    from scipy.optimize import brentq

    target = _checked_rate("rate", rate)
    values = as_numbers(margins, "margin")
    if values.size == 0 or not np.all(np.isfinite(values)):
        raise DataError("margin: expected at least one row and finite numbers only")
    weight = checked_weights(weights, values.size)
    log_odds = np.array([calibrator.log_odds(margin) for margin in values.tolist()])

    def excess(by: float) -> float:
        z = np.clip(log_odds + by, -STEEPEST, STEEPEST)
        return float(np.mean(weight * (FLOOR + (1 - 2 * FLOOR) / (1 + np.exp(-z))))) - target

    # Beyond this every row is at its bound, which no rate inside the bounds asks for.
    reach = float(np.max(np.abs(log_odds))) + STEEPEST
    return calibrator.shifted(float(brentq(excess, -reach, reach, xtol=1e-14)))


def _checked_rate(name: str, rate: float) -> float:
    if not FLOOR < rate < 1 - FLOOR:
        raise SettingsInvalid(f"{name}: expected within ({FLOOR}, {1 - FLOOR}), came {rate}")
    return rate
