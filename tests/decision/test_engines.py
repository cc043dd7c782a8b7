"""A bundle is explained for good by the engine that it was made with."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from credit.decision import Bundle
from credit.decision.bundle import Golden
from credit.decision.golden import check_explanations, compute_golden
from credit.decision.members import make_explainer
from credit.errors import BundleIncompatible, ModelTooDeep
from credit.explain.tables import explainer as tables
from credit.models.bag import BaggedModel


def _made(bundle: Bundle, engine: str = "") -> str:
    return make_explainer(
        bundle.manifest.family, bundle.model, bundle.background, engine=engine
    ).engine


def test_trees_are_explained_from_tables(lightgbm_bundle: Bundle) -> None:
    assert lightgbm_bundle.golden.engine == "tables/1"
    assert lightgbm_bundle.explainer.engine == "tables/1"


def test_trees_too_deep_for_tables_are_explained_by_shap(
    lightgbm_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MAXIMUM_BYTES", 10)

    assert _made(lightgbm_bundle).startswith("shap/")
    with pytest.raises(ModelTooDeep):  # a bundle that promised tables does not silently change
        _made(lightgbm_bundle, engine="tables/1")


def test_a_bundle_made_with_shap_stays_with_it(lightgbm_bundle: Bundle) -> None:
    """Bundles from before engines were written down: their golden rows hold only where shap explains."""
    before = msgspec.json.decode(b'{"fingerprint": "x", "rows": []}', type=Golden)
    assert before.engine.startswith("shap/")
    assert _made(lightgbm_bundle, engine=before.engine).startswith("shap/")

    golden, explainer = lightgbm_bundle.golden, lightgbm_bundle.explainer
    applications = [row.application for row in golden.rows]
    try:
        lightgbm_bundle.explainer = make_explainer(
            "lightgbm", lightgbm_bundle.model, lightgbm_bundle.background, engine="shap/"
        )
        lightgbm_bundle.golden = compute_golden(lightgbm_bundle, applications)
        assert lightgbm_bundle.golden.engine.startswith("shap/")
        check_explanations(lightgbm_bundle)
        lightgbm_bundle.explainer = explainer
        with pytest.raises(BundleIncompatible, match="another explanation here"):
            check_explanations(lightgbm_bundle)
    finally:
        lightgbm_bundle.golden, lightgbm_bundle.explainer = golden, explainer


@pytest.mark.parametrize("engine", ["", "shap/"])
def test_a_bag_is_explained_by_one_engine_with_the_same_bits_for_many(
    lightgbm_bundle: Bundle, engine: str
) -> None:
    bag = BaggedModel([lightgbm_bundle.model] * 3)
    explainer = make_explainer("lightgbm", bag, lightgbm_bundle.background, engine=engine)
    vectors = np.array([row.vector for row in lightgbm_bundle.golden.rows], dtype=np.float64)

    many = explainer.explain_many(vectors)

    assert many.tolist() == [list(explainer.explain(v).contributions) for v in vectors.tolist()]
    assert explainer.explain(vectors[0].tolist()).engine == explainer.engine
