"""Curves and histograms as values: few enough points to be drawn and to travel as JSON."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credit.metrics.sample import FloatArray, IntArray

MOST_POINTS = 240
"""Finer than a pixel on any page that a card is read on."""


@dataclass(frozen=True)
class Curve:
    """Points of a curve, and the bounds of each where it has any."""

    x: tuple[float, ...]
    y: tuple[float, ...]
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None


@dataclass(frozen=True)
class Histogram:
    """Shares of rows between edges; they add up to 1."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]


def curve(
    x: FloatArray, y: FloatArray, low: FloatArray | None = None, high: FloatArray | None = None
) -> Curve:
    """Keep at most :data:`MOST_POINTS` points, spread along x, the first and the last among them."""
    kept = _spread(x)
    return Curve(
        tuple(x[kept].tolist()),
        tuple(y[kept].tolist()),
        None if low is None else tuple(low[kept].tolist()),
        None if high is None else tuple(high[kept].tolist()),
    )


def histogram(values: FloatArray, edges: FloatArray) -> Histogram:
    """Count rows between edges; the last bin is closed on both sides."""
    counts, _ = np.histogram(values, edges)
    return Histogram(tuple(edges.tolist()), tuple((counts / max(1, len(values))).tolist()))


def _spread(x: FloatArray) -> IntArray:
    if len(x) <= MOST_POINTS:
        return np.arange(len(x), dtype=np.intp)
    wanted = np.linspace(x[0], x[-1], MOST_POINTS // 2)
    by_value = np.clip(np.searchsorted(x, wanted), 0, len(x) - 1)
    by_place = np.linspace(0, len(x) - 1, MOST_POINTS // 2).astype(np.intp)
    ends = np.array([0, len(x) - 1], dtype=np.intp)
    kept: IntArray = np.unique(np.concatenate((ends, by_value, by_place)))
    return kept
