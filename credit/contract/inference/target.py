"""Which of two outcomes is the bad one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from credit.contract.cells import cell_texts
from credit.contract.inference.naming import words
from credit.contract.inference.note import THE_POLICY, Note, rows
from credit.contract.inference.relation import Labels
from credit.contract.inference.vocabulary import word_set
from credit.errors import DataError

DEFAULT_COSTS = (10, 1)
"""Cost of a bad loan and of a good customer turned away."""

_BAD = word_set(
    "bad default defaulted charged chargeoff late delinquent overdue unpaid loss lost failed fail npl"
    " schlecht ausfall ausgefallen"
)
_GOOD = word_set(
    "good paid repaid current performing settled solvent gut bezahlt zurueckgezahlt creditworthy"
)
_NEGATIONS = word_set("not non no never kein nicht")
_YES = frozenset({"yes", "y", "true", "t", "ja", "j", "1"})
_NO = frozenset({"no", "n", "false", "f", "nein", "0"})


@dataclass(frozen=True)
class Outcome:
    """The target, read.

    Attributes
    ----------
    labels
        Shape (n_rows,): 1 = bad, 0 = good, NaN where the outcome is not known.
    bad
        The value that means bad, as text; None where the file has 1 = bad, 0 = good already.
    type
        Type of the column in the contract.
    """

    labels: Labels = field(repr=False)
    bad: str | None
    type: str
    notes: tuple[Note, ...]

    @property
    def bad_share(self) -> float:
        """Share of bads among rows whose outcome is known."""
        return float(np.nanmean(self.labels))


def read_outcome(name: str, series: pd.Series[Any], bad: str | None) -> Outcome:
    """Read the target, and guess which value is bad unless it is given.

    Raises
    ------
    DataError
        When there are not exactly two values, `bad` is none of them, or neither can be told to be bad.
    """
    texts = cell_texts(series)
    values = sorted({text for text in texts if text is not None})
    if len(values) != 2:  # noqa: PLR2004 (goods and bads)
        raise DataError(
            f"target {name}: expected two values, one for good and one for bad, came {len(values)}; "
            "keep rows whose outcome is known and name a column with two values"
        )
    if bad is not None and bad not in values:
        raise DataError(
            f"target {name}: bad={bad!r} is not one of its values, {values[0]!r} and {values[1]!r}"
        )
    meant = bad if bad is not None else _guess(name, values, texts)
    labels = np.array([np.nan if text is None else float(text == meant) for text in texts])
    plain = values == ["0", "1"] and meant == "1" and not pd.api.types.is_bool_dtype(series)
    numbers = plain or all(value.lstrip("-").isdecimal() for value in values)
    return Outcome(
        labels=labels,
        bad=None if plain else meant,
        type="integer" if numbers else "text",
        notes=_notes(name, meant, labels, given=bad is not None),
    )


def _guess(name: str, values: list[str], texts: list[str | None]) -> str:
    """Return the value that means bad, by what it or the column is called."""
    sounds = [_sound(value) for value in values]
    if sounds in (["bad", "good"], ["good", "bad"]):
        return values[sounds.index("bad")]
    if sounds.count("") == 1:
        # One of them speaks: `default` beside `other`, `fully paid` beside `settlement`.
        spoken = next(i for i, sound in enumerate(sounds) if sound)
        return values[spoken] if sounds[spoken] == "bad" else values[1 - spoken]
    lower = [value.lower() for value in values]
    yes = [i for i, value in enumerate(lower) if value in _YES]
    no = [i for i, value in enumerate(lower) if value in _NO]
    if len(yes) == len(no) == 1:
        return values[no[0] if _sound(name) == "good" else yes[0]]
    if values == ["1", "2"] and texts.count("2") <= texts.count("1"):
        return "2"
    raise DataError(
        f"target {name}: it is not clear which of {values[0]!r} and {values[1]!r} means bad; say it with bad="
    )


def _sound(text: str) -> str:
    """Whether a text speaks of a bad loan, a good one, or neither."""
    found = set(words(text))
    bad, good = bool(found & _BAD), bool(found & _GOOD)
    if bad == good:
        return ""
    return "bad" if bad != bool(found & _NEGATIONS) else "good"


def _notes(name: str, bad: str, labels: Labels, *, given: bool) -> tuple[Note, ...]:
    notes = []
    share = float(np.nanmean(labels))
    if not given:
        notes.append(Note("ask", name, f"{bad} is taken to mean bad, {share:.1%} of the rows"))
    n_missing = int(np.isnan(labels).sum())
    if n_missing:
        notes.append(
            Note(
                "warn",
                name,
                f"{rows(n_missing)} without an outcome, refused to learn from",
            )
        )
    if share > 0.5 and not given:  # noqa: PLR2004 (more bads than goods)
        notes.append(
            Note("warn", name, "there would be more bads than goods; is it the other way?")
        )
    false_negative, false_positive = DEFAULT_COSTS
    cutoff = false_positive / (false_positive + false_negative)
    text = (
        f"a bad loan is taken to cost {false_negative} times what a good customer turned away costs, so that a "
        f"PD of {cutoff:.1%} or more declines; "
    )
    if share < cutoff:
        notes.append(Note("ask", THE_POLICY, f"{text}write your own costs"))
    else:
        text += f"{share:.1%} of the rows are bad, so the average applicant is declined: write your own costs"
        notes.append(Note("warn", THE_POLICY, text))
    return tuple(notes)
