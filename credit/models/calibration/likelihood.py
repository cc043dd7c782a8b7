"""The likelihood that parametric calibrators maximise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from credit.metrics.sample import FloatArray
from credit.models.calibration.base import FLOOR, STEEPEST
from credit.models.calibration.sample import CalibrationSample

Bound = tuple[float | None, float | None]


def most_likely(
    sample: CalibrationSample,
    basis: Sequence[FloatArray],
    *,
    start: Sequence[float],
    bounds: Sequence[Bound],
) -> list[float]:
    """Return the coefficients under which the outcomes of a sample are likeliest.

    The log-odds are the basis, weighted with the coefficients and added up; the PD has its bounds,
    so they are part of the likelihood and add no bias.

    Parameters
    ----------
    basis
        One array of shape ``(n_rows,)`` per coefficient.
    start, bounds
        First guess, and least and greatest value, of each coefficient.
    """
    # A process that only scores does not pay for loading an optimiser.
    from scipy.optimize import minimize

    bad, weights = sample.bad, sample.weights

    def loss_and_gradient(coefficients: FloatArray) -> tuple[float, FloatArray]:
        # Not by BLAS: the last bits of its sums depend on the machine and its number of threads.
        z = np.zeros(bad.size)
        for coefficient, column in zip(coefficients, basis, strict=True):
            z += coefficient * column
        z = np.clip(z, -STEEPEST, STEEPEST)
        share = 1 / (1 + np.exp(-z))
        prob = FLOOR + (1 - 2 * FLOOR) * share
        loss = -np.mean(weights * (bad * np.log(prob) + (1 - bad) * np.log1p(-prob)))
        by_prob = weights * (prob - bad) / (prob * (1 - prob))
        by_z = by_prob * (1 - 2 * FLOOR) * share * (1 - share)
        return float(loss), np.array([np.mean(column * by_z) for column in basis])

    found = minimize(
        loss_and_gradient,
        np.array(start),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 1_000},
    )
    return [float(coefficient) for coefficient in found.x]
