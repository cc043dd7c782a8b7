"""Where the command prints, and how it shows long work."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from credit.records.store.location import Location, name_of
from tune.progress import SweepProgress

console = Console(highlight=False)
errors_console = Console(stderr=True, highlight=False)


def show_own_warnings() -> None:
    """Print the product's own warnings as sentences, without the line of code that raised them."""
    show_others = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
        if category.__module__.startswith("credit."):
            errors_console.print(f"warning: {message}", style="yellow", soft_wrap=True)
        else:
            show_others(message, category, *where, **more)

    warnings.showwarning = show


def quiet_libraries() -> None:
    """Show of libraries what a person can act on: not their greetings, nor Ray's own shutdown."""
    # MLflow sets its loggers up at import, from these; and it would report its use to its makers.
    os.environ.setdefault("MLFLOW_LOGGING_LEVEL", "WARNING")
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    for name in ("alembic", "ray.serve", "ray.tune"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("ray").setLevel(logging.ERROR)


def near(path: Location) -> str:
    """Name a path from where the reader stands, when it lies below; a database by its address."""
    if isinstance(path, str):
        return name_of(path)
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


@contextmanager
def sweep_bar(n_trials: int) -> Iterator[Callable[[SweepProgress], None]]:
    """Show a sweep: trials that ended, best AUC so far, time left."""
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeElapsedColumn(),
        console=errors_console,
    ) as progress:
        task = progress.add_task("sweep", total=n_trials, note="")

        def show(state: SweepProgress) -> None:
            best = "no AUC yet" if state.best_auc is None else f"best AUC {state.best_auc:.4f}"
            left = "" if state.remaining_s is None else f", about {state.remaining_s:.0f} s left"
            progress.update(
                task,
                description=f"sweep {state.label}",
                completed=state.n_ended,
                total=state.n_trials,
                note=best + left,
            )

        yield show


@contextmanager
def counting_bar(what: str, total: int) -> Iterator[Callable[[], None]]:
    """Show how many of ``total`` are done; the function advances by one, from any thread."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=errors_console,
    ) as progress:
        task = progress.add_task(what, total=total)
        yield lambda: progress.advance(task)


@contextmanager
def named_bar(what: str, total: int) -> Iterator[Callable[[str], None]]:
    """Show which of ``total`` parts is being done; the function begins the next."""
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=errors_console,
    ) as progress:
        task = progress.add_task(what, total=total, completed=-1)
        yield lambda name: progress.update(task, description=name, advance=1)
        progress.update(task, completed=total)


@contextmanager
def stage(what: str) -> Iterator[Callable[[], None]]:
    """Show that something is being done, until the block ends or the function is called."""
    status = errors_console.status(what)
    with status:
        yield status.stop
