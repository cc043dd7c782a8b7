"""How a file of unknown length is shown while it is worked through."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from cluster.cli.terminal import errors_console


class _RowsColumn(ProgressColumn):
    """Rows so far, and how many a second."""

    def render(self, task: Task) -> Text:
        """Return both as text."""
        n_rows = task.fields["n_rows"]
        rate = "" if not task.elapsed else f", {n_rows / task.elapsed:,.0f} a second"
        return Text(f"{n_rows:,} rows{rate}")


@contextmanager
def rows_bar(what: str) -> Iterator[Callable[[int, float], None]]:
    """Show rows and their rate; the function is told how many more are done, and the share of the file."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        _RowsColumn(),
        TimeElapsedColumn(),
        console=errors_console,
    ) as progress:
        task = progress.add_task(what, total=1.0, n_rows=0)
        n_done = 0

        def advance(n_rows: int, share: float) -> None:
            nonlocal n_done
            n_done += n_rows
            progress.update(task, completed=share, n_rows=n_done)

        yield advance
