"""What the guards did on simulated books, on one screen or as part of a page."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from credit.experiment.simulate import Outcome

_HEADINGS = ("challenger", "taken off", "95% interval", "by", "median", "90%")


def outcomes_table(outcomes: Sequence[Outcome], title: str) -> Table:
    """Draw the outcomes for a terminal."""
    table = Table(title=title, title_justify="left")
    for number, heading in enumerate(_HEADINGS):
        table.add_column(heading, justify="left" if number in (0, 3) else "right")
    for outcome in outcomes:
        table.add_row(*_cells(outcome))
    return table


def outcomes_markdown(outcomes: Sequence[Outcome], command: str) -> str:
    """Write the outcomes as part of a page, with the command that made them."""
    lines = [
        f"`{command}`",
        "",
        f"| {' | '.join(_HEADINGS)} |",
        "|---|---:|---:|---|---:|---:|",
        *(f"| {' | '.join(_cells(outcome))} |" for outcome in outcomes),
    ]
    return "\n".join(lines) + "\n"


def _cells(outcome: Outcome) -> tuple[str, ...]:
    rails = ", ".join(f"{name} {n}" for name, n in outcome.first_rail.items())
    return (
        outcome.scenario,
        f"{outcome.n_tripped} of {outcome.n_runs}",
        f"{100 * outcome.low:.1f}-{100 * outcome.high:.1f}%",
        rails or "-",
        _count(outcome.delay_median),
        _count(outcome.delay_90),
    )


def _count(requests: float | None) -> str:
    return "-" if requests is None else f"{requests:,.0f}"
