"""Logistic regression on standardised numbers, with each coefficient on its side of zero."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from credit.errors import DataError
from credit.features.spec import FeatureSpec
from credit.metrics.sample import checked_target
from credit.models.additive import AdditiveModel
from credit.models.base import Labels, Matrix, Weights
from credit.models.terms import Axis, Line, Steps, Term

CLIP_SHARE = 0.005
"""Numbers are held between these quantiles: a line has no other way to bear an outlier."""


@dataclass(frozen=True)
class _Part:
    """Columns of the design that one feature gives; ``line`` lacks coefficient and missing term."""

    columns: Matrix
    directions: tuple[int, ...]
    line: Line | None
    axis: Axis | None
    at_median: float = 0.0


def fit_logistic(
    vectors: Matrix,
    labels: Labels,
    *,
    features: FeatureSpec,
    parameters: Mapping[str, Any],
    seed: int,
    num_threads: int,
    weights: Weights | None = None,
) -> AdditiveModel:
    r"""Minimise the penalised log loss with signs as bounds.

    .. math:: C \sum_i w_i \ln(1 + e^{-s_i m_i}) + \tfrac{1}{2} \lVert \beta \rVert^2

    with margins :math:`m`, weights :math:`w`, :math:`s` = 1 for bad and -1 for good; the intercept is
    free. Numbers are held between two quantiles and standardised; a missing one counts as the median
    plus a term of its own; a category has one term per code, 0 for a code that no row holds. A
    feature that would take the wrong sign ends at its bound, 0.

    Parameters
    ----------
    parameters
        ``regularization``, the C above as in scikit-learn (1.0), and ``clip_share`` (:data:`CLIP_SHARE`).

    Raises
    ------
    DataError
        When one class is absent, a parameter is unknown, or the optimiser did not arrive.

    References
    ----------
    Byrd, R. H., Lu, P., Nocedal, J. and Zhu, C. (1995). A limited memory algorithm for bound
    constrained optimization. SIAM Journal on Scientific Computing 16(5), 1190-1208.
    doi:10.1137/0916069
    """
    bad = checked_target(labels)
    settings = {"regularization": 1.0, "clip_share": CLIP_SHARE, **parameters}
    unknown = settings.keys() - {"regularization", "clip_share"}
    if unknown:
        raise DataError(
            f"logistic: unknown parameter {min(unknown)}; it takes regularization and clip_share"
        )
    parts = [
        _part(vectors[:, j], j, features, clip_share=float(settings["clip_share"]))
        for j in range(len(features))
    ]
    design = np.column_stack([part.columns for part in parts])
    directions = [d for part in parts for d in part.directions]
    weight = np.ones(len(labels)) if weights is None else weights
    intercept, coefficients = _minimise(
        design, bad.astype(np.float64), weight, directions, float(settings["regularization"])
    )
    terms: list[Term] = []
    for part in parts:
        own, coefficients = (
            coefficients[: len(part.directions)],
            coefficients[len(part.directions) :],
        )
        terms.append(_term(part, own))
    return AdditiveModel("logistic", n_features=len(features), intercept=intercept, terms=terms)


def _part(values: Matrix, place: int, features: FeatureSpec, *, clip_share: float) -> _Part:
    codes = tuple(sorted(features.codes[place]))
    missing = np.isnan(values) | np.isin(values, codes)
    if n_categories := len(features.categories[place]):
        axis = Axis(place, n_categories=n_categories)
        bins = axis.indices(values)[:, None]
        columns = (bins == np.arange(axis.n_bins)).astype(np.float64)
        return _Part(columns, (0,) * axis.n_bins, None, axis)
    known = values[~missing] if not missing.all() else np.zeros(1)
    low, median, high = np.quantile(
        known, [clip_share, 0.5, 1 - clip_share], method="lower"
    ).tolist()
    if low == high:  # a rare flag would be clipped away
        low, high = float(known.min()), float(known.max())
    held = np.clip(known, low, high)
    mean, scale = float(held.mean()), float(held.std()) or 1.0
    at_median = (median - mean) / scale
    line = Line(place, low, high, mean, scale, 0.0, 0.0, codes)
    numbers = np.where(missing, at_median, (np.clip(values, low, high) - mean) / scale)
    columns = np.column_stack([numbers, missing.astype(np.float64)])
    return _Part(columns, (features.directions[place], 0), line, None, at_median)


def _term(part: _Part, coefficients: list[float]) -> Term:
    if part.axis is not None:
        return Steps(part.axis, tuple(coefficients))
    line = part.line
    if line is None:
        raise DataError("logistic: a feature must give a line or steps")
    slope, missing = coefficients
    return Line(
        line.place,
        line.low,
        line.high,
        line.mean,
        line.scale,
        slope,
        slope * part.at_median + missing,
        line.codes,
    )


def _minimise(
    design: Matrix, bad: Matrix, weight: Matrix, directions: list[int], regularization: float
) -> tuple[float, list[float]]:
    """Return the intercept and the coefficients."""
    # Learning needs scipy; a process that only scores does not load it.
    from scipy.optimize import minimize

    total = float(weight.sum()) * regularization
    share = weight * (regularization / total)

    def loss(point: Matrix) -> tuple[float, Matrix]:
        # Not by BLAS: how many threads it uses would show in the last digits of the coefficients.
        margins = np.einsum("ij,j->i", design, point[1:]) + point[0]
        gap = share * (_sigmoid(margins) - bad)
        penalty = float((point[1:] ** 2).sum()) / (2 * total)
        value = float((share * (np.logaddexp(0.0, margins) - bad * margins)).sum()) + penalty
        slope = np.concatenate([[gap.sum()], np.einsum("ij,i->j", design, gap) + point[1:] / total])
        return value, slope

    bounds = [(None, None)] + [
        (0.0, None) if d > 0 else (None, 0.0) if d < 0 else (None, None) for d in directions
    ]
    rate = float(np.average(bad, weights=weight))
    start = np.concatenate([[np.log(rate / (1 - rate))], np.zeros(design.shape[1])])
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": 5_000, "maxfun": 20_000, "ftol": 1e-15, "gtol": 1e-9, "maxcor": 20},
    )
    if found.nit >= 5_000:  # noqa: PLR2004 - maxiter above
        raise DataError(
            "logistic: 5,000 steps did not reach the optimum; ask for more regularization"
        )
    return float(found.x[0]), [float(c) for c in found.x[1:]]


def _sigmoid(margins: Matrix) -> Matrix:
    # Half a hyperbolic tangent never overflows.
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * margins)), dtype=np.float64)
