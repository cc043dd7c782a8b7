"""scikit-learn's classic gradient boosting."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from credit.features.spec import FeatureSpec
from credit.metrics.sample import checked_target
from credit.models.base import Labels, Matrix, Weights
from credit.models.encoding import Encoding
from credit.models.grown import filled, medians, tree_of_sklearn
from credit.models.tree_model import TreeModel
from credit.models.trees import TreeTable


def fit_gradient_boosting(
    vectors: Matrix,
    labels: Labels,
    *,
    features: FeatureSpec,
    parameters: Mapping[str, Any],
    seed: int,
    num_threads: int,
    weights: Weights | None = None,
) -> TreeModel:
    """Boost scikit-learn's trees; a missing value goes where the median of its feature goes.

    The library knows neither directions nor threads here, so ``features.directions`` and
    ``num_threads`` are of no account: choose LightGBM or XGBoost where the contract's directions
    must hold.

    Parameters
    ----------
    parameters
        scikit-learn's own names and defaults.

    Raises
    ------
    DataError
        When one class is absent.

    References
    ----------
    Friedman, J. H. (2001). Greedy function approximation: a gradient boosting machine. Annals of
    Statistics 29(5), 1189-1232. doi:10.1214/aos/1013203451
    """
    from sklearn.ensemble import GradientBoostingClassifier

    checked_target(labels)
    encoding = Encoding.fit(vectors, labels, features, weights)
    encoded = encoding.matrix(vectors)
    instead = medians(encoded)
    boosted = GradientBoostingClassifier(**parameters, random_state=seed).fit(
        filled(encoded, instead), labels, sample_weight=weights
    )
    rate = float(boosted.learning_rate)
    trees = tuple(
        tree_of_sklearn(stage[0].tree_, lambda value: rate * value, instead)
        for stage in boosted.estimators_
    )
    # Boosting starts at the log-odds of the sample.
    bad_rate = float(np.average(labels, weights=weights))
    base = math.log(bad_rate / (1 - bad_rate))
    return TreeModel("gradient_boosting", TreeTable(len(features), base, trees), encoding)
