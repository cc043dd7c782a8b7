"""One feature of a card."""

from __future__ import annotations

import math
from dataclasses import dataclass

from credit.errors import DataError
from credit.scorecard.categories import FeatureBins


@dataclass(frozen=True, slots=True)
class CardFeature:
    """One feature that the card uses.

    Attributes
    ----------
    name
        Name in the feature vector.
    bins
        How a value finds its bin.
    woe
        Weight of evidence per bin, missing last.
    shares
        Share of the training rows per bin: what the population looked like.
    coefficient
        Of the WOE in the log-odds of *bad*, so a sound one is negative.
    """

    name: str
    bins: FeatureBins
    woe: tuple[float, ...]
    shares: tuple[float, ...]
    coefficient: float

    def __post_init__(self) -> None:
        if not len(self.woe) == len(self.shares) == self.bins.count:
            raise DataError(
                f"scorecard feature {self.name}: expected {self.bins.count} WOE and shares,"
                f" came {len(self.woe)} and {len(self.shares)}"
            )
        if not all(map(math.isfinite, (*self.woe, *self.shares, self.coefficient))):
            raise DataError(f"scorecard feature {self.name}: expected finite numbers")

    @property
    def terms(self) -> tuple[float, ...]:
        """What each bin adds to the log-odds of bad, ``coefficient · WOE``."""
        return tuple(self.coefficient * woe for woe in self.woe)
