"""Points of a score: a fixed number of them doubles the odds."""

from __future__ import annotations

import math
from dataclasses import dataclass

from credit.errors import DataError, SettingsInvalid


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreScale:
    """The map between PD and score.

    With odds = good:bad = (1 - PD) / PD, ``score = base_score + pdo · log2(odds / base_odds)``,
    which is ``offset + factor · ln(odds)``. A higher score is a safer applicant. The defaults give
    600 points at 50:1 and 553.56 at a PD of 1/11.

    Everything here is scalar :mod:`math`: numpy's vectorised logarithm differs in the last bit
    between CPUs.

    Attributes
    ----------
    pdo
        Points that double the odds.
    base_score, base_odds
        The score given to an applicant of these good:bad odds.

    Raises
    ------
    SettingsInvalid
        ``pdo`` or ``base_odds`` is not positive, or a number is not finite.

    References
    ----------
    Siddiqi, N. (2006). Credit Risk Scorecards, chapter 6. Wiley.

    Examples
    --------
    >>> scale = ScoreScale()
    >>> round(scale.factor, 4), round(scale.offset, 3)
    (28.8539, 487.123)
    >>> round(scale.score_from_probability(1 / 11), 2)
    553.56
    """

    pdo: float = 20.0
    base_score: float = 600.0
    base_odds: float = 50.0

    def __post_init__(self) -> None:
        for name, value in (("pdo", self.pdo), ("base_odds", self.base_odds)):
            if not (math.isfinite(value) and value > 0):
                raise SettingsInvalid(f"{name}: expected a positive number, came {value}")
        if not math.isfinite(self.base_score):
            raise SettingsInvalid(f"base_score: expected a number, came {self.base_score}")

    @property
    def factor(self) -> float:
        """Points per unit of log-odds, ``pdo / ln 2``."""
        return self.pdo / math.log(2)

    @property
    def offset(self) -> float:
        """Score at even odds, ``base_score - factor · ln(base_odds)``."""
        return self.base_score - self.factor * math.log(self.base_odds)

    def score_from_probability(self, prob: float) -> float:
        """Return the unrounded score of a PD.

        Raises
        ------
        DataError
            The PD is not strictly between 0 and 1: a certainty has no score.
        """
        if not 0 < prob < 1:
            raise DataError("PD: expected strictly between 0 and 1; bound it before scaling")
        # Two logarithms, since the odds themselves overflow for a tiny PD.
        log2_odds = math.log2(1 - prob) - math.log2(prob)
        return self.base_score + self.pdo * (log2_odds - math.log2(self.base_odds))

    def probability_from_score(self, score: float) -> float:
        """Return the PD that belongs to a score.

        Raises
        ------
        DataError
            The score is not finite, or so far out that its PD is 0 or 1 in double precision.
        """
        log2_odds = (score - self.base_score) / self.pdo + math.log2(self.base_odds)
        # Beyond a double's exponents the PD is lost, and exp2 would overflow; NaN fails here as
        # well.
        if not abs(log2_odds) < _LARGEST_EXPONENT:
            raise DataError("score: too far from the base score to be a PD between 0 and 1")
        prob = 1 / (1 + math.exp2(log2_odds))
        if prob == 1:
            raise DataError("score: too far below the base score to be a PD below 1")
        return prob

    def score_from_log_odds(self, margin: float) -> float:
        """Return the score of a raw margin, the log-odds of *bad*: ``offset - factor · margin``."""
        return self.offset - self.factor * margin

    def log_odds_from_score(self, score: float) -> float:
        """Return the raw margin of a score, the log-odds of *bad*: ``(offset - score) / factor``."""
        return (self.offset - score) / self.factor

    def points_from_log_odds(self, contribution: float) -> float:
        """Return the points that a contribution to the raw margin is worth.

        ``-contribution · pdo / ln 2``: what raises the log-odds of bad takes points away.
        """
        return -contribution * self.factor


_LARGEST_EXPONENT = 1023
