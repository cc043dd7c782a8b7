"""Scorecards: monotone bins, weight of evidence, a logistic regression, points.

A fitted :class:`Scorecard` is a frozen value that scores, explains itself exactly and travels as
JSON. :class:`ScoreScale` turns PD into points. Learning lives in :mod:`credit.scorecard.fit`
(``fit_scorecard``) and :mod:`credit.scorecard.transformer` (``WoeTransformer``), which are imported
by name: they need scikit-learn, and a process that only scores shall not have to load it.
"""

from credit.scorecard.bins import NumericBins
from credit.scorecard.card import Baseline, CardFeature, PointsRow, Scorecard
from credit.scorecard.scale import ScoreScale
from credit.scorecard.woe import WoeTable, woe_table

__all__ = [
    "Baseline",
    "CardFeature",
    "NumericBins",
    "PointsRow",
    "ScoreScale",
    "Scorecard",
    "WoeTable",
    "woe_table",
]
