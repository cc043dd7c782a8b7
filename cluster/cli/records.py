"""``credit records``: prove, erase, replay and show decision records; each part registers its commands."""

from __future__ import annotations

import typer

from cluster.cli import (
    records_evidence,
    records_privacy,
    records_proof,
    records_replay,
    records_show,
    records_store,
)

app = typer.Typer(
    help="Decision records: every decision is written down before it is answered.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
records_proof.register(app)
records_replay.register(app)
records_show.register(app)
records_evidence.register(app)
records_privacy.register(app)
records_store.register(app)
