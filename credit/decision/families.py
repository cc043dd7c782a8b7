"""The families by name: the one place that knows them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from credit.errors import BundleIncompatible
from credit.explain.base import Explainer
from credit.explain.scorecard import ScorecardExplainer
from credit.explain.tree import TreeExplainer
from credit.models.base import Fit, Matrix, Model
from credit.models.lightgbm import LightGBMModel, fit_lightgbm
from credit.models.scorecard import ScorecardModel, fit_scorecard_model


@dataclass(frozen=True)
class Family:
    """What is needed to train, serve and explain a family."""

    load: Callable[[Mapping[str, bytes]], Model]
    fit: Fit
    explainer: Callable[[Model, Matrix], Explainer]


FAMILIES: dict[str, Family] = {
    "lightgbm": Family(LightGBMModel.from_files, fit_lightgbm, TreeExplainer.of),
    "scorecard": Family(ScorecardModel.from_files, fit_scorecard_model, ScorecardExplainer.of),
}


def family(name: str) -> Family:
    """Look a family up.

    Raises
    ------
    BundleIncompatible
        When this version of the product does not know it.
    """
    if name not in FAMILIES:
        known = ", ".join(sorted(FAMILIES))
        raise BundleIncompatible(f"unknown model family {name!r}; this version knows {known}")
    return FAMILIES[name]
