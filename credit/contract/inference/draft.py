"""From a table to the draft of its contract."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from credit.contract.inference import document
from credit.contract.inference.naming import contract_names, reason_code
from credit.contract.inference.note import SEVERITIES, Note
from credit.contract.inference.profile import profile_column
from credit.contract.inference.relation import Labels, clear_direction
from credit.contract.inference.remarks import file_remarks, remarks, without
from credit.contract.inference.roles import Placed, place_columns
from credit.contract.inference.sentinels import Sentinel, find_sentinels
from credit.contract.inference.target import Outcome, read_outcome
from credit.errors import ContractError, DataError

TARGET_NAME = "defaulted"
"""What every product calls its outcome, unless another column is called so."""

PRODUCT = re.compile(r"[a-z][a-z0-9_]{0,63}")


@dataclass(frozen=True)
class Draft:
    """A contract that nobody has confirmed.

    Attributes
    ----------
    document
        Plain values that load as a :class:`credit.contract.Contract`.
    notes
        What a person should look at, warnings first.
    directions
        By feature, what its relation with the outcome suggests. A suggestion is no constraint: models
        follow a direction only when a person has written it into the contract.
    """

    document: dict[str, Any]
    notes: tuple[Note, ...]
    directions: Mapping[str, str]


def draft_contract(
    frame: pd.DataFrame, *, target: str, product: str, bad: str | None = None
) -> Draft:
    """Draft a contract for a table.

    Every column of the file gets a place. Identifiers, constants, repetitions of other columns, text,
    dates and columns that give the outcome away are known to the contract and never read (role
    ``ignored``); those that sound protected are kept for fairness reports (``protected``); each of the
    rest becomes one feature.

    Parameters
    ----------
    frame
        Raw rows, with the outcome.
    target
        Column of the outcome, with two values.
    product
        Name of the product: lower case letters, digits and underscores.
    bad
        The value of the target that means bad, as text. Needed when its name does not say.

    Raises
    ------
    DataError
        When there are no rows, column names repeat or are no text, the target is not there or has not two
        values, or no column can be used.
    ContractError
        When `product` is no name of a product.
    """
    if PRODUCT.fullmatch(product) is None:
        raise ContractError(
            f"product {product!r}: expected lower case letters, digits and underscores, a letter first"
        )
    _require_table(frame, target)
    outcome = read_outcome(target, frame[target], bad)
    others = [name for name in frame.columns if name != target]
    placed = place_columns([profile_column(name, frame[name]) for name in others], outcome.labels)
    if not any(p.role == "feature" for p in placed):
        reasons = "; ".join(f"{note.field}: {note.text}" for p in placed for note in p.notes[:1])
        raise DataError(f"no column can be a feature: {reasons or 'the target is the only column'}")
    names = contract_names(list(frame.columns))
    if TARGET_NAME not in names.values():
        names[target] = TARGET_NAME
    return _assembled(frame, target, product, outcome, placed, names)


def _require_table(frame: pd.DataFrame, target: str) -> None:
    if frame.empty:
        raise DataError("the table holds no rows; a contract is drafted from rows with an outcome")
    if not all(isinstance(name, str) for name in frame.columns):
        raise DataError("expected column names of text, some are not; name every column")
    twice = sorted(set(frame.columns[frame.columns.duplicated()]))
    if twice:
        raise DataError(f"columns given twice: {', '.join(twice)}; rename or remove one of each")
    if target not in frame.columns:
        known = ", ".join(frame.columns)
        raise DataError(f"there is no target column {target}; the table has: {known}")


def _assembled(
    frame: pd.DataFrame,
    target: str,
    product: str,
    outcome: Outcome,
    placed: Sequence[Placed],
    names: Mapping[str, str],
) -> Draft:
    by_role: dict[str, str] = {
        p.role: p.profile.name for p in placed if p.role in ("id", "applicant_id")
    }
    columns = [
        document.reference_column("id", by_role.get("id")),
        document.reference_column("applicant_id", by_role.get("applicant_id")),
        document.target_column(names[target], target, outcome),
    ]
    features: list[document.Part] = []
    reasons: list[document.Part] = []
    directions: dict[str, str] = {}
    notes = [*outcome.notes, *(note for p in placed for note in p.notes)]
    for p in placed:
        if p.role in by_role:
            continue
        name, profile = names[p.profile.name], p.profile
        used = p.role in ("feature", "protected")
        sentinels = find_sentinels(profile) if used and profile.is_number else ()
        columns.append(document.column(name, p.role, profile, sentinels))
        if used:
            notes += remarks(profile, sentinels)
        if p.role != "feature":
            continue
        code = reason_code(name, {group["code"] for group in reasons})
        features.append(document.feature(name, profile, code))
        reasons.append(document.reason(code, name))
        suggestion = _direction(p, sentinels, outcome.labels)
        if suggestion:
            directions[name] = suggestion
    notes += file_remarks(
        frame.drop(columns=[target, *by_role.values()]),
        knows_persons="applicant_id" in by_role,
        n_features=len(features),
        n_directions=len(directions),
    )
    contract: document.Part = {
        "product": product,
        "version": "1",
        "description": f"Drafted from {len(frame):,} rows; say here what is lent, and what bad means.",
        "columns": columns,
        "features": features,
        "reasons": reasons,
        "policy": document.policy(),
    }
    ordered = sorted(notes, key=lambda note: SEVERITIES.index(note.severity))
    return Draft(contract, tuple(ordered), directions)


def _direction(placed: Placed, sentinels: Sequence[Sentinel], labels: Labels) -> str:
    if not placed.profile.is_number:
        return ""
    known = ~np.isnan(labels)
    values = without(placed.profile.values, sentinels)
    found = clear_direction(values[known], labels[known])
    if found is None:
        return ""
    direction, lowest, highest = found
    return (
        f"PD looks {direction}: {lowest:.1%} of the lowest values are bad, {highest:.1%} of the highest; "
        f"if that must hold, write risk: {direction}"
    )
