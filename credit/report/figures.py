"""Figures of a model's quality, each from plain values."""

from __future__ import annotations

from collections.abc import Sequence

from credit.metrics import ReliabilityBin
from credit.report.axes import band, legend, nice_log, nothing, percent, shares
from credit.report.chart import BAD, GOOD, HEIGHT, INK, NEUTRAL, new_figure, svg
from credit.report.decisions import CardDecisions, Profit
from credit.report.performance import Discrimination


def roc_figure(found: Discrimination) -> str:
    """Bads caught against goods declined."""
    figure, [axes] = new_figure()
    axes.plot([0, 1], [0, 1], color=NEUTRAL, linewidth=1, linestyle="--")
    axes.axvspan(0, found.max_fpr, color=NEUTRAL, alpha=0.12, linewidth=0)
    axes.plot(found.roc.x, found.roc.y, color=BAD)
    shares(axes, "goods declined", "bads declined")
    return svg(figure, "ROC curve")


def gain_figure(found: Discrimination, bad_rate: float) -> str:
    """Bads found among the riskiest share of applicants."""
    figure, [axes] = new_figure()
    axes.plot([0, 1], [0, 1], color=NEUTRAL, linewidth=1, linestyle="--", label="at random")
    axes.plot(
        [0, bad_rate, 1], [0, 1, 1], color=NEUTRAL, linewidth=1, linestyle=":", label="perfect"
    )
    axes.plot(found.gain.x, found.gain.y, color=BAD, label="this model")
    shares(axes, "riskiest applicants", "bads among them")
    legend(axes, "lower right")
    return svg(figure, "Gain curve")


def score_figure(found: Discrimination, cutoff_score: float) -> str:
    """Scores of goods and of bads."""
    figure, [axes] = new_figure()
    for drawn, color, label in ((found.goods, GOOD, "goods"), (found.bads, BAD, "bads")):
        axes.stairs(drawn.shares, drawn.edges, color=color, fill=True, alpha=0.25, linewidth=0)
        axes.stairs(drawn.shares, drawn.edges, color=color, label=label)
    axes.axvline(cutoff_score, color=INK, linewidth=1, linestyle="--", label="cut-off")
    axes.set_xlabel("score, higher is safer")
    axes.set_ylabel("share of the class")
    axes.yaxis.set_major_formatter(percent())
    legend(axes, "upper left")
    return svg(figure, "Scores of goods and bads")


def reliability_figure(bins: Sequence[ReliabilityBin]) -> str:
    """Observed bad rate against predicted PD, with intervals, on logarithmic axes."""
    figure, [axes] = new_figure(HEIGHT + 0.4)
    predicted = [b.mean_predicted for b in bins]
    seen = [b for b in bins if b.observed.n_bads]
    low = min([*predicted, *(b.observed.low for b in seen)]) / 1.3
    high = max([*predicted, *(b.observed.high for b in bins)]) * 1.3
    axes.plot([low, high], [low, high], color=NEUTRAL, linewidth=1, linestyle="--")
    for b in bins:
        axes.plot(
            [b.mean_predicted] * 2,
            [max(b.observed.low, low), b.observed.high],
            color=BAD,
            linewidth=1,
        )
    axes.plot(
        [b.mean_predicted for b in seen],
        [b.observed.estimate for b in seen],
        color=BAD,
        marker="o",
        markersize=4,
        linestyle="none",
    )
    axes.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(percent())
        axis.set_minor_formatter(nothing())
        axis.set_major_locator(nice_log(low, high))
    axes.set_xlabel("predicted PD")
    axes.set_ylabel("observed bad rate")
    return svg(figure, "Reliability diagram")


def cost_figure(found: CardDecisions) -> str:
    """Cost per applicant against the cut-off, with the policy's and the cheapest."""
    figure, [axes] = new_figure()
    axes.axvspan(
        found.empirical.cutoff.low,
        found.empirical.cutoff.high,
        color=GOOD,
        alpha=0.15,
        linewidth=0,
        label="cheapest, 95%",
    )
    band(axes, found.cost, BAD)
    axes.axvline(found.cutoff, color=INK, linewidth=1, linestyle="--", label="policy")
    axes.axvline(found.empirical.cutoff.estimate, color=GOOD, linewidth=1.2, label="cheapest here")
    # Above a few times the policy's cut-off nearly everyone is approved, and nothing happens.
    axes.set_xlim(0, min(1.0, max(4 * found.cutoff, 1.2 * found.empirical.cutoff.high)))
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_formatter(percent())
    axes.set_xlabel("decline from this PD on")
    axes.set_ylabel("cost per applicant")
    legend(axes, "lower right")
    return svg(figure, "Cost curve")


def profit_figure(found: Profit) -> str:
    """Profit per applicant against the share approved."""
    figure, [axes] = new_figure()
    axes.axhline(0, color=NEUTRAL, linewidth=1)
    band(axes, found.curve, GOOD)
    axes.xaxis.set_major_formatter(percent())
    axes.yaxis.set_major_formatter(percent(1))
    axes.set_xlabel("applicants approved")
    axes.set_ylabel("profit, share of a loan asked for")
    return svg(figure, "Profit curve")
