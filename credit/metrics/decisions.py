"""Decisions of one cut-off, counted by what the applicants turned out to be (the confusion matrix)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from credit.metrics.sample import checked_probabilities, declined_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """Applicants by what they were and what was decided; declined is predicted bad."""

    bads_declined: int
    goods_declined: int
    bads_approved: int
    goods_approved: int

    @property
    def n(self) -> int:
        """All applicants."""
        return self.n_bads + self.goods_declined + self.goods_approved

    @property
    def n_bads(self) -> int:
        """Those who were bad."""
        return self.bads_declined + self.bads_approved


def count_decisions(y: ArrayLike, prob: ArrayLike, cutoff: float) -> Decisions:
    """Count decisions when every PD at or above the cut-off is declined.

    Raises
    ------
    DataError
        As :func:`~credit.metrics.sample.checked_probabilities`.
    SettingsInvalid
        The cut-off is NaN.
    """
    bad, values = checked_probabilities(y, prob)
    declined = declined_at(values, cutoff)
    return Decisions(
        bads_declined=int(np.count_nonzero(bad & declined)),
        goods_declined=int(np.count_nonzero(~bad & declined)),
        bads_approved=int(np.count_nonzero(bad & ~declined)),
        goods_approved=int(np.count_nonzero(~bad & ~declined)),
    )
