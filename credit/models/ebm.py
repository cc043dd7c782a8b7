"""The explainable boosting machine of InterpretML, read as tables of terms."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from credit.errors import DataError
from credit.features.spec import FeatureSpec
from credit.metrics.sample import checked_target
from credit.models.additive import AdditiveModel
from credit.models.base import Labels, Matrix, Weights
from credit.models.encoding import Encoding
from credit.models.terms import Axis, Pair, Steps, Term

DEFAULTS: Mapping[str, Any] = {"interactions": 0, "outer_bags": 8, "max_bins": 256}
"""No pairs unless asked for: a term of one feature is what a person can read in a table."""


def fit_ebm(
    vectors: Matrix,
    labels: Labels,
    *,
    features: FeatureSpec,
    parameters: Mapping[str, Any],
    seed: int,
    num_threads: int,
    weights: Weights | None = None,
) -> AdditiveModel:
    """Boost one term per feature in turn, monotone where ``features`` say so, and keep the tables.

    Categories are learned in the order of their level of risk (:class:`Encoding`); one that no row
    holds adds nothing. Pairs are only made of features without a direction, so that what is promised
    holds for the whole model. It runs in one process whatever ``num_threads`` says.

    Parameters
    ----------
    parameters
        The library's own names, such as ``interactions`` (number of pairs), ``max_rounds`` and
        ``learning_rate``; what is not given comes from :data:`DEFAULTS`.

    Raises
    ------
    DataError
        When one class is absent, or a term of more than two features is asked for.

    References
    ----------
    Lou, Y., Caruana, R., Gehrke, J. and Hooker, G. (2013). Accurate intelligible models with pairwise
    interactions. KDD '13, 623-631. doi:10.1145/2487575.2487579
    """
    from interpret.glassbox import ExplainableBoostingClassifier

    checked_target(labels)
    encoding = Encoding.fit(vectors, labels, features, weights)
    machine = ExplainableBoostingClassifier(
        **{**DEFAULTS, **parameters},
        feature_names=list(features.names),
        feature_types=["continuous"] * len(features),
        monotone_constraints=list(features.directions),
        random_state=seed,
        n_jobs=1,
    )
    with warnings.catch_warnings():
        # It warns that its plots show no missing values; ours are tables, which do.
        warnings.filterwarnings("ignore", message="Missing values detected")
        machine.fit(encoding.matrix(vectors), labels, sample_weight=weights)
    seen = _seen_categories(vectors, features)
    terms = [
        _term(machine, k, tuple(map(int, places)), encoding, seen)
        for k, places in enumerate(machine.term_features_)
    ]
    return AdditiveModel(
        "ebm",
        n_features=len(features),
        intercept=float(np.ravel(machine.intercept_)[0]),
        terms=terms,
    )


def _term(
    machine: Any, k: int, places: tuple[int, ...], encoding: Encoding, seen: list[frozenset[int]]
) -> Term:
    # The last bin of each axis is for a value of no known kind, which a number never is.
    scores = np.asarray(machine.term_scores_[k], dtype=np.float64)
    if len(places) == 1:
        axis, bins = _axis(machine, places[0], 1, encoding, seen)
        return Steps(axis, tuple(0.0 if b is None else float(scores[b]) for b in bins))
    if len(places) != 2:  # noqa: PLR2004 - a pair
        raise DataError("an EBM may hold terms of one feature and of pairs; ask for no larger ones")
    (first, rows), (second, columns) = (_axis(machine, p, 2, encoding, seen) for p in places)
    return Pair(
        first,
        second,
        tuple(
            0.0 if row is None or column is None else float(scores[row, column])
            for row in rows
            for column in columns
        ),
    )


def _axis(
    machine: Any, place: int, n_dimensions: int, encoding: Encoding, seen: list[frozenset[int]]
) -> tuple[Axis, list[int | None]]:
    """Our axis of one feature, and for each of its bins the library's; None for a category never seen."""
    levels = machine.bins_[place]
    # Coarser bins for pairs come after those of the feature by itself, when they differ.
    edges = np.asarray(levels[min(len(levels), n_dimensions) - 1], dtype=np.float64)
    if not encoding.levels[place]:
        axis = Axis(place, edges=tuple(edges.tolist()), codes=encoding.codes[place])
        return axis, list(range(axis.n_bins))
    found = np.searchsorted(edges, np.asarray(encoding.levels[place]), side="right")
    bins = [1 + int(b) if i in seen[place] else None for i, b in enumerate(found.tolist())]
    return Axis(place, n_categories=len(bins)), [0, *bins]


def _seen_categories(vectors: Matrix, features: FeatureSpec) -> list[frozenset[int]]:
    return [
        frozenset(np.unique(column[~np.isnan(column)]).astype(int).tolist())
        if categories
        else frozenset()
        for column, categories in zip(vectors.T, features.categories, strict=True)
    ]
