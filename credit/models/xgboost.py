"""Gradient boosting with XGBoost, monotone where the contract says so; the library only grows the trees."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from credit.errors import DataError
from credit.features.spec import FeatureSpec
from credit.metrics.sample import checked_target
from credit.models.base import Labels, Matrix, Weights
from credit.models.encoding import Encoding
from credit.models.float32 import below
from credit.models.grown import tree_of_nodes
from credit.models.tree_model import TreeModel
from credit.models.trees import Tree, TreeTable


def fit_xgboost(
    vectors: Matrix,
    labels: Labels,
    *,
    features: FeatureSpec,
    parameters: Mapping[str, Any],
    seed: int,
    num_threads: int,
    weights: Weights | None = None,
) -> TreeModel:
    """Boost with histograms and read the trees from the booster's own JSON.

    The booster runs on one thread whatever ``num_threads`` says: its histograms are sums of floats,
    and how many threads add them up shows in the last digits.

    Parameters
    ----------
    parameters
        XGBoost's own names and ``num_iterations``.

    Raises
    ------
    DataError
        When one class is absent.

    References
    ----------
    Chen, T. and Guestrin, C. (2016). XGBoost: a scalable tree boosting system. KDD '16, 785-794.
    doi:10.1145/2939672.2939785
    """
    import xgboost

    checked_target(labels)
    settings = dict(parameters)
    num_iterations = int(settings.pop("num_iterations"))
    encoding = Encoding.fit(vectors, labels, features, weights)
    data = xgboost.DMatrix(encoding.matrix(vectors), labels, weight=weights, nthread=1)
    booster = xgboost.train(
        {
            **settings,
            "objective": "binary:logistic",
            "booster": "gbtree",
            "tree_method": "hist",
            "monotone_constraints": f"({','.join(map(str, features.directions))})",
            "seed": seed,
            "nthread": 1,
            "verbosity": 0,
        },
        data,
        num_iterations,
    )
    table = table_of_booster(booster.save_raw("json"), len(features))
    return TreeModel("xgboost", table, encoding)


def table_of_booster(raw: bytes | bytearray, n_features: int) -> TreeTable:
    """Read the trees of a booster saved as JSON (XGBoost 2 and 3).

    Raises
    ------
    DataError
        When it is no binary classifier of plain trees.
    """
    learner = json.loads(raw)["learner"]
    grown = learner["gradient_booster"]
    if learner["objective"]["name"] != "binary:logistic" or grown["name"] != "gbtree":
        raise DataError(
            "expected a booster `gbtree` of objective `binary:logistic`, came "
            f"`{grown['name']}` of `{learner['objective']['name']}`; train it again with these"
        )
    # Up to XGBoost 3.0 a number, then a list of one; kept as the probability, not as log-odds.
    start = float(learner["learner_model_param"]["base_score"].strip("[]"))
    trees = tuple(_tree(tree) for tree in grown["model"]["trees"])
    return TreeTable(n_features, math.log(start / (1 - start)), trees)


def _tree(grown: Mapping[str, Any]) -> Tree:
    if any(grown["split_type"]):
        raise DataError("a booster with categorical splits cannot be read; encode categories first")
    # The text holds the shortest decimals of single precision; at a leaf the condition is its value.
    condition = np.array(grown["split_conditions"], dtype=np.float32).astype(np.float64).tolist()
    return tree_of_nodes(
        left=grown["left_children"],
        right=grown["right_children"],
        feature=grown["split_indices"],
        threshold=[below(value) for value in condition],
        missing_left=[bool(flag) for flag in grown["default_left"]],
        value=condition,
    )
