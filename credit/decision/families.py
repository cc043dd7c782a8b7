"""The families by name: the one place that knows them all.

A family's modules are imported when it is first used, so that a process that scores with one loads no
library of another.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from credit.errors import BundleIncompatible, SettingsInvalid
from credit.explain.base import Explainer
from credit.models.base import Fit, Matrix, Model

Load = Callable[[Mapping[str, bytes]], Model]


class MakeExplainer(Protocol):
    """How an explainer is made; one that takes long to build keeps what it built in the cache."""

    def __call__(self, model: Model, background: Matrix, cache: Path | None = None) -> Explainer:
        """Build for a model against a background, shape (n_rows, n_features)."""
        ...


@dataclass(frozen=True)
class Parts:
    """What is needed to train, serve and explain a family.

    Attributes
    ----------
    fit
        None when it is never trained here.
    slower
        An explainer without limits, for models that the first refuses as :class:`ModelTooDeep`.
    """

    load: Load
    fit: Fit | None
    explainer: MakeExplainer
    slower: MakeExplainer | None = None


@dataclass(frozen=True)
class Extra:
    """An optional dependency that training needs; serving does without."""

    name: str
    module: str


@dataclass(frozen=True)
class Family:
    """One family.

    Attributes
    ----------
    monotone
        Whether it keeps the contract's directions.
    extra
        What must be installed to train it.
    """

    name: str
    parts: Callable[[], Parts]
    monotone: bool
    extra: Extra | None = None

    @property
    def load(self) -> Load:
        """Rebuild a model from the files of a bundle."""
        return self.parts().load

    @property
    def fit(self) -> Fit:
        """Train a model.

        Raises
        ------
        SettingsInvalid
            When the family is not trained here, or needs a library that is not installed.
        """
        if self.extra is not None and importlib.util.find_spec(self.extra.module) is None:
            raise SettingsInvalid(
                f"family {self.name} needs the extra: pip install 'credit-cluster[{self.extra.name}]'"
            )
        fit = self.parts().fit
        if fit is None:
            raise SettingsInvalid(
                f"family {self.name} is not trained here: bring a trained model with `credit model import`"
            )
        return fit

    @property
    def explainer(self) -> MakeExplainer:
        """Make the explainer of a model against a background."""
        return self.parts().explainer

    @property
    def slower_explainer(self) -> MakeExplainer | None:
        """Make the explainer of a model that :attr:`explainer` refuses; None where it refuses none."""
        return self.parts().slower


def _scorecard() -> Parts:
    from credit.explain.scorecard import ScorecardExplainer
    from credit.models.scorecard import ScorecardModel, fit_scorecard_model

    return Parts(ScorecardModel.from_files, fit_scorecard_model, ScorecardExplainer.of)


def _logistic() -> Parts:
    from credit.explain.additive import AdditiveExplainer
    from credit.models.additive import AdditiveModel
    from credit.models.logistic import fit_logistic

    return Parts(AdditiveModel.from_files, fit_logistic, AdditiveExplainer.of)


def _ebm() -> Parts:
    from credit.explain.additive import AdditiveExplainer
    from credit.models.additive import AdditiveModel
    from credit.models.ebm import fit_ebm

    return Parts(AdditiveModel.from_files, fit_ebm, AdditiveExplainer.of)


def _random_forest() -> Parts:
    from credit.explain.shap_explainer import ShapExplainer
    from credit.explain.tables.explainer import TableExplainer
    from credit.models.random_forest import fit_random_forest
    from credit.models.tree_model import TreeModel

    return Parts(TreeModel.from_files, fit_random_forest, TableExplainer.of, ShapExplainer.of)


def _gradient_boosting() -> Parts:
    from credit.explain.shap_explainer import ShapExplainer
    from credit.explain.tables.explainer import TableExplainer
    from credit.models.gradient_boosting import fit_gradient_boosting
    from credit.models.tree_model import TreeModel

    return Parts(TreeModel.from_files, fit_gradient_boosting, TableExplainer.of, ShapExplainer.of)


def _lightgbm() -> Parts:
    from credit.explain.shap_explainer import ShapExplainer
    from credit.explain.tables.explainer import TableExplainer
    from credit.models.lightgbm import LightGBMModel, fit_lightgbm

    return Parts(LightGBMModel.from_files, fit_lightgbm, TableExplainer.of, ShapExplainer.of)


def _xgboost() -> Parts:
    from credit.explain.shap_explainer import ShapExplainer
    from credit.explain.tables.explainer import TableExplainer
    from credit.models.tree_model import TreeModel
    from credit.models.xgboost import fit_xgboost

    return Parts(TreeModel.from_files, fit_xgboost, TableExplainer.of, ShapExplainer.of)


def _imported() -> Parts:
    from credit.explain.coalitions import CoalitionExplainer
    from credit.models.imported import load_imported

    return Parts(load_imported, None, CoalitionExplainer.of)


FAMILIES: dict[str, Family] = {
    family.name: family
    for family in (
        Family("scorecard", _scorecard, monotone=True),
        Family("logistic", _logistic, monotone=True),
        Family("random_forest", _random_forest, monotone=True),
        Family("gradient_boosting", _gradient_boosting, monotone=False),
        Family("lightgbm", _lightgbm, monotone=True),
        Family("xgboost", _xgboost, monotone=True, extra=Extra("xgboost", "xgboost")),
        Family("ebm", _ebm, monotone=True, extra=Extra("ebm", "interpret")),
        Family("imported", _imported, monotone=False),
    )
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
