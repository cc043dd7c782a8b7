"""Columns of a batch of decisions, checked."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from credit.errors import DataError
from credit.experiment.sums import BoolArray, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Decisions:
    """Columns of a batch of decisions by the champion and one challenger, in the order of the log.

    Attributes
    ----------
    is_challenger
        Whether the challenger decided; shape ``(n_decisions,)``, as all others.
    is_approved
        Whether the decision was to approve.
    default_probability
        PD as decided on, 0 to 1.
    latency_us
        Microseconds from the request to its answer; NaN where nobody took the time, which counts neither way.
    """

    is_challenger: BoolArray
    is_approved: BoolArray
    default_probability: FloatArray
    latency_us: FloatArray


def decisions(
    is_challenger: ArrayLike,
    is_approved: ArrayLike,
    default_probability: ArrayLike,
    latency_us: ArrayLike,
) -> Decisions:
    """Check columns and put them together.

    Raises
    ------
    DataError
        When lengths differ, a PD is not within 0 to 1, or a latency is below 0 or infinite.
    """
    made = Decisions(
        np.asarray(is_challenger, dtype=np.bool_),
        np.asarray(is_approved, dtype=np.bool_),
        np.asarray(default_probability, dtype=np.float64),
        np.asarray(latency_us, dtype=np.float64),
    )
    shapes = {
        column.shape
        for column in (
            made.is_challenger,
            made.is_approved,
            made.default_probability,
            made.latency_us,
        )
    }
    if len(shapes) != 1 or len(next(iter(shapes))) != 1:
        raise DataError(f"decisions: expected columns of one length, came shapes {sorted(shapes)}")
    # Written so that NaN is refused, too: it fails every comparison.
    if not np.all((made.default_probability >= 0) & (made.default_probability <= 1)):
        raise DataError("default_probability: expected 0 to 1 in every decision; some is not")
    if np.any((made.latency_us < 0) | (made.latency_us == math.inf)):
        raise DataError("latency_us: expected at least 0 and finite in every decision; some is not")
    return made
