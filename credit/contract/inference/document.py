"""The parts of a contract document, as plain dictionaries in the order that people read them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from credit.contract.column import Role
from credit.contract.inference.bounds import outward_range
from credit.contract.inference.naming import in_words, words
from credit.contract.inference.profile import Profile
from credit.contract.inference.remarks import without
from credit.contract.inference.sentinels import Sentinel
from credit.contract.inference.target import DEFAULT_COSTS, Outcome

LARGEST_PLAIN_INTEGER = 1e15
"""Beyond it, digits of a float are no longer all meant."""

Part = dict[str, Any]


def reference_column(role: Role, source_name: str | None) -> Part:
    """Column of the reference of an application (role ``id``) or of a person (``applicant_id``)."""
    whose = "application" if role == "id" else "person"
    name = "application_id" if role == "id" else "applicant_id"
    missing = "" if source_name is not None else "; the file has none"
    column = {
        "name": name,
        "role": role,
        "type": "text",
        "description": f"The lender's reference of the {whose}{missing}.",
    }
    return column | _source_names(name, source_name)


def target_column(name: str, source_name: str, outcome: Outcome) -> Part:
    """Column of the outcome."""
    column: Part = {
        "name": name,
        "role": "target",
        "type": outcome.type,
        "description": f"Outcome: {' '.join(words(source_name)) or name}.",
    }
    column |= _source_names(name, source_name)
    return column if outcome.bad is None else column | {"bad": outcome.bad}


def column(name: str, role: Role, profile: Profile, sentinels: Sequence[Sentinel]) -> Part:
    """Column of any other role."""
    read = role in ("feature", "protected")
    kind = profile.kind if read or role == "time" else "text"
    found: Part = {
        "name": name,
        "role": role,
        "type": kind,
        "description": f"{in_words(name).capitalize()}.",
    }
    found |= _source_names(name, profile.name)
    if not read:
        return found
    if profile.is_number:
        found |= _range(profile, sentinels)
    if profile.n_missing:
        found["nullable"] = True
    if profile.kind == "category":
        found["categories"] = {code: _meaning(code) for code in profile.codes}
    if sentinels:
        found["sentinels"] = {s.value: "a code, not an amount or a count" for s in sentinels}
    return found


def feature(name: str, profile: Profile, reason: str) -> Part:
    """One feature of one column, without a direction."""
    operation = "category" if profile.kind == "category" else "value"
    return {"name": name, "op": operation, "columns": [name], "risk": "any", "reason": reason}


def reason(code: str, name: str) -> Part:
    """Reason group of one feature, with a sentence that takes no side."""
    return {"code": code, "text": f"The value given for {in_words(name)}."}


def policy() -> Part:
    """Costs of ten to one, and bands on both sides of the cut-off of 1/11 that follows."""
    false_negative, false_positive = DEFAULT_COSTS
    bands: list[tuple[float | str, str, str]] = [
        (0.03, "LOW", "Excellent"),
        ("cutoff", "MEDIUM", "Good"),
        (0.25, "HIGH", "Average"),
        (1.0, "CRITICAL", "Poor"),
    ]
    return {
        "version": "1",
        "cost_false_negative": false_negative,
        "cost_false_positive": false_positive,
        "review_band": 0.2,
        "bands": [{"below": b, "risk_level": level, "rating": r} for b, level, r in bands],
    }


def _source_names(name: str, source_name: str | None) -> Part:
    return {} if source_name in (None, name) else {"source_names": [source_name]}


def _range(profile: Profile, sentinels: Sequence[Sentinel]) -> Part:
    values = without(profile.values, sentinels)
    values = values[np.isfinite(values)]
    minimum, maximum = outward_range(values)
    # Two digits of the median, so that nobody's value is an example.
    median = float(np.quantile(values, 0.5, method="nearest"))
    example = min(max(float(f"{median:.1e}"), minimum), maximum)
    example = float(round(example)) if profile.kind == "integer" else example
    return {
        "minimum": _plain(minimum),
        "maximum": _plain(maximum),
        "example": _plain(example),
    }


def _plain(value: float) -> int | float:
    return int(value) if value.is_integer() and abs(value) < LARGEST_PLAIN_INTEGER else value


def _meaning(code: str) -> str:
    return f"code {code}" if code.lstrip("-").isdecimal() else code.replace("_", " ").lower()
