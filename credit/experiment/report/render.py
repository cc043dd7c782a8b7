"""Findings as one HTML file that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

from jinja2 import Environment
from markupsafe import Markup

from credit.experiment.comparison import RATIO_ALPHA
from credit.experiment.confidence import LEAST, Bounds
from credit.experiment.pairedscores import DECISIONS
from credit.experiment.report import figures
from credit.experiment.report.findings import RolloutFindings, ShadowFindings
from credit.experiment.report.verdict import rollout_verdict, shadow_verdict
from credit.experiment.report.words import (
    chance_text,
    difference_text,
    money_text,
    points_text,
    share_text,
    value_text,
)
from credit.metrics import Interval
from credit.report.template import page_environment


def render_shadow(found: ShadowFindings) -> str:
    """Write the page about what a shadow would change."""
    return _page(
        "shadow.html",
        shadow=found,
        verdict=shadow_verdict(found),
        pictures=_shadow_pictures(found),
    )


def render_rollout(found: RolloutFindings) -> str:
    """Write the page about how a challenger compares with the champion."""
    line = found.comparison.lines[0]
    pictures = {} if found.shadow is None else _shadow_pictures(found.shadow)
    return _page(
        "rollout.html",
        found=found,
        made=found.comparison,
        shadow=found.shadow,
        verdict=rollout_verdict(found),
        pictures=pictures
        | {"arms": _safe(figures.arms_figure(line, found.comparison.experiment.arm))},
    )


def _shadow_pictures(found: ShadowFindings) -> dict[str, Markup | None]:
    views = figures.views_figure(found.swap.groups)
    return {
        "scores": _safe(figures.score_figure(found.swap.scores)),
        "views": None if views is None else _safe(views),
    }


def _page(name: str, **values: Any) -> str:
    return (
        _environment()
        .get_template(name)
        .render(
            css=_safe(_css()),
            decisions=DECISIONS,
            ratio_alpha=RATIO_ALPHA,
            least=LEAST,
            **values,
        )
    )


@functools.cache
def _environment() -> Environment:
    return page_environment(
        "credit.experiment.report",
        {
            "share": share_text,
            "points": points_text,
            "money": money_text,
            "difference": difference_text,
            "difference_bounds": _difference_bounds,
            "chance": chance_text,
            "value": value_text,
            "bounds": _bounds,
            "words": lambda name: name.replace("_", " "),
            "day": lambda moment: moment[:10],
        },
    )


def _bounds(value: Interval | Bounds, unit: str) -> str:
    text = money_text if unit == "money" else functools.partial(value_text, unit=unit)
    return f"{text(value.low)} to {text(value.high)}"


def _difference_bounds(value: Interval | Bounds, unit: str) -> str:
    return f"{difference_text(value.low, unit)} to {difference_text(value.high, unit)}"


@functools.cache
def _css() -> str:
    """One look with the model card."""
    card = (resources.files("credit.report") / "page" / "card.css").read_text(encoding="utf-8")
    return card + (resources.files(__package__) / "page" / "experiment.css").read_text(
        encoding="utf-8"
    )


def _safe(text: str) -> Markup:
    # Drawn from numbers, and from names that a rollout holds to letters, digits and underscores.
    return Markup(text)  # noqa: S704
