"""Merging neighbouring bins: until each holds enough, and until risk moves one way."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from credit.metrics.sample import BoolArray, FloatArray
from credit.scorecard.woe import weight_of_evidence

ENOUGH = 5.0
"""Rows of a class below which counts are too small to compare.

The usual bound for expected counts: Cochran, W. G. (1954). Some methods for strengthening the
common chi-squared tests. Biometrics 10, 417-451. doi:10.2307/3001616
"""


@dataclass(frozen=True, slots=True)
class Mix:
    """Goods and bads of the whole sample, against which evidence is weighed."""

    n_goods: float
    n_bads: float

    @classmethod
    def of(cls, bad: BoolArray, weight: FloatArray) -> Self:
        """Weigh the goods and bads of a sample."""
        return cls(n_goods=float(weight[~bad].sum()), n_bads=float(weight[bad].sum()))


@dataclass(frozen=True, slots=True)
class Segment:
    """A run of values up to and including ``upper``, with the goods and bads that lie in it."""

    upper: float
    goods: float
    bads: float

    def __add__(self, right: Segment) -> Segment:
        return Segment(right.upper, self.goods + right.goods, self.bads + right.bads)

    @property
    def rows(self) -> float:
        """Rows, or their weight; a segment is never empty."""
        return self.goods + self.bads

    @property
    def bad_rate(self) -> float:
        """Share of bads among the rows."""
        return self.bads / self.rows

    def woe(self, mix: Mix) -> float:
        """Weight of evidence, smoothed where the segment has few of one class."""
        return weight_of_evidence(self.goods, self.bads, n_goods=mix.n_goods, n_bads=mix.n_bads)


def join_thin(segments: Iterable[Segment], mix: Mix) -> list[Segment]:
    """Return the segments with thin ones merged into their smaller neighbour, the thinnest first.

    A segment is thin when, of one of the classes, it neither holds :data:`ENOUGH` rows nor would be
    expected to at the mix of the sample. So a large segment without any bad stands, and a small one
    of bads only: both are evidence. Asking for observed counts of both classes would merge a
    feature that knows the outcome into one bin, and nobody would be warned of it.
    """
    joined = list(segments)
    while len(joined) > 1:
        thinnest = min(range(len(joined)), key=lambda k: _support(joined[k], mix))
        if _support(joined[thinnest], mix) >= ENOUGH:
            break
        neighbours = [k for k in (thinnest - 1, thinnest + 1) if 0 <= k < len(joined)]
        left = min(thinnest, min(neighbours, key=lambda k: joined[k].rows))
        joined[left : left + 2] = [joined[left] + joined[left + 1]]
    return joined


def pool_violators(segments: Iterable[Segment], sign: int, mix: Mix) -> list[Segment]:
    """Return the segments with violators merged, so that risk strictly moves one way.

    A segment that does not differ from its left neighbour in the direction of ``sign`` (+1: risk
    rises) is merged with it, and the result compared again with what then lies to the left. Both
    have to move, the bad rate and the WOE: smoothing can put the WOE of a small segment out of the
    order of the rates.

    References
    ----------
    Ayer, M., Brunk, H. D., Ewing, G. M., Reid, W. T., Silverman, E. (1955). An empirical
    distribution function for sampling with incomplete information. Annals of Mathematical
    Statistics 26, 641-647. doi:10.1214/aoms/1177728423
    """
    pooled: list[Segment] = []
    for segment in segments:
        pooled.append(segment)
        while len(pooled) > 1 and not _rises(pooled[-2], pooled[-1], sign, mix):
            last = pooled.pop()
            pooled[-1] += last
    return pooled


def information_value(segments: Iterable[Segment], mix: Mix) -> float:
    """Return what the segments add to the information value of their feature."""
    return math.fsum(
        (segment.goods / mix.n_goods - segment.bads / mix.n_bads) * segment.woe(mix)
        for segment in segments
    )


def _support(segment: Segment, mix: Mix) -> float:
    share = segment.rows / (mix.n_goods + mix.n_bads)
    return min(max(segment.goods, share * mix.n_goods), max(segment.bads, share * mix.n_bads))


def _rises(left: Segment, right: Segment, sign: int, mix: Mix) -> bool:
    rate_rises = sign * (right.bad_rate - left.bad_rate) > 0
    woe_falls = sign * (left.woe(mix) - right.woe(mix)) > 0
    return rate_rises and woe_falls
