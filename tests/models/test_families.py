"""The table of families: nothing heavy before it is needed, and clear words when something is not there."""

from __future__ import annotations

import subprocess
import sys

import pytest

from credit.decision.families import FAMILIES, family
from credit.errors import SettingsInvalid

HEAVY = {"lightgbm", "xgboost", "interpret", "sklearn", "shap", "joblib", "pandas"}
"""Not scipy: numba imports its top, to look at its version."""
NAMES = {
    "scorecard",
    "logistic",
    "random_forest",
    "gradient_boosting",
    "lightgbm",
    "xgboost",
    "ebm",
    "imported",
}


def test_every_family_is_known_by_its_name() -> None:
    assert set(FAMILIES) == NAMES
    assert all(name == found.name for name, found in FAMILIES.items())


def test_a_process_that_scores_loads_no_library_of_another_family() -> None:
    """Each family's loader and explainer, in one new interpreter after another."""
    script = """
import sys
import credit.models.base, credit.explain.base
before = set(sys.modules)
from credit.decision.families import family
family(sys.argv[1]).load, family(sys.argv[1]).explainer
print(" ".join({name.split(".")[0] for name in set(sys.modules) - before}))
"""
    for name in ("lightgbm", "xgboost", "ebm"):
        done = subprocess.run(
            [sys.executable, "-c", script, name],
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        assert set(done.stdout.split()).isdisjoint(HEAVY)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "xgboost",
            r"family xgboost needs the extra: pip install 'credit-cluster\[xgboost\]'",
        ),
        ("ebm", r"family ebm needs the extra: pip install 'credit-cluster\[ebm\]'"),
    ],
)
def test_training_without_its_extra_is_refused_and_serving_is_not(
    monkeypatch: pytest.MonkeyPatch, name: str, message: str
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda module: None)

    with pytest.raises(SettingsInvalid, match=message):
        _ = family(name).fit
    assert callable(family(name).load)
    assert callable(family("logistic").fit)


def test_an_imported_model_is_not_trained_here() -> None:
    with pytest.raises(SettingsInvalid, match="imported is not trained here.*credit model import"):
        _ = family("imported").fit
