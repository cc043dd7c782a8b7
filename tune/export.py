"""A winner as a scikit-learn joblib, for systems that read one.

The file holds a dictionary: ``model``, a pipeline that fills missing values and predicts, ``features``,
the names of its inputs in order, and ``parameters``. It is a pickle: whoever opens it runs what it says,
so hand its SHA-256 along. `credit model import` takes it back.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from credit.contract import Contract
from credit.errors import SettingsInvalid
from credit.features import FeatureSpec, FeatureTransform
from credit.models.encoding import Encoding
from tune.rows import Rows

FILE = "model_data_v1.joblib"


def export_joblib(
    rows: Rows,
    contract: Contract,
    family: str,
    parameters: Mapping[str, Any],
    *,
    seed: int,
    folder: Path,
) -> tuple[Path, str]:
    """Fit the family's scikit-learn estimator and write it; return the path and its SHA-256.

    Raises
    ------
    SettingsInvalid
        When scikit-learn has no estimator of this family, or the contract has nominal features.
    """
    import joblib
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline

    kinds = {
        "random_forest": RandomForestClassifier,
        "gradient_boosting": GradientBoostingClassifier,
    }
    if family not in kinds:
        raise SettingsInvalid(f"joblib: scikit-learn has no {family}; choose {' or '.join(kinds)}")
    features = FeatureSpec.of(contract)
    nominal = [
        name for name, codes in zip(features.names, features.categories, strict=True) if codes
    ]
    if nominal:
        raise SettingsInvalid(
            f"joblib: {nominal[0]} is nominal and such a model takes numbers; declare one_of features"
        )
    vectors = FeatureTransform.fit(contract, rows.raw).matrix(rows.raw)
    plain = Encoding.fit(vectors, rows.labels, features, rows.weights).matrix(vectors)
    estimator = kinds[family](**parameters, random_state=seed)
    pipeline = make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), estimator)
    pipeline.fit(plain, rows.labels)
    folder.mkdir(parents=True, exist_ok=True)
    path, partial = folder / FILE, folder / f"{FILE}.partial"
    content = {"model": pipeline, "features": list(features.names), "parameters": dict(parameters)}
    joblib.dump(content, partial)
    os.replace(partial, path)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()
