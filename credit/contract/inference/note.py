"""What a person should look at in a draft."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["warn", "ask", "check"]

SEVERITIES: tuple[Severity, ...] = ("warn", "ask", "check")
"""From what changes the result most to what is good to know."""

THE_FILE = "the file"
THE_POLICY = "the policy"


@dataclass(frozen=True, slots=True)
class Note:
    """One finding.

    Attributes
    ----------
    severity
        ``warn``: something was left out or will be refused. ``ask``: a guess that only a person can
        confirm. ``check``: unusual, and possibly right.
    field
        Column as the file names it, or ``the file``, ``the policy``.
    text
        One sentence. It holds shares, ranges and codes of the contract, never a value of one row.
    """

    severity: Severity
    field: str
    text: str

    def __str__(self) -> str:
        """Return the finding as one line."""
        return f"{self.severity}: {self.field}: {self.text}"


def rows(n: int) -> str:
    """Return a number of rows in words that agree with it."""
    return "1 row" if n == 1 else f"{n:,} rows"
