"""A bundle's model and its explainer: one model of its family, or a bag of several."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from credit.decision.families import MakeExplainer, family
from credit.errors import ModelTooDeep
from credit.explain.bag import BagExplainer
from credit.explain.base import Explainer
from credit.models.bag import FILE, BaggedModel
from credit.models.base import Matrix, Model


def load_model(name: str, files: Mapping[str, bytes]) -> Model:
    """Rebuild the model of a bundle."""
    load = family(name).load
    return BaggedModel.from_files(files, load) if FILE in files else load(files)


def make_explainer(
    name: str, model: Model, background: Matrix, *, engine: str = "", cache: Path | None = None
) -> Explainer:
    """Build the explainer that goes with a model.

    Parameters
    ----------
    engine
        The engine that a bundle was made with, which goes on to explain it; without one, the fastest
        that can hold the model.
    cache
        Where an engine may keep what takes it long to build.
    """
    fast, slow = family(name).explainer, family(name).slower_explainer
    if slow is None:
        return _made(fast, model, background, cache)
    if engine.startswith("shap/"):
        return _made(slow, model, background, cache)
    try:
        return _made(fast, model, background, cache)
    except ModelTooDeep:
        if engine:
            raise
        return _made(slow, model, background, cache)


def _made(make: MakeExplainer, model: Model, background: Matrix, cache: Path | None) -> Explainer:
    if not isinstance(model, BaggedModel):
        return make(model, background, cache)
    filled = model.filled_matrix(background)
    return BagExplainer(model, [make(member, filled, cache) for member in model.members])
