"""Small bundles of every family, made of the loan book of the tests."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from credit.contract import Contract
from credit.decision import Bundle
from credit.decision.assemble import assemble_bundle
from credit.decision.families import family
from credit.features import FeatureSpec, FeatureTransform
from credit.models import Model, Platt
from credit.models.importing import import_joblib
from tune.plan import split_holdout
from tune.rows import Rows
from tune.verification import flat_metrics, verify

PARAMETERS: Mapping[str, Mapping[str, Any]] = {
    "lightgbm": {
        "num_iterations": 40,
        "learning_rate": 0.1,
        "num_leaves": 8,
        "min_data_in_leaf": 40,
    },
    "logistic": {},
    "random_forest": {"n_estimators": 10, "min_samples_leaf": 20, "max_depth": 6},
    "gradient_boosting": {"n_estimators": 25, "max_depth": 3},
    "xgboost": {"num_iterations": 25, "max_depth": 3, "learning_rate": 0.2},
    "ebm": {"outer_bags": 1, "max_rounds": 200, "interactions": 1},
}
"""Families that are trained in a moment with these; the scorecard has a fixture of its own."""

IMPORTED_FEATURES = ("utilization", "past_due_90", "past_due_total", "income", "dependents")
"""What the imported model of the tests looks at."""


def trained(name: str, rows: Rows, contract: Contract) -> Bundle:
    """Train a family on the training rows and calibrate it on those held out."""
    train, held_out = split_holdout(rows)
    transform = FeatureTransform.fit(contract, train.raw)
    model = family(name).fit(
        transform.matrix(train.raw),
        train.labels,
        features=FeatureSpec.of(contract),
        parameters=PARAMETERS[name],
        seed=3,
        num_threads=1,
    )
    return _joined(model, transform, train, held_out, contract)


def imported(rows: Rows, contract: Contract, folder: Path) -> Bundle:
    """Import a scikit-learn pipeline, and keep its pickle."""
    train, held_out = split_holdout(rows)
    transform = FeatureTransform.fit(contract, train.raw)
    path = folder / "model_data_v1.joblib"
    path.write_bytes(saved_pipeline(transform, train))
    model = import_joblib(
        path,
        contract=contract,
        allow_pickle=True,
        fill=dict.fromkeys(IMPORTED_FEATURES, 0.0),
        convert=False,
    ).model
    return _joined(model, transform, train, held_out, contract)


def saved_pipeline(transform: FeatureTransform, rows: Rows) -> bytes:
    """Save what another team might have: a pipeline on plain numbers, and the names beside it."""
    places = [transform.names.index(name) for name in IMPORTED_FEATURES]
    numbers = np.nan_to_num(transform.matrix(rows.raw)[:, places])
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(numbers, rows.labels)
    buffer = io.BytesIO()
    joblib.dump({"model": fitted, "features": IMPORTED_FEATURES, "threshold": 0.5}, buffer)
    return buffer.getvalue()


def _joined(
    model: Model, transform: FeatureTransform, train: Rows, held_out: Rows, contract: Contract
) -> Bundle:
    margins = model.margins(transform.matrix(held_out.raw))
    calibrator = Platt.fit(margins, held_out.labels)
    found = verify(
        held_out.labels, calibrator.probabilities(margins), contract.policy.cutoff, seed=3
    )
    return assemble_bundle(
        contract=contract,
        transform=transform,
        model=model,
        calibrator=calibrator,
        raw=train.raw,
        labels=train.labels,
        seed=3,
        parameters={},
        metrics=flat_metrics(found),
    )
