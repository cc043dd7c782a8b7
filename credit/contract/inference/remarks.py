"""What is unusual about a column that is used."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from credit.contract.inference.note import THE_FILE, Note, rows
from credit.contract.inference.profile import FEW_LEVELS, Profile, Values
from credit.contract.inference.sentinels import Sentinel, negative_codes, told
from credit.contract.inference.vocabulary import (
    NO_ANSWER,
    sounds_like_age,
    sounds_like_measure,
    sounds_like_place,
    sounds_protected,
    speaks_of_age,
)

MOSTLY_ONE_VALUE = 0.99
MOSTLY_MISSING = 0.5

RARE = 5
"""Notes count the codes of fewer rows. The contract holds them: their rows could not be read otherwise."""

FAR = 3.0
"""How far beyond the 99.9% quantile the largest value may lie, in distances of that from the median."""

FEWEST_ROWS_FOR_A_TAIL = 1_000
ADULT, OLDEST = 18, 120


def remarks(profile: Profile, sentinels: Sequence[Sentinel]) -> tuple[Note, ...]:
    """Look at a column that is a feature or protected, and say what is unusual."""
    notes = [*_missing(profile), *_codes(profile), *_meaning(profile)]
    if profile.is_number:
        notes += [*_numbers(profile, sentinels), *_ages(profile)]
    return tuple(notes)


def file_remarks(
    inputs: pd.DataFrame, *, knows_persons: bool, n_features: int, n_directions: int
) -> tuple[Note, ...]:
    """Say what only a person can add to a draft, and what is unusual about its rows as a whole."""
    notes = [
        Note(
            "ask",
            THE_FILE,
            "descriptions, meanings of codes and reason sentences are made of names; rewrite them, applicants "
            "read the reasons",
        ),
        Note(
            "ask",
            THE_FILE,
            f"no feature has a direction; {n_directions} of {n_features} relations look clear and stand beside "
            "their features, write risk where one must hold",
        ),
    ]
    if not knows_persons:
        text = "no column names the person; rows of one person may be learned from and judged on"
        notes.append(Note("check", THE_FILE, text))
    try:
        n_repeated = int(inputs.duplicated().sum())
    except TypeError:  # cells that cannot be compared
        n_repeated = 0
    if n_repeated:
        text = f"{rows(n_repeated)} with the values of an earlier row, which stay on one side of a split"
        notes.append(Note("check", THE_FILE, text))
    return tuple(notes)


def without(values: Values, sentinels: Sequence[Sentinel]) -> Values:
    """Values with those of sentinels missing."""
    return np.where(np.isin(values, [s.value for s in sentinels]), np.nan, values)


def _missing(profile: Profile) -> Iterator[Note]:
    if profile.missing_share > MOSTLY_MISSING:
        yield Note("check", profile.name, f"is missing in {profile.missing_share:.0%} of the rows")
    present = profile.values[~np.isnan(profile.values)]
    share = np.unique(present, return_counts=True)[1].max() / len(present)
    if share > MOSTLY_ONE_VALUE:
        yield Note("check", profile.name, f"has one value in {share:.2%} of the rows that have any")


def _codes(profile: Profile) -> Iterator[Note]:
    if profile.kind != "category":
        return
    if profile.remark:
        yield Note("warn", profile.name, profile.remark)
    if all(code.lstrip("-").isdecimal() for code in profile.codes):
        yield Note(
            "ask",
            profile.name,
            "its numbers are taken as codes without an order; say what each means",
        )
    silent = [code for code in profile.codes if code.strip().lower() in NO_ANSWER]
    if silent:
        codes = ", ".join(silent)
        yield Note(
            "ask", profile.name, f"the code {codes} may stand for no answer; it is a category now"
        )
    n_rare = int((np.bincount(_places(profile)) < RARE).sum())
    if n_rare:
        yield Note(
            "check",
            profile.name,
            f"{n_rare} of its codes stand in fewer than {RARE} rows; group them",
        )


def _places(profile: Profile) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return profile.values[~np.isnan(profile.values)].astype(np.int64)


def _meaning(profile: Profile) -> Iterator[Note]:
    if sounds_protected(profile.name):
        return
    if speaks_of_age(profile.name):
        yield Note("ask", profile.name, "speaks of an age; make it protected if it is a person's")
    if sounds_like_place(profile.name):
        text = "may say where people live, which can stand in for protected groups; decide whether to use it"
        yield Note("ask", profile.name, text)


def _numbers(profile: Profile, sentinels: Sequence[Sentinel]) -> Iterator[Note]:
    n_infinite = int(np.isinf(profile.values).sum())
    if n_infinite:
        yield Note(
            "warn", profile.name, f"{rows(n_infinite)} with an infinite number, which is refused"
        )
    near = () if any(s.value < 0 for s in sentinels) else negative_codes(profile)
    if sentinels:
        yield Note("ask", profile.name, told(sentinels))
    if near:
        text = f"{', '.join(map(str, near))} beside counts may be codes; if so, list them under sentinels"
        yield Note("ask", profile.name, text)
    elif _may_be_codes(profile):
        text = f"has {profile.n_distinct} whole values, read as numbers; if they are codes, write type category"
        yield Note("ask", profile.name, text)
    values = without(profile.values, sentinels)
    yield from _far(profile.name, values[np.isfinite(values)])


def _may_be_codes(profile: Profile) -> bool:
    few = 2 < profile.n_distinct <= FEW_LEVELS  # noqa: PLR2004 (two are a flag)
    return profile.kind == "integer" and few and not sounds_like_measure(profile.name)


def _far(name: str, values: Values) -> Iterator[Note]:
    if len(values) < FEWEST_ROWS_FOR_A_TAIL:
        return
    low, median, high = np.quantile(values, [0.001, 0.5, 0.999], method="nearest").tolist()
    for end, extreme, quantile in (
        ("largest", values.max(), high),
        ("smallest", values.min(), low),
    ):
        if abs(extreme - quantile) > FAR * abs(quantile - median) > 0:
            ratio = abs(extreme - median) / abs(quantile - median)
            text = (
                f"its {end} value lies {ratio:,.0f} times as far from the middle as 99.9% of the rows; "
                "correct such rows, or bound the feature with cap_quantile"
            )
            yield Note("check", name, text)


def _ages(profile: Profile) -> Iterator[Note]:
    if not sounds_like_age(profile.name):
        return
    if np.quantile(profile.finite, 0.5, method="nearest") < ADULT:  # not years: a band, or a birth
        return
    n = int(((profile.finite < ADULT) | (profile.finite > OLDEST)).sum())
    if n:
        text = f"{rows(n)} outside {ADULT} to {OLDEST}; narrow minimum and maximum to refuse them"
        yield Note("check", profile.name, text)
