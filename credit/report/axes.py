"""What several figures do to their axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from credit.metrics import Interval
from credit.metrics.sample import FloatArray
from credit.report.chart import INK
from credit.report.curve import Curve

Corner = Literal["upper left", "lower left", "lower right"]

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.ticker import Formatter, Locator


def intervals(
    axes: Axes,
    names: Sequence[str],
    values: Sequence[Interval],
    color: str,
    *,
    as_shares: bool = True,
) -> None:
    """One line per name, the first on top."""
    places = range(len(names))[::-1]
    for place, value in zip(places, values, strict=True):
        axes.plot([value.low, value.high], [place] * 2, color=color, linewidth=1.2)
        axes.plot(value.estimate, place, color=color, marker="o", markersize=4)
    axes.set_yticks(list(places), list(names))
    axes.set_ylim(-0.6, len(names) - 0.4)
    axes.grid(visible=False, axis="y")
    axes.locator_params(axis="x", nbins=4)
    if as_shares:
        axes.xaxis.set_major_formatter(percent())


def band(axes: Axes, drawn: Curve, color: str) -> None:
    """Draw a curve within its bounds."""
    if drawn.low is not None and drawn.high is not None:
        axes.fill_between(drawn.x, drawn.low, drawn.high, color=color, alpha=0.2, linewidth=0)
    axes.plot(drawn.x, drawn.y, color=color)


def shares(axes: Axes, across: str, up: str) -> None:
    """Make both axes run from 0 to 100%."""
    axes.set(xlim=(0, 1), ylim=(0, 1.01))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(percent())
    axes.set_xlabel(across)
    axes.set_ylabel(up)


def percent(decimals: int | None = None) -> Formatter:
    """Shares as per cent."""
    from matplotlib.ticker import FuncFormatter

    def told(share: float, _: object) -> str:
        return f"{100 * share:.3g}%" if decimals is None else f"{100 * share:.{decimals}f}%"

    return FuncFormatter(told)


def nothing() -> Formatter:
    """No label at all."""
    from matplotlib.ticker import NullFormatter

    return NullFormatter()


def nice_log(low: float, high: float) -> Locator:
    """Ticks at 1, 2, 5 times powers of ten; thinned where there would be too many."""
    from matplotlib.ticker import FixedLocator

    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    ticks = [m * 10.0**p for p in powers for m in (1, 2, 5) if low <= m * 10.0**p <= high]
    tens = [t for t in ticks if abs(np.log10(t) - round(np.log10(t))) < 1e-9]  # noqa: PLR2004
    return FixedLocator(ticks if len(ticks) <= 7 else tens)  # noqa: PLR2004 - what fits


def spread_out(
    points: FloatArray,
) -> FloatArray:
    """Move points that would lie on each other up and down, in a fixed order."""
    if np.ptp(points) == 0:
        return np.linspace(-0.3, 0.3, len(points))
    place = np.floor((points - points.min()) / np.ptp(points) * 60)
    moved = np.zeros(len(points))
    for step in np.unique(place):
        chosen = np.flatnonzero(place == step)
        offsets = (np.arange(len(chosen)) + 1) // 2 * np.where(np.arange(len(chosen)) % 2, 1, -1)
        moved[chosen] = np.clip(offsets * 0.035, -0.38, 0.38)
    return moved


def legend(axes: Axes, where: Corner) -> None:
    """Explain colours, on the page's own ground."""
    axes.legend(loc=where, frameon=False, labelcolor=INK, fontsize=9)


def legend_above(figure: Figure, axes: Axes) -> None:
    """Explain colours above the axes, where bars would lie beneath a legend."""
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside upper right",
        frameon=False,
        labelcolor=INK,
        fontsize=9,
        ncols=len(labels),
    )


def short(name: str, longest: int = 22) -> str:
    """Cut a name to what fits beside a figure."""
    return name if len(name) <= longest else f"{name[: longest - 1]}…"
