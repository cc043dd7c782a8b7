"""What each column of a file is for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from credit.contract.column import Role
from credit.contract.inference.note import Note, Severity
from credit.contract.inference.profile import Profile
from credit.contract.inference.relation import Labels, category_auc, number_auc
from credit.contract.inference.vocabulary import (
    sounds_like_beginning,
    sounds_like_identifier,
    sounds_like_key,
    sounds_like_person,
    sounds_protected,
)
from credit.contract.row import MAXIMUM_ID_LENGTH

LEAKAGE_AUC = 0.95
"""One column alone that separates better than this was written after the outcome was known."""

FEWEST_ROWS_OF_AN_INDEX = 10
"""Fewer rows in a row of whole numbers are no evidence of a saved index."""

_REFERENCE = re.compile(r"[A-Za-z]{0,6}[-_/]?\d{3,}[A-Za-z]?")


@dataclass(frozen=True)
class Placed:
    """One column with its role, and why it has it."""

    profile: Profile
    role: Role
    notes: tuple[Note, ...] = ()


def place_columns(profiles: Sequence[Profile], labels: Labels) -> tuple[Placed, ...]:
    """Give every column a role; what cannot be a feature is set aside with the reason.

    Parameters
    ----------
    profiles
        All columns but the target.
    labels
        Shape (n_rows,): 1 = bad, NaN where the outcome is not known.
    """
    references = _references(profiles)
    repeated = _repeated(profiles)
    placed: list[Placed] = []
    for profile in profiles:
        first_time = all(p.role != "time" for p in placed)
        placed.append(
            references.get(profile.name)
            or _placed(profile, labels, repeated, may_be_time=first_time)
        )
    return tuple(placed)


def _placed(
    profile: Profile, labels: Labels, repeated: dict[str, str], *, may_be_time: bool
) -> Placed:
    reason = _reason_to_ignore(profile)
    if sounds_protected(profile.name):
        if reason and profile.kind != "text":
            return _put(profile, "ignored", "warn", f"sounds protected, and {reason}; set aside")
        text = (
            "sounds like a characteristic that lending law protects, so it is kept for fairness reports and "
            "is no feature; make it one only if it is something else"
        )
        return _put(profile, "protected", "ask", text)
    if profile.name in repeated:
        reason = f"repeats {repeated[profile.name]} in every row"
    if not reason and profile.kind == "date":
        return _date(profile, may_be_time=may_be_time)
    if not reason:
        known = ~np.isnan(labels)
        rate = category_auc if profile.kind == "category" else number_auc
        separates = rate(profile.values[known], labels[known])
        if separates > LEAKAGE_AUC:
            reason = (
                f"tells the outcome almost alone (AUC {separates:.3f}): it was hardly known before"
            )
    if reason:
        return _put(profile, "ignored", "warn", f"{reason}; set aside")
    return Placed(profile, "feature")


def _put(profile: Profile, role: Role, severity: Severity, text: str) -> Placed:
    return Placed(profile, role, (Note(severity, profile.name, text),))


def _reason_to_ignore(profile: Profile) -> str:
    if profile.kind == "empty":
        return "holds no value"
    if profile.kind == "unreadable":
        return profile.remark
    if profile.n_distinct == 1 and profile.n_missing == 0:
        return "has the same value in every row"
    if sounds_like_key(profile.name) and profile.kind not in ("category", "number"):
        return "refers to something outside the file"
    if profile.kind == "text":
        return profile.remark or f"is text with {profile.n_distinct:,} different values"
    return ""


def _date(profile: Profile, *, may_be_time: bool) -> Placed:
    if may_be_time and profile.n_missing == 0 and sounds_like_beginning(profile.name):
        text = "is taken as the date of the application"
        return _put(profile, "time", "ask", text)
    text = (
        "is a date; set aside, since only a feature with op days (to another date) or calendar can read it: "
        "write one and give the column role feature and type date"
    )
    return _put(profile, "ignored", "ask", text)


def _repeated(profiles: Sequence[Profile]) -> dict[str, str]:
    """Columns that hold what another column holds, and which; a protected one is the original."""
    original: dict[bytes, str] = {}
    repeated: dict[str, str] = {}
    for profile in sorted(profiles, key=lambda p: not sounds_protected(p.name)):
        if profile.kind in ("empty", "unreadable") or profile.n_distinct == 1:
            continue
        plain = np.where(np.isnan(profile.values), np.nan, profile.values + 0.0)
        content = plain.tobytes() + "\0".join(profile.codes).encode("utf-8", "surrogatepass")
        first = original.setdefault(content, profile.name)
        if first != profile.name:
            repeated[profile.name] = first
    return repeated


def _references(profiles: Sequence[Profile]) -> dict[str, Placed]:
    """References of applications and of persons, and other identifiers, which are set aside."""
    unique = [p for p in profiles if _is_identifier(p)]
    persons = [p for p in profiles if _is_repeated_person(p)]
    placed: dict[str, Placed] = {}
    # The reference of an application rather than of a person, and a named one rather than an index.
    for p in sorted(unique, key=lambda p: (sounds_like_person(p.name), not _is_named(p))):
        taken = {found.role for found in placed.values()}
        if "id" not in taken:
            text = "has a value of its own in every row and is taken as the reference of the application"
            if sounds_like_person(p.name):
                text += "; if a person may apply twice, make it applicant_id"
            placed[p.name] = _put(p, "id", "ask", text)
        elif sounds_like_person(p.name) and "applicant_id" not in taken:
            placed[p.name] = _put(
                p, "applicant_id", "ask", "is taken as the reference of the person"
            )
        else:
            text = "has a value of its own in every row, as references do; set aside"
            placed[p.name] = _put(p, "ignored", "warn", text)
    if persons and all(found.role != "applicant_id" for found in placed.values()):
        text = "repeats and is taken as the reference of the person, whose rows stay together"
        placed[persons[0].name] = _put(persons[0], "applicant_id", "ask", text)
    return placed


def _is_named(profile: Profile) -> bool:
    return sounds_like_identifier(profile.name) and not profile.name.startswith("Unnamed:")


def _is_identifier(profile: Profile) -> bool:
    if not profile.unique_per_row or profile.kind not in ("integer", "text"):
        return False
    if profile.kind == "text":
        looks = all(map(_REFERENCE.fullmatch, profile.codes))
        return _printable(profile) and (looks or sounds_like_identifier(profile.name))
    with np.errstate(over="ignore", invalid="ignore"):
        counts_rows = bool((np.diff(profile.values) == 1).all())
    is_index = counts_rows and profile.n_rows >= FEWEST_ROWS_OF_AN_INDEX
    return is_index or sounds_like_identifier(profile.name)


def _is_repeated_person(profile: Profile) -> bool:
    return (
        sounds_like_key(profile.name)
        and sounds_like_person(profile.name)
        and profile.kind in ("integer", "text", "category")
        and 1 < profile.n_distinct < profile.n_rows
        and not profile.remark
        and _printable(profile)
    )


def _printable(profile: Profile) -> bool:
    """Whether the contract accepts every cell as a reference."""
    return all(len(code) <= MAXIMUM_ID_LENGTH and code.isprintable() for code in profile.codes)
