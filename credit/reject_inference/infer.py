"""The methods of reject inference: from accepts and rejects to rows that a model can learn from."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from credit.errors import DataError, SettingsInvalid
from credit.metrics.sample import FloatArray
from credit.models.base import Labels, Matrix
from credit.reject_inference.checks import check_factor, check_rows, needed_shares
from credit.reject_inference.parcelling import parcelled_labels
from credit.reject_inference.training_set import TrainingSet

Method = Literal["none", "parcelling", "fuzzy", "reweighting"]

LEAST_ACCEPTANCE = 0.05
"""Acceptance counts as no less than this, so that one accept stands for at most 20 applicants.

Weights without a bound let a few lucky accepts decide the model. Cole, S. R., Hernán, M. A. (2008).
Constructing inverse probability weights for marginal structural models. American Journal of
Epidemiology 168, 656-664. doi:10.1093/aje/kwn164
"""


def infer_rejects(
    method: Method,
    accepts: Matrix,
    accept_labels: Labels,
    rejects: Matrix,
    *,
    pd_of_accepts: ArrayLike | None = None,
    pd_of_rejects: ArrayLike | None = None,
    acceptance: ArrayLike | None = None,
    factor: float = 1.0,
    seed: int = 0,
    n_bands: int = 10,
) -> TrainingSet:
    r"""Make a training set of accepts and what a method makes of the rejects.

    ``none``
        The accepts as they are.
    ``parcelling``
        Each reject once, with an outcome drawn by
        :func:`~credit.reject_inference.parcelling.parcelled_labels`.
    ``fuzzy``
        Each reject twice: as a bad with weight :math:`p = \min(f \cdot PD, 1)` and as a good with
        :math:`1 - p`. Nothing is drawn. With factor 1 it tells a model little but what it said itself.
    ``reweighting``
        Accepts only, with weight :math:`1 + k (1 - a)/a`, where :math:`a` is the probability that such
        an applicant is accepted (at least :data:`LEAST_ACCEPTANCE`): itself, and the rejects like it.
        :math:`k` is the factor for bads and 1 for goods. With factor 1 the weight is :math:`1/a`
        (Horvitz and Thompson 1952). It helps only where accepts who look like the rejects exist.

    Parameters
    ----------
    accepts, rejects
        Feature vectors, shapes ``(n_accepts, n_features)`` and ``(n_rejects, n_features)``.
    accept_labels
        Outcome of each accept, 1 = bad.
    pd_of_accepts, pd_of_rejects
        PDs of one model that has learned from none of these rows; for the accepts of a training set
        take cross-fitted ones, or their bad rates by band look sharper than they are.
    acceptance
        Probability that each accept was accepted, shape ``(n_accepts,)``, such as of
        :func:`~credit.reject_inference.acceptance.acceptance_probabilities`.
    factor
        How many times as bad rejects are as accepts who look alike: on the bad rate of a band, on the
        PD, or on the odds of bad. An assumption, above 0; 1 means "no worse". It is not for ``none``.
    seed
        Of the draw of parcelling.
    n_bands
        Bands of PD of parcelling, at most.

    Raises
    ------
    DataError
        When the rows cannot be used: shapes that do not fit, accepts of one class, no rejects, or a
        probability outside [0, 1] (an acceptance of 0 included).
    SettingsInvalid
        When the method is unknown, lacks what it needs, or the factor or the bands are out of range.

    References
    ----------
    Banasik, J., Crook, J. (2007). Reject inference, augmentation, and sample selection. European
    Journal of Operational Research 183, 1582-1594. doi:10.1016/j.ejor.2006.06.072

    Horvitz, D. G., Thompson, D. J. (1952). A generalization of sampling without replacement from a
    finite universe. Journal of the American Statistical Association 47, 663-685.
    doi:10.1080/01621459.1952.10483446
    """
    check_rows(accepts, accept_labels, rejects)
    _check_settings(method, factor, n_bands)
    labels = accept_labels.astype(np.int8)
    if method == "none":
        return TrainingSet.observed(accepts, labels)
    if method == "reweighting":
        accepted = needed_shares(acceptance, "acceptance", method, len(accepts))
        return _reweighted(accepts, labels, accepted, factor)
    prob = needed_shares(pd_of_rejects, "pd_of_rejects", method, len(rejects))
    if method == "fuzzy":
        return _fuzzy(accepts, labels, rejects, assumed_pd(method, prob, factor))
    prob_of_accepts = needed_shares(pd_of_accepts, "pd_of_accepts", method, len(accepts))
    drawn = parcelled_labels(
        prob_of_accepts, labels, prob, factor=factor, seed=seed, n_bands=n_bands
    )
    return _with_inferred(accepts, labels, rejects, drawn, np.ones(len(rejects)))


def assumed_pd(method: Method, prob: FloatArray, factor: float) -> FloatArray:
    """PD of rejects, given the PD of accepts who look alike and the factor of a method."""
    if method == "reweighting":
        worse: FloatArray = factor * prob / (1 - prob + factor * prob)
        return worse
    return np.minimum(factor * prob, 1.0)


def _fuzzy(accepts: Matrix, labels: Labels, rejects: Matrix, prob: FloatArray) -> TrainingSet:
    certain_good, certain_bad = prob == 0, prob == 1
    as_bad, as_good = rejects[~certain_good], rejects[~certain_bad]
    return _with_inferred(
        accepts,
        labels,
        np.concatenate([as_bad, as_good]),
        np.repeat(np.array([1, 0], dtype=np.int8), [len(as_bad), len(as_good)]),
        np.concatenate([prob[~certain_good], 1 - prob[~certain_bad]]),
    )


def _reweighted(
    accepts: Matrix, labels: Labels, acceptance: FloatArray, factor: float
) -> TrainingSet:
    n_impossible = int(np.count_nonzero(acceptance == 0))
    if n_impossible:
        raise DataError(
            f"acceptance: expected above 0, {n_impossible} of {len(accepts)} accepts could not have "
            f"been accepted; check the acceptance model"
        )
    accepted = np.maximum(acceptance, LEAST_ACCEPTANCE)
    rejects_like_it = (1 - accepted) / accepted
    return TrainingSet(
        vectors=accepts,
        labels=labels,
        weights=1 + np.where(labels == 1, factor, 1.0) * rejects_like_it,
        inferred=np.zeros(len(accepts), dtype=np.bool_),
    )


def _with_inferred(
    accepts: Matrix, labels: Labels, added: Matrix, drawn: Labels, weights: FloatArray
) -> TrainingSet:
    return TrainingSet(
        vectors=np.concatenate([accepts, added]),
        labels=np.concatenate([labels, drawn]),
        weights=np.concatenate([np.ones(len(accepts)), weights]),
        inferred=np.repeat([False, True], [len(accepts), len(added)]),
    )


def _check_settings(method: Method, factor: float, n_bands: int) -> None:
    if method not in ("none", "parcelling", "fuzzy", "reweighting"):
        raise SettingsInvalid(
            f"no reject inference {method!r}; choose none, parcelling, fuzzy or reweighting"
        )
    check_factor(factor)
    if method == "none" and factor != 1:
        raise SettingsInvalid(
            f"factor: none infers nothing that {factor:g} could change; leave it out"
        )
    if n_bands < 1:
        raise SettingsInvalid(f"n_bands: expected at least 1, came {n_bands}")
