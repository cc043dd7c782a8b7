"""How likely an applicant is to be accepted, learned from who was."""

from __future__ import annotations

import numpy as np

from credit.errors import DataError
from credit.metrics.sample import FloatArray
from credit.models.base import Matrix
from credit.models.calibration import choose_calibrator
from credit.reject_inference.crossfit import FitRows, cross_fitted_margins


def acceptance_probabilities(
    fit: FitRows, accepts: Matrix, rejects: Matrix, *, n_folds: int = 3, seed: int = 0
) -> FloatArray:
    """Probability that each accept is accepted, by models that have not learned from it.

    The model is fitted with 1 = rejected, so that the directions which a contract sets for risk hold
    for it, too: whatever makes an applicant riskier does not make them easier to accept. A feature
    that the old policy used the other way round needs a ``fit`` without directions.

    Returns
    -------
    Shape ``(n_accepts,)``, calibrated on the cross-fitted margins.

    Raises
    ------
    DataError
        When the features do not tell who was rejected, or a side has too few distinct rows.
    """
    vectors = np.concatenate([accepts, rejects])
    rejected = np.repeat(np.array([0, 1], dtype=np.int8), [len(accepts), len(rejects)])
    margins = cross_fitted_margins(fit, vectors, rejected, n_folds=n_folds, seed=seed)
    try:
        calibrator = choose_calibrator(margins, rejected)
    except DataError as error:
        raise DataError(
            "the features do not tell who was rejected, so there is nothing to reweight; "
            "take another method or none"
        ) from error
    return 1 - calibrator.probabilities(margins[: len(accepts)])
