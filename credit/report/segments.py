"""Decisions and figures by protected group. No model reads these columns; they are only measured here."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from credit.contract.column import Column
from credit.contract.model import Contract
from credit.metrics import (
    GroupGap,
    Interval,
    auc_interval,
    demographic_parity_gap,
    enough_bads,
    equal_opportunity_gap,
    wilson_interval,
)
from credit.report.rows import ScoredRows

Names = npt.NDArray[np.object_]

MOST_GROUPS = 12
AGE_BANDS = 4


@dataclass(frozen=True, kw_only=True)
class Group:
    """One group.

    Attributes
    ----------
    meaning
        What the contract says of the code; empty for bands of numbers.
    approved
        Share that is not declined: approved, or sent to a person.
    auc
        None with fewer bads than a figure can be trusted with.
    """

    name: str
    meaning: str
    n: int
    bad_rate: Interval
    mean_probability: float
    approved: Interval
    auc: Interval | None


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One protected column.

    Attributes
    ----------
    parity
        Gap in the share that is not declined.
    opportunity
        The same among goods.
    n_missing, n_other
        Rows without a value, and rows in groups beyond the largest twelve; they are in no group.
    """

    column: str
    description: str
    groups: tuple[Group, ...]
    parity: GroupGap
    opportunity: GroupGap
    n_missing: int
    n_other: int


def card_segments(scored: ScoredRows, contract: Contract) -> tuple[Segment, ...]:
    """Measure each protected column that the rows hold; one without two groups says nothing and is left out."""
    found = []
    for name, values in scored.rows.segments.items():
        column = contract.by_name[name]
        labels, order = number_bands(values) if column.is_number else category_groups(values)
        y = scored.labels[~pd.isna(labels)]
        if len(order) > 1 and 0 < int(y.sum()) < len(y):
            found.append(_segment(column, labels, order, scored))
    return tuple(found)


def category_groups(values: npt.NDArray[Any]) -> tuple[Names, list[str]]:
    """Name the group of each row (None where it is missing), and the groups by their names."""
    missing = pd.isna(values)
    labels = np.array([None if gone else str(v) for v, gone in zip(values, missing, strict=True)])
    return labels, sorted(set(labels[~missing].tolist()))


def number_bands(values: npt.NDArray[Any]) -> tuple[Names, list[str]]:
    """Name the band of each row, and the bands from low to high: four of about equal size.

    A number of few distinct values, such as a flag, keeps them.
    """
    numbers = values.astype(np.float64)
    known = ~np.isnan(numbers)
    distinct = np.unique(numbers[known])
    if len(distinct) <= AGE_BANDS:
        edges, order = distinct, [f"{value:g}" for value in distinct]
    else:
        quantiles = np.arange(1, AGE_BANDS) / AGE_BANDS
        edges = np.unique(np.quantile(numbers[known], quantiles, method="lower"))
        between = [f"above {a:g}, up to {b:g}" for a, b in pairwise(edges)]
        order = [f"up to {edges[0]:g}", *between, f"above {edges[-1]:g}"]
    labels = np.full(len(numbers), None, dtype=object)
    labels[known] = np.array(order, dtype=object)[np.searchsorted(edges, numbers[known])]
    return labels, order


def _segment(column: Column, labels: Names, order: list[str], scored: ScoredRows) -> Segment:
    sizes = {name: int(np.count_nonzero(labels == name)) for name in order}
    largest = sorted(order, key=lambda name: -sizes[name])[:MOST_GROUPS]
    kept = np.isin(labels, largest)
    approved = scored.decisions != "decline"
    return Segment(
        column=column.name,
        description=column.description,
        groups=tuple(
            _group(name, column.categories.get(name, ""), labels == name, approved, scored)
            for name in order
            if name in largest
        ),
        parity=demographic_parity_gap(labels[kept], approved[kept]),
        opportunity=equal_opportunity_gap(labels[kept], approved[kept], scored.labels[kept]),
        n_missing=int(np.count_nonzero(pd.isna(labels))),
        n_other=sum(n for name, n in sizes.items() if name not in largest),
    )


def _group(
    name: str,
    meaning: str,
    chosen: npt.NDArray[np.bool_],
    approved: npt.NDArray[np.bool_],
    scored: ScoredRows,
) -> Group:
    y, prob = scored.labels[chosen], scored.probabilities[chosen]
    n = len(y)
    both = 0 < int(y.sum()) < n
    return Group(
        name=name,
        meaning=meaning,
        n=n,
        bad_rate=wilson_interval(int(y.sum()), n),
        mean_probability=float(prob.mean()),
        approved=wilson_interval(int(np.count_nonzero(approved[chosen])), n),
        auc=auc_interval(y, prob) if both and enough_bads(y) else None,
    )
