"""Contract names and reason codes out of whatever a file calls its columns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

LONGEST_NAME = 64
LONGEST_CODE = 40

RESERVED = ("application_id", "applicant_id", "as_of", "consents")
"""Fields of every application; no column of another meaning may take these names."""

_GERMAN = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}
)


def words(name: str) -> tuple[str, ...]:
    """Split a name into lower-case words: at capitals, digits that precede them, and punctuation.

    Examples
    --------
    >>> words("NumberOfTime30-59DaysPastDue")
    ('number', 'of', 'time30', '59', 'days', 'past', 'due')
    >>> words("BILL_AMT1")
    ('bill', 'amt1')
    """
    plain = unicodedata.normalize("NFKD", name.translate(_GERMAN))
    ascii_only = plain.encode("ascii", "ignore").decode()
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", ascii_only)
    return tuple(word.lower() for word in re.findall(r"[A-Za-z0-9]+", spaced))


def contract_names(columns: Sequence[str]) -> dict[str, str]:
    """Give every column a name that a contract takes; equal ones are numbered.

    A column whose name already fits keeps it, whatever the others are called.
    """
    names = {c: c for c in columns if _snake(c) == c and c not in RESERVED}
    taken = {*RESERVED, *names}
    for column in columns:
        if column not in names:
            names[column] = numbered(_snake(column), taken, longest=LONGEST_NAME)
            taken.add(names[column])
    return {column: names[column] for column in columns}


def reason_code(name: str, taken: Iterable[str]) -> str:
    """Return a reason code for a feature that no other reason has."""
    code = name.upper() if len(name) > 1 else f"{name.upper()}_VALUE"
    return numbered(code, set(taken), longest=LONGEST_CODE)


def in_words(name: str) -> str:
    """Return a contract name as prose."""
    return name.replace("_", " ").strip()


def numbered(name: str, taken: set[str], *, longest: int) -> str:
    """Return the name, with the first free number behind it when it is taken."""
    candidate, number = name[:longest], 1
    while candidate in taken:
        number += 1
        suffix = f"_{number}"
        candidate = name[: longest - len(suffix)] + suffix
    return candidate


def _snake(column: str) -> str:
    joined = "_".join(words(column))[:LONGEST_NAME]
    if not joined:
        return "column"
    return joined if joined[0].isalpha() else f"column_{joined}"[:LONGEST_NAME]
