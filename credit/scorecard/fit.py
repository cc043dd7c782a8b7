"""Fitting a scorecard: bins, selection, logistic regression."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from sklearn.linear_model import LogisticRegression

from credit.errors import DataError
from credit.metrics.sample import (
    MINIMUM_BADS,
    BoolArray,
    FewBadsWarning,
    FloatArray,
    checked_target,
    enough_bads,
)
from credit.scorecard.card import Scorecard
from credit.scorecard.feature import CardFeature
from credit.scorecard.strength import FeatureStrength
from credit.scorecard.transformer import MAXIMUM_VIF, WoeTransformer
from credit.scorecard.weights import checked_weight


def fit_scorecard(
    X: ArrayLike,
    y: ArrayLike,
    *,
    feature_names: Sequence[str],
    directions: Sequence[int],
    categories: Sequence[Sequence[str]] | None = None,
    codes: Sequence[Mapping[float, str]] | None = None,
    regularization: float = 1.0,
    max_bins: int = 8,
    minimum_bin_share: float = 0.01,
    minimum_iv: float = 0.02,
    maximum_vif: float | None = MAXIMUM_VIF,
    sample_weight: ArrayLike | None = None,
) -> Scorecard:
    """Learn a scorecard.

    Every feature is binned, in its direction or by its categories; those that are constant, below
    ``minimum_iv`` or above ``maximum_vif`` are dropped; and an L2 logistic regression of the target
    on the WOE of the rest gives the coefficients.

    WOE is higher for safer bins, so in the log-odds of *bad* each coefficient must be negative. One
    that is not would turn its feature around (the usual cause is a stronger feature that says the
    same): the feature of the largest such coefficient is dropped and the regression repeated, until
    all are negative. With it the promise of the directions holds for the whole card.

    The card's ``strengths`` keep the verdict on every feature. A sweep fits many cards, so none of
    them warns of features that may know the outcome: have
    :func:`~credit.scorecard.strength.warn_suspicious` look at the one that is chosen.

    Parameters
    ----------
    X
        Shape ``(n_applicants, n_features)``, NaN = missing, no infinities.
    y
        Target, 1 = bad.
    feature_names, directions
        One name and one sign per column: +1 PD rises with the feature, -1 it falls, 0 chosen from
        the data.
    regularization
        C of scikit-learn: the smaller, the more the coefficients shrink towards 0.
    categories, codes, max_bins, minimum_bin_share, minimum_iv, maximum_vif
        As in :class:`~credit.scorecard.transformer.WoeTransformer`.
    sample_weight
        Positive weights of the rows; only their ratios count.

    Raises
    ------
    DataError
        One class is absent, shapes do not fit together, or no feature carries information.

    Warns
    -----
    FewBadsWarning
        Fewer than :data:`~credit.metrics.MINIMUM_BADS` bads.
    """
    bad = checked_target(y)
    if not enough_bads(bad):
        warnings.warn(
            f"scorecard fitted on {np.count_nonzero(bad)} bads;"
            f" below {MINIMUM_BADS} it is mostly chance",
            FewBadsWarning,
            stacklevel=2,
        )
    weight = checked_weight(sample_weight, bad.size)
    transformer = WoeTransformer(
        feature_names,
        directions,
        categories=categories,
        codes=codes,
        max_bins=max_bins,
        minimum_bin_share=minimum_bin_share,
        minimum_iv=minimum_iv,
        maximum_vif=maximum_vif,
    ).fit(X, bad, weight)

    coefficients, intercept = _fit_negative(transformer.transform(X), bad, weight, regularization)
    if not coefficients:
        raise DataError(
            f"scorecard: none of {len(feature_names)} features reaches an information value of"
            f" {minimum_iv} with the right sign"
        )
    features = tuple(
        CardFeature(
            name=feature_names[column],
            bins=transformer.bins_[column],
            woe=transformer.tables_[column].woe,
            shares=transformer.tables_[column].shares,
            coefficient=coefficients[position],
        )
        for position, column in enumerate(transformer.selected_)
        if position in coefficients
    )
    used = {feature.name for feature in features}
    strengths = tuple(_judged(strength, used) for strength in transformer.strengths())
    return Scorecard(
        feature_names=tuple(feature_names),
        features=features,
        intercept=intercept,
        strengths=strengths,
    )


def _judged(strength: FeatureStrength, used: set[str]) -> FeatureStrength:
    """Tell of a selected feature that the regression did not keep."""
    if not strength.selected or strength.feature in used:
        return strength
    reason = (
        "dropped: beside the others its coefficient turns around; they say the same, and better"
    )
    return replace(strength, verdict="sign", reason=reason)


def _fit_negative(
    woe: FloatArray, bad: BoolArray, weight: FloatArray, regularization: float
) -> tuple[dict[int, float], float]:
    """Return the coefficient of each column that keeps a negative one, and the intercept."""
    columns = list(range(woe.shape[1]))
    while columns:
        # Second-order steps reach the optimum to the last digits in a few passes over tall, narrow
        # data.
        model = LogisticRegression(C=regularization, solver="newton-cholesky", tol=1e-8)
        model.fit(woe[:, columns], bad, sample_weight=weight)
        coefficients = model.coef_[0].tolist()
        worst = int(np.argmax(coefficients))
        if coefficients[worst] < 0:
            return dict(zip(columns, coefficients, strict=True)), float(model.intercept_[0])
        del columns[worst]
    return {}, 0.0
