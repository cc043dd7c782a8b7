"""The figures that matter as bars, drawn for a narrow screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cluster.bench.serve.figures import Figures
from cluster.bench.serve.result import Result
from credit.report.chart import GOOD, NEUTRAL, STYLE, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

OURS = ("fused", "fused2", "fused-unrecorded", "graph", "engine-uvicorn")
_BAR_INCHES = 0.24
_PANEL_INCHES = 0.7

Pick = Callable[[Figures], float]


def memory(figures: Figures) -> float:
    """Proportional share where the system tells it, else the resident set, in MiB."""
    return figures.rss_mib if figures.pss_mib is None else figures.pss_mib


PANELS: tuple[tuple[str, Pick, str], ...] = (
    ("answers a second, 16 connections (longer is better)", lambda f: f.per_second[16], "{:,.0f}"),
    ("p50 in ms, 1 connection (shorter is better)", lambda f: f.p50_ms[1], "{:,.2f}"),
    ("memory in MiB, all processes (shorter is better)", memory, "{:,.0f}"),
    ("seconds from start to first answer (shorter is better)", lambda f: f.start_s, "{:,.1f}"),
)


def draw(result: Result, path: Path) -> None:
    """Write the chart as an SVG file on a white ground; ours have their own colour."""
    from matplotlib import rc_context

    figures = {name: told.figures for name, told in result.contenders.items()}
    height = len(PANELS) * (_PANEL_INCHES + _BAR_INCHES * max(len(figures), 1))
    figure, axes = new_figure(height, n_rows=len(PANELS))
    for panel, (title, pick, form) in zip(axes, PANELS, strict=True):
        _bars(panel, title, {name: pick(f) for name, f in figures.items()}, form)
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with rc_context(STYLE):
        figure.savefig(path, format="svg", metadata=nothing, facecolor="white")


def _bars(axes: Axes, title: str, values: Mapping[str, float], form: str) -> None:
    names, numbers = list(values), list(values.values())
    colors = [GOOD if name in OURS else NEUTRAL for name in names]
    bars = axes.barh(names, numbers, color=colors, height=0.75)
    axes.bar_label(bars, [form.format(number) for number in numbers], padding=3, fontsize=8.5)
    axes.set_title(title, fontsize=9.5, loc="left")
    axes.invert_yaxis()
    axes.margins(x=0.2)
    axes.set_xticks([])
    axes.grid(visible=False)
    axes.spines["bottom"].set_visible(False)
