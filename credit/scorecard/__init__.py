"""Scorecards: monotone bins, weight of evidence, a logistic regression, points.

A fitted :class:`Scorecard` is a frozen value that scores, explains itself exactly and travels as
JSON, SQL or a table. :class:`ScoreScale` turns PD into points. Learning lives in
:mod:`credit.scorecard.fit` (``fit_scorecard``) and :mod:`credit.scorecard.transformer`
(``WoeTransformer``), which are imported by name: they need scikit-learn, and a process that only
scores shall not have to load it.
"""

from credit.scorecard.bins import Bins, NumericBins
from credit.scorecard.card import Baseline, Scorecard
from credit.scorecard.categories import CategoryBins
from credit.scorecard.feature import CardFeature
from credit.scorecard.points import PointsRow, WholePoints
from credit.scorecard.scale import ScoreScale
from credit.scorecard.sql import to_sql
from credit.scorecard.strength import FeatureStrength, SuspiciousFeatureWarning, warn_suspicious
from credit.scorecard.tables import points_csv, points_frame, points_markdown
from credit.scorecard.woe import WoeTable, woe_table

__all__ = [
    "Baseline",
    "Bins",
    "CardFeature",
    "CategoryBins",
    "FeatureStrength",
    "NumericBins",
    "PointsRow",
    "ScoreScale",
    "Scorecard",
    "SuspiciousFeatureWarning",
    "WholePoints",
    "WoeTable",
    "points_csv",
    "points_frame",
    "points_markdown",
    "to_sql",
    "warn_suspicious",
    "woe_table",
]
