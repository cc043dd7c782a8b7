"""How far two models are apart on the same applicants: their scores, and the reasons they give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from credit.experiment.clustered import clustered_mean
from credit.metrics import Interval, wilson_interval
from credit.metrics.sample import BoolArray, FloatArray

WITHIN_POINTS = (1.0, 5.0, 20.0)
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_BINS = 40


@dataclass(frozen=True, kw_only=True)
class ReasonFlips:
    """How often applicants would be told something else (Wilson); None without such applicants."""

    among: str
    n: int
    first: Interval | None
    any_of_them: Interval | None


@dataclass(frozen=True, kw_only=True)
class ScoreDifferences:
    """Score of the shadow less the score that was answered, in points; positive: it sees less risk.

    Attributes
    ----------
    quantiles
        By share, each with its distribution-free interval.
    within
        Share of decisions that differ by at most so many points (Wilson).
    counts, edges
        A histogram; what lies outside of its edges is counted at its ends.
    """

    mean: Interval
    quantiles: dict[str, Interval]
    within: dict[str, Interval]
    counts: tuple[int, ...]
    edges: tuple[float, ...]


def share_of(mask: BoolArray) -> Interval:
    """Share of rows that a mask counts (Wilson)."""
    return wilson_interval(int(np.count_nonzero(mask)), len(mask))


def reason_flips(
    answered: Sequence[tuple[str, ...]], shadow: Sequence[tuple[str, ...]], refused: BoolArray
) -> tuple[ReasonFlips, ...]:
    """Count reasons that differ, among all and among those whom neither model approves.

    Reasons matter most for the latter: they are told them, and would be told others.
    """
    pairs = list(zip(answered, shadow, strict=True))
    first = np.array([a[:1] != b[:1] for a, b in pairs], dtype=np.bool_)
    any_of_them = np.array([set(a) != set(b) for a, b in pairs], dtype=np.bool_)
    found = []
    for among, mask in (
        ("all decisions", np.ones(len(pairs), dtype=np.bool_)),
        ("not approved by either", refused),
    ):
        n = int(np.count_nonzero(mask))
        found.append(
            ReasonFlips(
                among=among,
                n=n,
                first=share_of(first[mask]) if n else None,
                any_of_them=share_of(any_of_them[mask]) if n else None,
            )
        )
    return tuple(found)


def score_differences(differences: FloatArray, applicants: NDArray[np.str_]) -> ScoreDifferences:
    """Describe differences of scores, one a decision."""
    # Scores have two decimals: what is exactly a point apart must not fall out by rounding.
    points = np.round(np.abs(differences), 2)
    widest = max(1.0, float(np.quantile(points, 0.995)))
    edges = np.linspace(-widest, widest, _BINS + 1)
    counts, _ = np.histogram(np.clip(differences, -widest, widest), bins=edges)
    return ScoreDifferences(
        mean=clustered_mean(differences, applicants),
        quantiles={f"{q:g}": quantile_interval(differences, q) for q in QUANTILES},
        within={f"{limit:g}": share_of(points <= limit) for limit in WITHIN_POINTS},
        counts=tuple(counts.tolist()),
        edges=tuple(edges.tolist()),
    )


def quantile_interval(values: FloatArray, share: float, level: float = 0.95) -> Interval:
    """Quantile with a distribution-free interval.

    The number of values below the quantile is binomial with `share`, so two order statistics, taken at
    its quantiles, hold it between them with at least `level`; at the ends of a small sample with less.

    References
    ----------
    Conover, W. J. (1999). Practical Nonparametric Statistics, 3rd ed., section 3.2. Wiley.
    """
    from scipy.stats import binom

    ordered = np.sort(values)
    n = len(ordered)
    low = int(binom.ppf((1 - level) / 2, n, share))
    high = int(binom.ppf((1 + level) / 2, n, share)) + 1
    return Interval(
        estimate=float(np.quantile(ordered, share)),
        low=float(ordered[max(low - 1, 0)]),
        high=float(ordered[min(high - 1, n - 1)]),
        n=n,
        n_bads=0,
        level=level,
    )
