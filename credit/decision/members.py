"""A bundle's model and its explainer: one model of its family, or a bag of several."""

from __future__ import annotations

from collections.abc import Mapping

from credit.decision.families import family
from credit.explain.bag import BagExplainer
from credit.explain.base import Explainer
from credit.models.bag import FILE, BaggedModel
from credit.models.base import Matrix, Model


def load_model(name: str, files: Mapping[str, bytes]) -> Model:
    """Rebuild the model of a bundle."""
    load = family(name).load
    return BaggedModel.from_files(files, load) if FILE in files else load(files)


def make_explainer(name: str, model: Model, background: Matrix) -> Explainer:
    """Build the explainer that goes with a model."""
    make = family(name).explainer
    return (
        BagExplainer(model, background, make)
        if isinstance(model, BaggedModel)
        else make(model, background)
    )
