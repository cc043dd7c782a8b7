"""Weight of evidence and information value of bins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from credit.errors import DataError

THIN_CELL = 5.0
"""A bin with fewer goods, or fewer bads, than this is smoothed: its odds are mostly chance."""

HALF_A_ROW = 0.5
"""What smoothing adds to the rarer class, as in the customary correction for empty cells."""


@dataclass(frozen=True, slots=True)
class WoeTable:
    """Counts, WOE and IV of every bin of a feature.

    Attributes
    ----------
    goods, bads
        Rows per bin, or their weights.
    woe
        Weight of evidence per bin: above 0 safer than the sample, below 0 riskier.
    """

    goods: tuple[float, ...]
    bads: tuple[float, ...]
    woe: tuple[float, ...]

    @property
    def shares(self) -> tuple[float, ...]:
        """Share of all rows in each bin."""
        total = sum(self.goods) + sum(self.bads)
        return tuple((good + bad) / total for good, bad in zip(self.goods, self.bads, strict=True))

    @property
    def iv_terms(self) -> tuple[float, ...]:
        """Information value per bin, ``(share of goods - share of bads) · WOE``: never negative."""
        n_goods, n_bads = sum(self.goods), sum(self.bads)
        return tuple(
            (good / n_goods - bad / n_bads) * woe
            for good, bad, woe in zip(self.goods, self.bads, self.woe, strict=True)
        )

    @property
    def iv(self) -> float:
        """Information value of the feature, the sum over its bins.

        Below 0.02 it tells nothing, above 0.5 too much to be trusted: the bands of Siddiqi, N.
        (2006). Credit Risk Scorecards, chapter 6. Wiley.
        """
        return sum(self.iv_terms)


def woe_table(goods: Sequence[float], bads: Sequence[float]) -> WoeTable:
    """Build the table from the counts of each bin.

    Raises
    ------
    DataError
        A class is absent, so that its shares do not exist.

    Examples
    --------
    >>> table = woe_table(goods=[80, 20], bads=[10, 10])
    >>> [round(woe, 4) for woe in table.woe], round(table.iv, 4)
    ([0.47, -0.9163], 0.4159)
    """
    n_goods, n_bads = math.fsum(goods), math.fsum(bads)
    if not (n_goods > 0 and n_bads > 0):
        raise DataError(f"bins: expected goods and bads, came {n_goods:g} and {n_bads:g}")
    woe = tuple(
        weight_of_evidence(good, bad, n_goods=n_goods, n_bads=n_bads)
        for good, bad in zip(goods, bads, strict=True)
    )
    return WoeTable(goods=tuple(goods), bads=tuple(bads), woe=woe)


def weight_of_evidence(good: float, bad: float, *, n_goods: float, n_bads: float) -> float:
    """Weight of evidence of one bin.

    ``WOE = ln((g / G) / (b / B))``, with g and b the goods and bads of the bin, G and B those of
    the sample: the log of how much the bin multiplies the good:bad odds of the sample.

    A bin of few goods or few bads (below :data:`THIN_CELL`) is first joined by a little of the
    sample's own mix, ``g + s G`` and ``b + s B`` with ``s = 0.5 / min(G, B)``: half a row of the
    rarer class and its due of the other. That avoids ln 0 and pulls the bin towards 0, the neutral
    value, which an empty bin gets exactly. Adding 0.5 to both cells would instead pull towards even
    odds, which at a bad rate of a few per cent marks an almost empty bin as very risky.

    References
    ----------
    Good, I. J. (1950). Probability and the Weighing of Evidence. Griffin.

    Cestnik, B. (1990). Estimating probabilities: a crucial task in machine learning. ECAI 9,
    147-149.
    """
    if good + bad == 0:
        return 0.0
    if min(good, bad) < THIN_CELL:
        added = HALF_A_ROW / min(n_goods, n_bads)
        good += added * n_goods
        bad += added * n_bads
    return math.log((good * n_bads) / (bad * n_goods))
