"""A sweep is checked before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from credit.decision.families import FAMILIES
from credit.errors import SettingsInvalid
from tune.distributions import Distribution
from tune.spaces import SPACES
from tune.spec import Candidate, SweepSpec, load_sweep, presets, with_changes

PROMISED = {
    "baselines",
    "lightgbm",
    "scorecard",
    "imbalance-study",
    "classic-rf",
    "classic-gb",
    "home-credit",
}


def test_every_promised_preset_loads() -> None:
    assert set(presets()) == PROMISED
    for name in presets():
        assert load_sweep(name).description


def test_every_family_that_is_trained_has_a_search_space() -> None:
    assert set(SPACES) == set(FAMILIES) - {"imported"}


def test_the_classic_presets_are_what_their_names_promise() -> None:
    forest, boosting = load_sweep("classic-rf"), load_sweep("classic-gb")

    assert forest.candidates[0].space.parameters["n_estimators"] == 100
    fixed = boosting.candidates[0].space.parameters
    assert (fixed["n_estimators"], fixed["learning_rate"], fixed["max_depth"]) == (100, 0.1, 3)
    for spec in (forest, boosting):
        assert (spec.seed, spec.folds.holdout_parts, spec.data, spec.joblib) == (
            42,
            5,
            "mock",
            True,
        )
        assert spec.n_trials == 1


def test_the_imbalance_study_compares_like_with_like() -> None:
    spec = load_sweep("imbalance-study")

    seen = {(c.family, c.resampling) for c in spec.candidates}
    kinds = ("none", "undersample", "smote_tomek", "class_weights")
    assert seen == {(family, kind) for family in ("logistic", "xgboost") for kind in kinds}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("candidates: []", "at least 1 item"),
        ("candidates: [{family: forest}]", "unknown family 'forest'; choose one of ebm, "),
        ("candidates: [{family: lightgbm}]\nspeed: 3", "speed: Extra inputs"),
        ("candidates: [{family: lightgbm, trials: 0}]", "greater than or equal to 1"),
        (
            "candidates: [{family: lightgbm}, {family: lightgbm}]",
            "lightgbm twice: give each a name",
        ),
        ("candidates: [{family: lightgbm}]\nobjectives: [calibration]", "name auc"),
        (
            "candidates: [{family: lightgbm}]\nobjectives: [auc, calibration, fairness]\nfairness_column: sex",
            "at most two",
        ),
        (
            "candidates: [{family: lightgbm}]\nobjectives: [auc, fairness]",
            "fairness_column goes with",
        ),
        ("candidates: [{family: lightgbm}]\nfolds: {embargo_days: 30}", "goes with kind rolling"),
        (
            "candidates: [{family: lightgbm, parameters: {num_leaves: {integer: [9, 3]}}}]",
            "expected a lower and a higher bound",
        ),
        (
            "candidates: [{family: lightgbm, parameters: {x: {uniform: [0, 1], integer: [0, 1]}}}]",
            "exactly one of",
        ),
        (
            "candidates: [{family: lightgbm, parameters: {x: {loguniform: [0, 1]}}}]",
            "bounds must be positive",
        ),
        ("candidates: [", "is not valid YAML"),
    ],
)
def test_a_wrong_sweep_is_refused_by_name(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "sweep.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(SettingsInvalid, match=message):
        load_sweep(path)


def test_an_unknown_preset_is_refused_with_those_there_are() -> None:
    with pytest.raises(SettingsInvalid, match=r"no sweep 'fast'.*one of: baselines, classic-gb"):
        load_sweep("fast")


def test_parameters_of_a_candidate_replace_parts_of_the_family_s_space() -> None:
    candidate = Candidate.model_validate(
        {"family": "lightgbm", "parameters": {"max_depth": 3, "num_leaves": {"integer": [4, 7]}}}
    )

    space = candidate.space

    assert space.parameters["max_depth"] == 3
    assert space.parameters["num_leaves"] == Distribution(integer=(4, 7))
    assert space.parameters["learning_rate"] == SPACES["lightgbm"].parameters["learning_rate"]


def test_options_of_the_command_lie_over_the_sweep() -> None:
    spec = load_sweep("baselines")

    changed = with_changes(spec, outer=4, trials=2, seed=None, concurrent=1)

    assert changed.folds.outer == 4
    assert changed.n_trials == 2 * len(spec.candidates)
    assert (changed.seed, changed.concurrent) == (42, 1)
    with pytest.raises(SettingsInvalid, match="greater than or equal to 1"):
        with_changes(spec, outer=0)


@given(low=st.integers(1, 50), more=st.integers(1, 50), value=st.integers(-5, 120))
def test_a_distribution_holds_what_lies_between_its_bounds(low: int, more: int, value: int) -> None:
    high = low + more
    for made in (Distribution(integer=(low, high)), Distribution(log_integer=(low, high))):
        assert made.holds(value) == (low <= value <= high)
        assert not made.holds(low + 0.5)
    assert Distribution(uniform=(low, high)).holds(value) == (low <= value <= high)
    assert Distribution(choice=(low, None)).holds(None)
    assert not Distribution(integer=(low, high)).holds(True)


def test_two_kinds_at_once_are_no_distribution() -> None:
    with pytest.raises(ValidationError, match="exactly one of"):
        Distribution()


def test_a_sweep_survives_its_own_json() -> None:
    """What a sweep was asked is kept as JSON and read again to resume it."""
    for name in presets():
        spec = load_sweep(name)
        assert SweepSpec.model_validate(spec.model_dump(mode="json")) == spec
