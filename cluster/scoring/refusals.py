"""Rows that were not scored: by which rule, how many, and the numbers of the first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from credit.contract.rows import CheckedRows
from credit.data.parts import Part
from credit.errors import Failure

SHOWN = 5
"""Numbers of rows that are kept of each rule in a file: a file of any size may break one in every row."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One rule, and rows of the file that break it.

    Attributes
    ----------
    field, rule, message
        As in :class:`credit.errors.Failure`.
    n_rows
        How many rows.
    numbers
        Their numbers, counted from 1 below the header: all of a part, the first :data:`SHOWN` of a file.
    """

    field: str
    rule: str
    message: str
    n_rows: int
    numbers: tuple[int, ...]

    def __str__(self) -> str:
        """Return the refusal as a sentence without any value."""
        shown = self.numbers[:SHOWN]
        numbers = ", ".join(f"{number:,}" for number in shown)
        more = ", ..." if self.n_rows > len(shown) else ""
        rows = "row" if self.n_rows == 1 else f"{self.n_rows:,} rows:"
        return f"{self.field}: {self.message} ({rows} {numbers}{more})"


def refusals_of(part: Part, checked: CheckedRows) -> list[Refusal]:
    """Rows of a part that have not the header's fields, or break the contract."""
    numbers = part.numbers
    found = [
        Refusal(b.field, b.rule, b.message, int(b.rows.sum()), tuple(numbers[b.rows].tolist()))
        for b in checked.broken
    ]
    if part.torn:
        message = "expected as many fields as the header has"
        found.append(Refusal("row", "length", message, len(part.torn), part.torn))
    return found


def refusal_of(failure: Failure, number: int) -> Refusal:
    """One row that breaks one rule."""
    return Refusal(failure.field, failure.rule, failure.message, 1, (number,))


def merged(refusals: Iterable[Refusal]) -> list[Refusal]:
    """Put refusals by the same rule together, those of most rows first; parts come in their order."""
    found: dict[tuple[str, str, str], Refusal] = {}
    for new in refusals:
        key = (new.field, new.rule, new.message)
        old = found.get(key)
        found[key] = _joined(Refusal(*key, 0, ()) if old is None else old, new)
    return sorted(found.values(), key=lambda refusal: -refusal.n_rows)


def _joined(old: Refusal, new: Refusal) -> Refusal:
    numbers = (*old.numbers, *new.numbers)[:SHOWN]
    return Refusal(old.field, old.rule, old.message, old.n_rows + new.n_rows, numbers)
