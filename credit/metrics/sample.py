"""What a sample must be before a metric may be computed on it."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from credit.errors import DataError, SettingsInvalid

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
BoolArray = NDArray[np.bool_]

MINIMUM_BADS = 50
"""With fewer bads a metric decides nothing: at 50 the 95 % interval of an AUC of 0.8 is 0.15 wide.

By formula 1 of Hanley, J. A., McNeil, B. J. (1982). The meaning and use of the area under a
receiver operating characteristic curve. Radiology 143, 29-36. doi:10.1148/radiology.143.1.7063747
"""


class FewBadsWarning(UserWarning):
    """A model was fitted, or a metric shown, on fewer than :data:`MINIMUM_BADS` bads."""


def enough_bads(y: ArrayLike) -> bool:
    """Whether a sample holds at least :data:`MINIMUM_BADS` bads.

    A report prints "too few bads" where this is false, instead of a number that invites a decision.

    Parameters
    ----------
    y
        Target of shape ``(n_applicants,)``, 1 = bad. One class alone, or no row, is a valid
        question here.
    """
    return int(np.count_nonzero(as_flags(y, "target", ("good", "bad")))) >= MINIMUM_BADS


def checked_target(y: ArrayLike) -> BoolArray:
    """Return the target as booleans, true = bad.

    Raises
    ------
    DataError
        Not one-dimensional, a value other than 0 and 1, or only one of the two classes.
    """
    bad = as_flags(y, "target", ("good", "bad"))
    n_bads = int(np.count_nonzero(bad))
    if n_bads in (0, bad.size):
        held = "no rows" if bad.size == 0 else f"{n_bads} bads and {bad.size - n_bads} goods"
        raise DataError(f"target: expected both goods and bads, came {held}")
    return bad


def checked_pair(y: ArrayLike, values: ArrayLike, name: str) -> tuple[BoolArray, FloatArray]:
    """Return a target and one number per row that belongs to it.

    Parameters
    ----------
    y
        Target of shape ``(n_applicants,)``, 1 = bad.
    values
        Numbers of the same shape; infinities are allowed (they rank), NaN is not.
    name
        What the numbers are, for the message.

    Raises
    ------
    DataError
        As :func:`checked_target`; or lengths differ, or a number is NaN.
    """
    bad = checked_target(y)
    numbers = as_numbers(values, name)
    if numbers.shape != bad.shape:
        raise DataError(
            f"{name}: expected one number per row of the target,"
            f" came {numbers.size} for {bad.size} rows"
        )
    n_missing = int(np.count_nonzero(np.isnan(numbers)))
    if n_missing:
        raise DataError(f"{name}: {n_missing} of {numbers.size} rows are NaN; score or drop them")
    return bad, numbers


def checked_probabilities(y: ArrayLike, prob: ArrayLike) -> tuple[BoolArray, FloatArray]:
    """Return a target and its predicted PDs, as :func:`checked_pair`, each PD within [0, 1]."""
    bad, numbers = checked_pair(y, prob, "prob")
    n_outside = int(np.count_nonzero((numbers < 0) | (numbers > 1)))
    if n_outside:
        raise DataError(
            f"prob: expected probabilities, {n_outside} of {numbers.size} rows lie outside [0, 1]"
        )
    return bad, numbers


def as_numbers(values: ArrayLike, name: str) -> FloatArray:
    """Return a one-dimensional float64 array, or say why the values are none."""
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"{name}: expected numbers only") from error
    if numbers.ndim != 1:
        raise DataError(f"{name}: expected one dimension, came {numbers.ndim}")
    return numbers


def as_flags(values: ArrayLike, name: str, meaning: tuple[str, str]) -> BoolArray:
    """Return zeros and ones as booleans, or say why the values are neither.

    Parameters
    ----------
    values
        Shape ``(n_rows,)``, each 0, 1, false or true.
    name, meaning
        What the flags are, and what 0 and 1 stand for, for the message.
    """
    numbers = as_numbers(values, name)
    flags: BoolArray = numbers == 1
    n_other = int(np.count_nonzero(~flags & (numbers != 0)))
    if n_other:
        raise DataError(
            f"{name}: expected 0 ({meaning[0]}) or 1 ({meaning[1]}),"
            f" {n_other} of {numbers.size} rows are neither"
        )
    return flags


def declined_at(prob: FloatArray, cutoff: float) -> BoolArray:
    """Whom a cut-off declines: every PD at or above it.

    Raises
    ------
    SettingsInvalid
        The cut-off is NaN.
    """
    if math.isnan(cutoff):
        raise SettingsInvalid("cutoff: expected a number, came NaN")
    declined: BoolArray = prob >= cutoff
    return declined
