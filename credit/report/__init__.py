"""The model card: what a bundle is, how good it is, and what it cannot say, on one page.

:func:`measure_card` computes, :func:`render_card` draws, :func:`report_values` gives the same to
machines. Rows come in as :class:`CardRows`, without anybody's reference.
"""

from credit.report.measure import CardGates, ModelCard, card_gates, measure_card, report_values
from credit.report.render import SECTIONS, render_card
from credit.report.rows import CardRows, ScoredRows, score_rows
from credit.report.sample import learned_from

__all__ = [
    "SECTIONS",
    "CardGates",
    "CardRows",
    "ModelCard",
    "ScoredRows",
    "card_gates",
    "learned_from",
    "measure_card",
    "render_card",
    "report_values",
    "score_rows",
]
