"""A winner as a scikit-learn joblib."""

from __future__ import annotations

import hashlib
from pathlib import Path

import joblib
import numpy as np
import pytest

from credit.contract import Contract, load_contract
from credit.data.book import mock_credit_data
from credit.errors import SettingsInvalid
from credit.metrics import auc
from tune.export import export_joblib
from tune.plan import split_holdout
from tune.rows import Rows, prepare

CLASSIC = {"n_estimators": 100, "learning_rate": 0.1, "max_depth": 3}


@pytest.fixture(scope="module")
def mock() -> tuple[Rows, Contract]:
    contract = load_contract("mock")
    return prepare(mock_credit_data(4_000, 42), contract)[0], contract


def test_the_classic_model_predicts_as_scikit_learn_would(
    mock: tuple[Rows, Contract], tmp_path: Path
) -> None:
    from credit.features import FeatureTransform

    rows, contract = mock
    train, held_out = split_holdout(rows)

    path, digest = export_joblib(
        train, contract, "gradient_boosting", CLASSIC, seed=42, folder=tmp_path
    )

    assert hashlib.sha256(path.read_bytes()).hexdigest() == digest
    content = joblib.load(path)
    assert content["features"] == list(contract.feature_names)
    assert content["parameters"] == CLASSIC
    boosting = content["model"][-1]
    assert (boosting.n_estimators, boosting.learning_rate, boosting.max_depth) == (100, 0.1, 3)
    vectors = FeatureTransform.fit(contract, train.raw).matrix(held_out.raw)
    risk = content["model"].predict_proba(np.asarray(vectors))[:, 1]
    assert auc(held_out.labels, risk) > 0.7


def test_a_family_that_scikit_learn_has_not_is_refused(
    mock: tuple[Rows, Contract], tmp_path: Path
) -> None:
    with pytest.raises(SettingsInvalid, match="scikit-learn has no lightgbm; choose random_forest"):
        export_joblib(*mock, "lightgbm", {}, seed=1, folder=tmp_path)
