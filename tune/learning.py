"""From training rows to a fitted model, as a candidate of a sweep says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from credit.decision.families import family
from credit.features import FeatureSpec
from credit.models import Model
from credit.models.bag import BaggedModel
from tune.resampling import TrainingRows, medians, resample
from tune.spec import Candidate


def learn(
    rows: TrainingRows,
    candidate: Candidate,
    features: FeatureSpec,
    parameters: Mapping[str, Any],
    *,
    seed: int,
    num_threads: int,
    bags: int | None = None,
) -> Model:
    """Resample, fit, and average the bags.

    Parameters
    ----------
    bags
        Instead of the candidate's number: while searching one model is enough to rank parameters.
    """
    fit = family(candidate.family).fit
    chosen = resample(rows, candidate, features, seed=seed)
    members = [
        fit(
            chosen.vectors,
            chosen.labels,
            features=features,
            parameters=parameters,
            seed=seed + k,
            num_threads=num_threads,
            weights=chosen.weights,
        )
        for k in range(bags or candidate.bags)
    ]
    fill = medians(rows.vectors).tolist() if candidate.impute == "median" else None
    if len(members) == 1 and fill is None:
        return members[0]
    return BaggedModel(members, fill)
