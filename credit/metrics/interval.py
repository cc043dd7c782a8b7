"""A metric with its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

from credit.errors import SettingsInvalid


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate with its confidence interval and the sample it rests on.

    Attributes
    ----------
    estimate, low, high
        The value and the bounds of its two-sided interval.
    n
        Rows of the sample.
    n_bads
        Bads among them: in credit data they, not the rows, limit what is known. Of a share of
        something else (an approval rate) the rows that it counts; 0 where the figure was made
        without a target (PSI) or its bads were not told (a mean over folds).
    level
        Coverage that the interval was built for.
    """

    estimate: float
    low: float
    high: float
    n: int
    n_bads: int
    level: float = 0.95

    def __str__(self) -> str:
        return f"{self.estimate:.4f} [{self.low:.4f}, {self.high:.4f}]"


def normal_quantile(level: float) -> float:
    """Return z of a two-sided normal interval: 1.96 at 0.95.

    Raises
    ------
    SettingsInvalid
        ``level`` is not within (0, 1).
    """
    if not 0 < level < 1:
        raise SettingsInvalid(f"level: expected within (0, 1), came {level}")
    return NormalDist().inv_cdf((1 + level) / 2)
