"""Figures of groups, time, reasons and trials, each from plain values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from credit.metrics import CharacteristicStability
from credit.report.axes import intervals, legend, legend_above, nothing, percent, short, spread_out
from credit.report.chart import BAD, GOOD, INK, NEUTRAL, SAFE_TO_RISKY, new_figure, svg
from credit.report.reasons import CardReasons, ReasonCount
from credit.report.search import SearchLog
from credit.report.segments import Segment
from credit.report.stability import Period

ROWS_SHOWN = 12
"""Bars in one figure: more cannot be read on a phone; the table beside has all."""

PANELS = 4
"""Searched parameters that are drawn, those that matter most first."""


def segment_figure(segment: Segment) -> str:
    """Share not declined and bad rate of each group."""
    figure, axes = new_figure(0.75 + 0.3 * len(segment.groups), 2)
    names = [short(group.name) for group in segment.groups]
    intervals(axes[0], names, [group.approved for group in segment.groups], GOOD)
    intervals(axes[1], [""] * len(names), [group.bad_rate for group in segment.groups], BAD)
    axes[0].set_xlabel("not declined")
    axes[1].set_xlabel("bad rate")
    return svg(figure, f"Groups of {segment.column}")


def stability_figure(features: Sequence[CharacteristicStability]) -> str:
    """CSI of the features that moved most, and what chance alone would do."""
    shown = features[:ROWS_SHOWN]
    figure, [axes] = new_figure(1.0 + 0.26 * len(shown))
    intervals(axes, [short(f.name) for f in shown], [f.index for f in shown], BAD, as_shares=False)
    places = range(len(shown))[::-1]
    axes.plot(
        [f.by_chance for f in shown],
        places,
        color=INK,
        marker="|",
        markersize=11,
        linestyle="none",
        label="exceeded by chance in 5%",
    )
    axes.set_xlim(left=0)
    axes.set_xlabel("CSI")
    legend_above(figure, axes)
    return svg(figure, "Stability of features")


def period_figure(periods: Sequence[Period]) -> str:
    """Observed bad rate and mean PD of each period."""
    figure, [axes] = new_figure()
    places = np.arange(len(periods))
    for place, period in zip(places, periods, strict=True):
        axes.plot([place] * 2, [period.bad_rate.low, period.bad_rate.high], color=BAD, linewidth=1)
    axes.plot(
        places,
        [p.bad_rate.estimate for p in periods],
        color=BAD,
        marker="o",
        markersize=4,
        linestyle="none",
        label="bad rate",
    )
    axes.plot(places, [p.mean_probability for p in periods], color=GOOD, label="mean PD")
    axes.set_xticks(places, [p.last[2:7] for p in periods])
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(percent(1))
    axes.set_xlabel("period that ends in")
    legend(axes, "lower left")
    return svg(figure, "Bad rate by period")


def reason_figure(reasons: Sequence[ReasonCount]) -> str:
    """How often each reason is told first, and at all."""
    shown = reasons[:ROWS_SHOWN]
    figure, [axes] = new_figure(1.0 + 0.28 * len(shown))
    places = np.arange(len(shown))[::-1]
    axes.barh(
        places,
        [r.any_place.estimate for r in shown],
        color=BAD,
        alpha=0.3,
        label="among the reasons",
    )
    axes.barh(places, [r.first.estimate for r in shown], color=BAD, label="first reason")
    axes.set_yticks(places, [short(r.code.replace("_", " ").lower()) for r in shown])
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter(percent())
    axes.set_xlabel("declined applicants")
    legend_above(figure, axes)
    return svg(figure, "Reasons of declined applicants")


def contribution_figure(found: CardReasons) -> str:
    """One point per explained applicant and feature: what its value does to the score."""
    from matplotlib.colors import LinearSegmentedColormap

    n = min(ROWS_SHOWN, len(found.names))
    figure, [axes] = new_figure(0.9 + 0.3 * n)
    colors = LinearSegmentedColormap.from_list("safe to risky", SAFE_TO_RISKY)
    for place in range(n):
        points, ranks = found.contributions[:, place], found.values[:, place]
        missing = np.isnan(ranks)
        height = n - 1 - place + spread_out(points)
        shared: dict[str, Any] = {"s": 5, "rasterized": True}
        axes.scatter(
            points[missing], height[missing], color=NEUTRAL, marker="x", linewidths=0.6, **shared
        )
        axes.scatter(
            points[~missing],
            height[~missing],
            c=ranks[~missing],
            cmap=colors,
            vmin=0,
            vmax=1,
            linewidths=0,
            **shared,
        )
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_yticks(range(n), [short(name) for name in found.names[:n]][::-1])
    axes.set_ylim(-0.6, n - 0.4)
    axes.set_xlabel("points, right is safer")
    figure.set_dpi(150)
    return svg(figure, "Contributions")


def search_figure(search: SearchLog) -> str | None:
    """AUC of each trial against the numbers that were searched; None where no number varied."""
    drawn = _searched_numbers(search)[:PANELS]
    if not drawn:
        return None
    n_columns = min(2, len(drawn))
    n_rows = -(-len(drawn) // n_columns)
    figure, axes = new_figure(0.3 + 1.7 * n_rows, n_columns, n_rows)
    for unused in axes[len(drawn) :]:
        unused.remove()
    for place, (name, x, y) in enumerate(drawn):
        axes[place].plot(x, y, color=GOOD, marker="o", markersize=3, alpha=0.8, linestyle="none")
        if min(x) > 0 and max(x) / min(x) > 30:  # noqa: PLR2004 - what was searched by factors
            axes[place].set_xscale("log")
            axes[place].xaxis.set_minor_formatter(nothing())
        else:
            axes[place].locator_params(axis="x", nbins=4)
        axes[place].set_xlabel(short(name))
        if place:
            axes[place].sharey(axes[0])
        if place % n_columns:
            axes[place].tick_params(labelleft=False)
        else:
            axes[place].set_ylabel("AUC")
    return svg(figure, "Trials of the search")


def _searched_numbers(search: SearchLog) -> list[tuple[str, list[float], list[float]]]:
    """Parameters that varied, those whose ranks go most with the AUC first."""
    names = {name for trial in search.trials for name in trial.parameters}
    found = []
    for name in sorted(names):
        pairs = [
            (float(t.parameters[name]), t.auc)
            for t in search.trials
            if isinstance(t.parameters.get(name), int | float)
            and not isinstance(t.parameters[name], bool)
        ]
        if len({x for x, _ in pairs}) > 1:
            x, y = [p[0] for p in pairs], [p[1] for p in pairs]
            found.append((-abs(_rank_correlation(x, y)), name, x, y))
    return [(name, x, y) for _, name, x, y in sorted(found)]


def _rank_correlation(x: list[float], y: list[float]) -> float:
    a, b = (np.argsort(np.argsort(values)).astype(np.float64) for values in (x, y))
    spread = float(a.std() * b.std())
    return float(((a - a.mean()) * (b - b.mean())).mean()) / spread if spread else 0.0
