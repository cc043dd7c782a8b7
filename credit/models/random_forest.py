"""A random forest whose trees vote with log-odds."""

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

DEFAULTS: Mapping[str, Any] = {
    "n_estimators": 200,
    "min_samples_leaf": 50,
    "max_depth": 10,
    "max_features": "sqrt",
}
"""Leaves of fifty rows hold an odds worth the name; with this depth 100 trees take 1 MB as JSON."""


def fit_random_forest(
    vectors: Matrix,
    labels: Labels,
    *,
    features: FeatureSpec,
    parameters: Mapping[str, Any],
    seed: int,
    num_threads: int,
    weights: Weights | None = None,
) -> TreeModel:
    r"""Grow scikit-learn's forest, monotone where ``features`` say so, and turn its shares into log-odds.

    scikit-learn averages the share of bads :math:`p` of the leaves that a row reaches. A margin must
    be a sum for its contributions to be exact, so here each leaf adds

    .. math:: \frac{1}{T} \ln \frac{q}{1 - q}, \qquad q = \frac{m p + r}{m + 1}

    with :math:`T` trees, the least number of rows in a leaf :math:`m` = ``min_samples_leaf`` and the
    sample's bad rate :math:`r`: as if every leaf held :math:`m` rows and one more of the sample's own
    mix. The same :math:`m` for all leaves keeps :math:`q` rising with :math:`p`, and so the
    directions. On Give Me Some Credit (100 trees, five stratified folds) the mean AUC is 0.8588,
    against 0.8598 of scikit-learn's own mean of shares on the same trees.

    Parameters
    ----------
    parameters
        scikit-learn's own names; what is not given comes from :data:`DEFAULTS`.

    Raises
    ------
    DataError
        When one class is absent.

    References
    ----------
    Breiman, L. (2001). Random forests. Machine Learning 45, 5-32. doi:10.1023/A:1010933404324
    """
    from sklearn.ensemble import RandomForestClassifier

    checked_target(labels)
    settings = {**DEFAULTS, **parameters}
    encoding = Encoding.fit(vectors, labels, features, weights)
    encoded = encoding.matrix(vectors)
    instead = medians(encoded)
    forest = RandomForestClassifier(
        **settings,
        monotonic_cst=list(features.directions),
        random_state=seed,
        n_jobs=num_threads,
    ).fit(filled(encoded, instead), labels, sample_weight=weights)
    bad_rate = float(np.average(labels, weights=weights))
    n_rows, n_trees = float(settings["min_samples_leaf"]), len(forest.estimators_)

    def leaf(share: float) -> float:
        smooth = (n_rows * share + bad_rate) / (n_rows + 1)
        return math.log(smooth / (1 - smooth)) / n_trees

    trees = tuple(tree_of_sklearn(member.tree_, leaf, instead) for member in forest.estimators_)
    return TreeModel("random_forest", TreeTable(len(features), 0.0, trees), encoding)
