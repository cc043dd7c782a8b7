"""The card as one HTML file that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

import functools
import math
from importlib import resources
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from credit.metrics import MINIMUM_BADS, Interval
from credit.report import figures, figures_of_rows
from credit.report.measure import ModelCard
from credit.report.template import page_environment
from credit.scorecard import ScoreScale

SECTIONS = (
    ("identity", "What it is"),
    ("data", "Data and windows"),
    ("bins", "Bins and strength of features"),
    ("search", "Search log"),
    ("discrimination", "Discrimination"),
    ("calibration", "Calibration"),
    ("gain", "Gain"),
    ("costs", "Cut-off, cost and profit"),
    ("decisions", "Decisions"),
    ("segments", "Segments and fairness"),
    ("stability", "Stability"),
    ("reasons", "Reasons and contributions"),
    ("gates", "Gates"),
    ("limits", "Limits"),
)
"""Anchor and title of each section, in order."""


def render_card(card: ModelCard, scale: ScoreScale | None = None) -> str:
    """Draw and write the page.

    Parameters
    ----------
    scale
        The bundle's, to mark the cut-off among scores.
    """
    page = _environment().get_template("card.html")
    return page.render(
        card=card,
        sections=SECTIONS,
        css=Markup(_text("card.css")),  # noqa: S704 - our own file
        pictures=_pictures(card, scale or ScoreScale()),
        minimum_bads=MINIMUM_BADS,
    )


def _pictures(card: ModelCard, scale: ScoreScale) -> dict[str, Any]:
    """Every figure as an element; those without anything to show are None."""
    found = card.discrimination
    profit, periods = card.decisions.profit, card.stability.periods
    drawn = {
        "roc": figures.roc_figure(found),
        "scores": figures.score_figure(found, scale.score_from_probability(card.decisions.cutoff)),
        "gain": figures.gain_figure(found, card.data.measured.bad_rate.estimate),
        "reliability": figures.reliability_figure(card.calibration.bins),
        "cost": figures.cost_figure(card.decisions),
        "profit": figures.profit_figure(profit) if profit else None,
        "search": figures_of_rows.search_figure(card.search) if card.search else None,
        "stability": figures_of_rows.stability_figure(card.stability.features)
        if card.stability.features
        else None,
        "periods": figures_of_rows.period_figure(periods) if len(periods) > 1 else None,
        "reasons": figures_of_rows.reason_figure(card.reasons.reasons)
        if card.reasons.reasons
        else None,
        "contributions": figures_of_rows.contribution_figure(card.reasons),
        **{f"segment {s.column}": figures_of_rows.segment_figure(s) for s in card.segments},
    }
    # Drawn from numbers and from names that the contract holds to letters, digits and codes.
    return {name: None if text is None else Markup(text) for name, text in drawn.items()}  # noqa: S704


@functools.cache
def _environment() -> Environment:
    return page_environment(
        "credit.report",
        {
            "number": number,
            "setting": setting,
            "share": share,
            "interval": interval,
            "share_interval": share_interval,
        },
    )


def _text(name: str) -> str:
    return (resources.files("credit.report") / "page" / name).read_text(encoding="utf-8")


def number(value: Any) -> str:
    """Four significant digits of a float, thousands apart; anything else as it is."""
    if not isinstance(value, float):
        return (
            f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
        )
    if math.isnan(value):
        return "not defined"
    if value == 0 or 1e-4 <= abs(value) < 1e6:  # noqa: PLR2004 - beyond, powers of ten read better
        digits = 3 if value == 0 else max(0, 3 - math.floor(math.log10(abs(value))))
        return f"{value:,.{min(digits, 6)}f}"
    return f"{value:.3e}"


def setting(value: Any) -> str:
    """What somebody chose, as short as it can be said without changing it much."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def share(value: float) -> str:
    """Per cent with one decimal, two where it is small."""
    if math.isnan(value):
        return "not defined"
    return f"{value:.2%}" if 0 < abs(value) < 0.01 else f"{value:.1%}"  # noqa: PLR2004


def interval(value: Interval) -> str:
    """Bounds alone; the estimate stands beside them."""
    return f"{value.low:.4f} to {value.high:.4f}"


def share_interval(value: Interval) -> str:
    """Bounds as per cent."""
    return f"{share(value.low)} to {share(value.high)}"
