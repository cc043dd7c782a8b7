"""``credit demo``: from 150,000 real loans to scored, explained, recorded applicants over HTTP."""

from __future__ import annotations

from typing import Annotated

import typer

from cluster.cli.options import Placement


def demo(
    once: Annotated[
        bool, typer.Option("--once", help="End after the report, with exit code 0.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Train again even if models are there.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes any free port.")] = 8000,
    placement: Annotated[Placement, typer.Option(help="fused or graph.")] = Placement.GRAPH,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Trials of each sweep, instead of the defaults.")
    ] = None,
) -> None:
    """Train two models on Give Me Some Credit, serve them, score 500 held-out applicants, watch for drift.

    Takes a few minutes the first time; a second run reuses what is trained. Then it keeps serving
    until Ctrl-C.
    """
    from cluster.demo_story import tell

    tell(once=once, fresh=fresh, port=port, placement=placement.value, trials=trials)
