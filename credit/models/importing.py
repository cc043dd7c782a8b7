"""Bringing in a classifier that was saved with joblib."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from credit.contract.feature import Feature
from credit.contract.model import Contract
from credit.errors import DataError, SettingsInvalid
from credit.features.spec import FeatureSpec
from credit.models.base import Model
from credit.models.convert import Columns, converted
from credit.models.imported import ImportedModel, note_of
from credit.models.joblib_contents import Contents, look_inside
from credit.models.pickles import open_joblib, require_sha256


@dataclass(frozen=True)
class Imported:
    """A model that came in.

    Attributes
    ----------
    found
        One line per entry of the file, and what became of it.
    sha256
        Of the file.
    is_converted
        Whether the model is in a form of our own; otherwise its bundle holds the pickle.
    """

    model: Model
    found: tuple[str, ...]
    sha256: str
    is_converted: bool


def import_joblib(
    path: Path,
    *,
    contract: Contract,
    allow_pickle: bool,
    expected_sha256: str | None = None,
    names: Mapping[str, str] | None = None,
    fill: Mapping[str, float] | None = None,
    bad_class: object = 1,
    convert: bool = True,
) -> Imported:
    """Open a joblib file and fit it to a contract.

    The file may hold a classifier or Pipeline of scikit-learn, or a dict with one among other things,
    such as ``{"model": ..., "features": [...], "scaler": ..., "cols_to_scale": [...]}``. A cut-off in it
    is not used: that is the contract's policy.

    Parameters
    ----------
    allow_pickle
        Opening the file runs whatever is in it; True says that you trust where it comes from.
    expected_sha256
        Hash that the file is known by; compared before it is opened.
    names
        From a column of the estimator to the contract's feature, where they are called differently.
    fill
        What stands for a missing value, by the contract's feature.
    bad_class
        The estimator's class that means bad.
    convert
        Hold the model in a form of our own, with the same answers, when it is of a kind that we know.

    Raises
    ------
    SettingsInvalid
        When ``allow_pickle`` is false.
    BundleIncompatible
        When the hash or the version of scikit-learn differs.
    DataError
        When the file cannot be read, holds no classifier of two classes, or does not fit the contract.
    """
    if not allow_pickle:
        raise SettingsInvalid(
            "a joblib file is a program, and opening it runs it: allow it on request only, for a file "
            "whose origin you trust (allow_pickle)"
        )
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise DataError(f"the joblib file cannot be read: {error.strerror}") from error
    if expected_sha256 is not None:
        require_sha256(raw, expected_sha256)
    contents = look_inside(open_joblib(raw))
    features = FeatureSpec.of(contract)
    columns = _columns(contents, features, names or {}, fill or {}, bad_class)
    named = contents.names or tuple(features.names[place] for place in columns.places)
    note = note_of(
        raw,
        n_features=len(features),
        names=named,
        places=columns.places,
        categories=[features.categories[place] for place in columns.places],
        fill=columns.fill,
        bad_class=columns.bad_class,
    )
    kept = ImportedModel(raw, note, contents)
    _require_answers(kept, contract)
    has_categories = any(features.categories[place] for place in columns.places)
    model = converted(contents, columns) if convert and not has_categories else None
    became = f"converted to {model.family}" if model else "kept as the joblib file"
    return Imported(
        model=model or kept,
        found=(*contents.found, f"{type(contents.estimator).__name__}: {became}"),
        sha256=hashlib.sha256(raw).hexdigest(),
        is_converted=model is not None,
    )


def _columns(
    contents: Contents,
    features: FeatureSpec,
    names: Mapping[str, str],
    fill: Mapping[str, float],
    bad_class: object,
) -> Columns:
    n_columns = len(contents.names) or int(getattr(contents.estimator, "n_features_in_", 0))
    if contents.names:
        wanted = [names.get(name, name) for name in contents.names]
    elif n_columns == len(features):
        wanted = list(features.names)
    else:
        raise DataError(
            f"the classifier takes {n_columns} columns without names, the contract has {len(features)} features; "
            "save it with its feature names"
        )
    unknown = sorted({*wanted, *fill} - set(features.names))
    if unknown:
        raise DataError(
            f"the contract has no feature {', '.join(unknown)}; name its features, or add them to the contract"
        )
    classes = list(contents.estimator.classes_)
    if len(classes) != 2 or bad_class not in classes:  # noqa: PLR2004 - goods and bads
        raise DataError(
            f"expected a classifier of two classes with {bad_class!r} for bad, came {len(classes)} classes; "
            "say which class means bad (bad_class)"
        )
    return Columns(
        n_features=len(features),
        places=tuple(features.names.index(name) for name in wanted),
        fill=tuple(fill.get(name) for name in wanted),
        bad_class=classes.index(bad_class),
    )


def _require_answers(model: ImportedModel, contract: Contract) -> None:
    """Ask for a row of zeros, then with each gap that the contract allows."""
    vector = [0.0] * len(contract.features)
    model.margin(vector)
    refused = []
    for place in model.used:
        if can_be_missing(contract.features[place], contract):
            with_gap = [*vector[:place], math.nan, *vector[place + 1 :]]
            try:
                model.margin(with_gap)
            except DataError:
                refused.append(contract.features[place].name)
    if refused:
        raise DataError(
            f"the classifier takes no missing value of {', '.join(refused)}, and the contract allows them; "
            "say what stands for each (fill)"
        )


def can_be_missing(feature: Feature, contract: Contract) -> bool:
    """Whether an application that the contract accepts may lack the feature."""
    if feature.op in ("missing", "coded"):
        return False
    if feature.only is not None or feature.op == "ratio":
        return True
    return any(
        column.nullable
        or (bool(column.sentinels) and not feature.keep_codes)
        or column.source in contract.consent_sources
        for column in (contract.by_name[name] for name in feature.columns)
    )
