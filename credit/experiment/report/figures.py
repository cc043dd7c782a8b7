"""Figures of the pages, each from plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from credit.experiment.comparison import Line
from credit.experiment.differences import ScoreDifferences
from credit.experiment.swapset import Group
from credit.metrics import Interval
from credit.report.axes import intervals, legend_above, percent
from credit.report.chart import BAD, GOOD, INK, NEUTRAL, new_figure, svg

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def score_figure(found: ScoreDifferences) -> str:
    """How far the shadow's scores lie from those that were answered."""
    figure, [axes] = new_figure(2.4)
    axes.stairs(found.counts, found.edges, color=GOOD, fill=True, alpha=0.35, linewidth=0)
    axes.axvline(0, color=INK, linewidth=1, linestyle="--")
    axes.set_xlabel("points, right of the line the shadow sees less risk")
    axes.set_ylabel("decisions")
    return svg(figure, "Differences of scores")


def views_figure(groups: tuple[Group, ...]) -> str | None:
    """Draw expected bad rates of each group in both views; None when no group has any."""
    shown = [g for g in groups if g.answered_pd is not None and g.shadow_pd is not None]
    if not shown:
        return None
    figure, [axes] = new_figure(2.4)
    for shift, color, name in (
        (0.12, NEUTRAL, "model that answered"),
        (-0.12, BAD, "shadow"),
    ):
        for i, group in enumerate(reversed(shown)):
            view = group.answered_pd if name != "shadow" else group.shadow_pd
            if view is not None:
                label = name if i == 0 else None
                _bar(axes, view, i + shift, color, label)
    axes.set_yticks(range(len(shown)), [group.name for group in reversed(shown)])
    axes.grid(visible=False, axis="y")
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(percent())
    axes.set_xlabel("expected bad rate, with 95% interval")
    legend_above(figure, axes)
    return svg(figure, "Expected bad rates by group")


def arms_figure(line: Line, challenger: str) -> str:
    """One quantity of both arms."""
    figure, [axes] = new_figure(1.4)
    intervals(
        axes, ["champion", challenger], [line.champion, line.challenger], GOOD, as_shares=True
    )
    return svg(figure, f"{line.name} of both arms")


def _bar(axes: Axes, value: Interval, place: float, color: str, label: str | None) -> None:
    axes.plot([value.low, value.high], [place] * 2, color=color, linewidth=1.4)
    axes.plot(
        value.estimate, place, color=color, marker="o", markersize=4, linestyle="none", label=label
    )
