"""From the sealed records of a window to the rows that detectors compare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from credit.records import SealedPart, StoredRecord
from drift.detector import Rows


class Opener(Protocol):
    """What opens sealed parts: a `credit.records.RecordReader` with keys."""

    def open_many(self, batch: Sequence[StoredRecord]) -> list[SealedPart | None]:
        """Open parts in the order given; None where they may not be read."""


@dataclass(frozen=True, slots=True, eq=False)
class OpenedRows:
    """Rows of the decisions that can be compared, and how many cannot.

    Attributes
    ----------
    rows
        Shape ``(n_compared, n_features)``, in the order of the log; NaN means missing.
    n_erased
        Records of people who were erased, or have asked for it and are kept for the law alone.
    """

    rows: Rows = field(repr=False)
    n_erased: int
    n_mismatched: int


def open_rows(opener: Opener, records: Sequence[StoredRecord], n_features: int) -> OpenedRows:
    """Open the vectors of a window; every record is a row or is counted."""
    parts = [part for part in opener.open_many(records) if part is not None]
    rows = [part.features for part in parts if fits(part.features, n_features)]
    return OpenedRows(
        rows=np.array(rows, dtype=np.float64).reshape(len(rows), n_features),
        n_erased=len(records) - len(parts),
        n_mismatched=len(parts) - len(rows),
    )


def fits(features: Sequence[float], n_features: int) -> bool:
    """Tell whether a vector has the length of the reference and no infinite value."""
    return len(features) == n_features and not np.isinf(features).any()
