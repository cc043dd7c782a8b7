"""What a joblib file holds: a classifier, or a dict with one among other things."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from credit.errors import DataError

NAME_KEYS = ("features", "feature_names", "feature_columns", "columns")
SCALED_KEYS = ("cols_to_scale", "columns_to_scale", "scaled_columns")


@dataclass(frozen=True)
class Contents:
    """Parts that were recognised.

    Attributes
    ----------
    names
        Columns that the estimator takes, in order; empty when the file does not say.
    scaler, scaled
        A scaler that runs first, and the columns it takes; it may know columns that the estimator
        does not use.
    found
        One line per entry of the file, for the person who imports it.
    """

    estimator: Any
    names: tuple[str, ...]
    scaler: Any | None
    scaled: tuple[str, ...]
    found: tuple[str, ...]


def look_inside(opened: Any) -> Contents:
    """Recognise what was saved.

    Raises
    ------
    DataError
        When there is not exactly one classifier with ``predict_proba``.
    """
    entries: Mapping[str, Any] = (
        {str(key): value for key, value in opened.items()}
        if isinstance(opened, Mapping)
        else {"the file": opened}
    )
    estimators = [key for key, value in entries.items() if hasattr(value, "predict_proba")]
    if len(estimators) != 1:
        raise DataError(
            f"expected one classifier with predict_proba in the file, came {len(estimators)} among "
            f"{', '.join(sorted(entries)) or 'no entries'}; save the fitted classifier or Pipeline"
        )
    scalers = [k for k, v in entries.items() if k not in estimators and hasattr(v, "transform")]
    if len(scalers) > 1:
        raise DataError(
            f"expected at most one scaler beside the classifier, came {', '.join(sorted(scalers))}; "
            "save one Pipeline instead"
        )
    estimator = entries[estimators[0]]
    scaler = entries[scalers[0]] if scalers else None
    names = _names(entries, NAME_KEYS) or _fitted_names(estimator)
    scaled = (_names(entries, SCALED_KEYS) or _fitted_names(scaler) or names) if scalers else ()
    return Contents(estimator, names, scaler, scaled, _lines(entries, estimators + scalers))


def _names(entries: Mapping[str, Any], keys: Sequence[str]) -> tuple[str, ...]:
    for key in keys:
        if key in entries and not isinstance(entries[key], str):
            return tuple(map(str, entries[key]))
    return ()


def _fitted_names(fitted: Any) -> tuple[str, ...]:
    return tuple(map(str, getattr(fitted, "feature_names_in_", ())))


def _lines(entries: Mapping[str, Any], used: Sequence[str]) -> tuple[str, ...]:
    lines = []
    for key, value in entries.items():
        kind = type(value).__name__
        if key in used:
            lines.append(f"{key}: {kind}, used")
        elif key in (*NAME_KEYS, *SCALED_KEYS):
            lines.append(f"{key}: {len(value)} names, used")
        else:
            lines.append(f"{key}: {kind}, not used")
    return tuple(lines)
