"""What was answered and what another model says about the same applicants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from credit.errors import DataError
from credit.metrics.sample import FloatArray

DECISIONS = ("approve", "review", "decline")


@dataclass(frozen=True, slots=True, eq=False)
class PairedScores:
    """What was answered and what the other model says, one row a decision, all of one length.

    Attributes
    ----------
    applicants
        Whom each decision was about; the intervals of means allow decisions on one applicant to be alike.
    answered_pd, shadow_pd
        Probabilities of default.
    answered_decision, shadow_decision
        Of `DECISIONS`.
    answered_reasons, shadow_reasons
        Codes, most adverse first.
    exposure
        Amount at risk if approved; NaN where it is not known. None: everything is per loan asked for.
    bad
        What became of it: 1 bad, 0 good, NaN not known (yet). None without outcomes.
    """

    applicants: NDArray[np.str_]
    answered_pd: FloatArray
    shadow_pd: FloatArray
    answered_score: FloatArray
    shadow_score: FloatArray
    answered_decision: NDArray[np.str_]
    shadow_decision: NDArray[np.str_]
    answered_reasons: Sequence[tuple[str, ...]]
    shadow_reasons: Sequence[tuple[str, ...]]
    exposure: FloatArray | None = None
    bad: FloatArray | None = None

    def __post_init__(self) -> None:
        names = [name for name in self.__slots__ if getattr(self, name) is not None]
        lengths = {name: len(getattr(self, name)) for name in names}
        if len(set(lengths.values())) != 1:
            raise DataError(f"expected columns of one length, came {lengths}")
        for name in ("answered_decision", "shadow_decision"):
            other = sorted(set(np.unique(getattr(self, name)).tolist()) - set(DECISIONS))
            if other:
                raise DataError(f"{name}: expected {', '.join(DECISIONS)}, came {', '.join(other)}")

    def __len__(self) -> int:
        return len(self.answered_pd)
