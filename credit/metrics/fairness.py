"""Whether decisions fall alike on groups: gaps in approval, among all and among goods."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from credit.errors import DataError, SettingsInvalid
from credit.metrics.interval import Interval, normal_quantile
from credit.metrics.proportion import newcombe_interval, wilson_interval
from credit.metrics.sample import BoolArray, as_flags, checked_target

MINIMUM_GROUP = 100
"""Rows below which a rate is not compared: at 100 its 95 % interval is up to 0.19 wide."""


@dataclass(frozen=True, slots=True)
class GroupRate:
    """Approval rate of one group.

    Attributes
    ----------
    group
        Its label.
    rate
        With its Wilson interval; ``n`` counts the rows it is of, ``n_bads`` the approved ones.
    """

    group: str
    rate: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupGap:
    """Largest difference in approval between two groups.

    Attributes
    ----------
    gap
        Highest rate less lowest, from 0 to 1, or None where fewer than two groups are large enough.
        ``n`` and ``n_bads`` count the rows and the approved of these two groups.
    highest, lowest
        The two groups, or None likewise; equal rates are told apart by label.
    rates
        The groups that were compared, in order of their labels.
    too_small
        The groups that were not: fewer rows than the minimum, in order of their labels.
    minimum
        Rows that a group needs to be compared.
    """

    gap: Interval | None
    highest: str | None
    lowest: str | None
    rates: tuple[GroupRate, ...]
    too_small: tuple[str, ...]
    minimum: int


def demographic_parity_gap(
    group: ArrayLike,
    approved: ArrayLike,
    *,
    minimum: int = MINIMUM_GROUP,
    level: float = 0.95,
) -> GroupGap:
    """Largest difference between groups in the share of applicants approved.

    It asks for equal rates whatever the risks. Where groups differ in their bad rates, read it
    beside :func:`equal_opportunity_gap`.

    The interval is :func:`~credit.metrics.proportion.newcombe_interval`. The two groups were picked
    because they differ most, so with k groups it is taken at the level
    ``1 - (1 - level) / (k (k - 1) / 2)`` (Bonferroni), which covers all pairs at once.

    Parameters
    ----------
    group
        Label of each applicant, shape ``(n_applicants,)``: text, whole numbers or booleans.
    approved
        1 = approved, 0 = declined, same shape.
    minimum
        Rows below which a group is named and not compared.

    Raises
    ------
    DataError
        No rows, lengths that differ, a label that is missing, or a decision that is neither 0 nor 1.
    SettingsInvalid
        ``minimum`` is below 1, or ``level`` is outside (0, 1).
    """
    labels, flags = _checked(group, approved)
    return _gap(labels, labels, flags, minimum, level)


def equal_opportunity_gap(
    group: ArrayLike,
    approved: ArrayLike,
    y: ArrayLike,
    *,
    minimum: int = MINIMUM_GROUP,
    level: float = 0.95,
) -> GroupGap:
    """Largest difference between groups in the share of goods who are approved.

    Who would have repaid should have the same chance of a loan in every group. Rates, intervals and
    ``minimum`` as in :func:`demographic_parity_gap`, over goods alone. Outcomes of declined
    applicants are seldom known: on approved ones only, this says nothing.

    Parameters
    ----------
    y
        Target of each applicant, 1 = bad, shape ``(n_applicants,)``.

    Raises
    ------
    DataError
        As :func:`demographic_parity_gap` and :func:`~credit.metrics.sample.checked_target`.

    References
    ----------
    Hardt, M., Price, E., Srebro, N. (2016). Equality of opportunity in supervised learning. NIPS
    29, 3315-3323. doi:10.48550/arXiv.1610.02413
    """
    labels, flags = _checked(group, approved)
    good = ~checked_target(y)
    if good.size != labels.size:
        raise DataError(
            f"target: expected one row per applicant, came {good.size} for {labels.size}"
        )
    return _gap(labels, labels[good], flags[good], minimum, level)


def _gap(
    everyone: NDArray[np.str_],
    labels: NDArray[np.str_],
    approved: BoolArray,
    minimum: int,
    level: float,
) -> GroupGap:
    normal_quantile(level)
    if minimum < 1:
        raise SettingsInvalid(f"minimum: expected at least 1, came {minimum}")
    counts = {
        str(label): (int(np.count_nonzero(of_group & approved)), int(np.count_nonzero(of_group)))
        for label in np.unique(everyone)
        for of_group in (labels == label,)
    }
    large = {label: count for label, count in counts.items() if count[1] >= minimum}
    rates = tuple(GroupRate(label, wilson_interval(*large[label], level)) for label in large)
    compared = len(rates) > 1
    lowest = min(rates, key=lambda each: each.rate.estimate).group if compared else None
    highest = max(reversed(rates), key=lambda each: each.rate.estimate).group if compared else None
    gap = None
    if highest is not None and lowest is not None:
        n_pairs = math.comb(len(rates), 2)
        bounds = newcombe_interval(large[highest], large[lowest], 1 - (1 - level) / n_pairs)
        gap = replace(bounds, level=level)
    return GroupGap(
        gap=gap,
        highest=highest,
        lowest=lowest,
        rates=rates,
        too_small=tuple(label for label in counts if label not in large),
        minimum=minimum,
    )


def _checked(group: ArrayLike, approved: ArrayLike) -> tuple[NDArray[np.str_], BoolArray]:
    import pandas as pd

    flags = as_flags(approved, "approved", ("declined", "approved"))
    raw = np.asarray(group, dtype=object)
    if raw.ndim != 1 or raw.size == 0 or raw.size != flags.size:
        raise DataError(
            "group: expected one label per decision and at least one,"
            f" came shape {raw.shape} for {flags.size} decisions"
        )
    n_missing = int(np.count_nonzero(pd.isna(raw)))
    if n_missing:
        raise DataError(
            f"group: {n_missing} of {raw.size} labels are missing; name them, or drop the rows"
        )
    return raw.astype(np.str_), flags
