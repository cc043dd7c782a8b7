"""One look for all figures, and figures as SVG that stands inside a page.

Lines and text take the colour of the page (``currentColor``), so that a figure is readable on a light
screen, on a dark one and on paper. Text stays text: it can be searched, and scales with the figure.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#010203"
"""Stands for the colour of the page's text; no other colour is spelled like this."""

GOOD = "#2f7fbf"
BAD = "#d2691e"
NEUTRAL = "#808890"
SAFE_TO_RISKY = (GOOD, "#a9a9a9", BAD)

WIDTH = 4.9
"""Inches of 72 points: on a phone of 380 pixels letters keep about their size."""

HEIGHT = 3.1

STYLE: dict[Any, Any] = {
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.6,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "font.size": 9.5,
    "grid.color": NEUTRAL,
    "grid.alpha": 0.25,
    "grid.linewidth": 0.6,
    "lines.linewidth": 1.6,
    "savefig.facecolor": "none",
    "svg.fonttype": "none",
    "svg.hashsalt": "credit",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


def new_figure(
    height: float = HEIGHT, n_columns: int = 1, n_rows: int = 1
) -> tuple[Figure, list[Axes]]:
    """Make a figure with axes beside each other, outside of pyplot: nothing is kept when it is gone."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, height), layout="constrained")
        axes = figure.subplots(n_rows, n_columns, squeeze=False)
    return figure, list(axes.ravel())


def svg(figure: Figure, name: str) -> str:
    """Write a figure as an ``<svg>`` element.

    Parameters
    ----------
    name
        Begins every id of the element, so that figures of one page do not share any; it also becomes
        the accessible label.
    """
    from matplotlib import rc_context

    text = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with rc_context(STYLE):
        figure.savefig(text, format="svg", metadata=nothing)
    element = text.getvalue()
    element = element[element.index("<svg") :]
    key = re.sub(r"[^a-z0-9]+", "-", name.lower())
    element = re.sub(r'\bid="', f'id="{key}-', element)
    element = re.sub(r'(href="#|url\(#)', rf"\g<1>{key}-", element)
    element = re.sub(r'(<svg[^>]*?) width="[^"]*"', r"\1", element, count=1)
    element = re.sub(r'(<svg[^>]*?) height="[^"]*"', r"\1", element, count=1)
    element = element.replace("<svg", f'<svg role="img" aria-label="{name}"', 1)
    # Black is what a shape has when nothing is said, so text and ticks must be told.
    return element.replace(INK, "currentColor")
