"""The ``credit`` command. Exit codes: :mod:`cluster.exits`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import typer
from pydantic import ValidationError

from cluster.cli import (
    bench,
    contract,
    data,
    demo,
    grpc,
    model,
    records,
    rollout,
    score,
    score_batch,
    serve,
    shadow,
    tune,
)
from cluster.cli.terminal import errors_console, quiet_libraries, show_own_warnings
from cluster.exits import INTERRUPTED, exit_code
from credit.errors import CreditError, SettingsInvalid

app = typer.Typer(
    help="Credit scoring on Ray: train, serve, explain, record and watch one decision function.\n\n"
    "Start with `credit demo`. Everything is kept below CREDIT_HOME (default: var).",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    add_completion=False,
)
app.add_typer(contract.app, name="contract")
app.add_typer(data.app, name="data")
app.command("tune")(tune.tune)
app.add_typer(model.app, name="model")
app.command("serve")(serve.serve)
app.command("grpc")(grpc.grpc)
app.command("score")(score.score)
app.command("score-batch")(score_batch.score_batch)
app.command("demo")(demo.demo)
app.add_typer(rollout.app, name="rollout")
app.add_typer(shadow.app, name="shadow")
app.add_typer(records.app, name="records")
app.add_typer(bench.app, name="bench")


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the command; what went wrong is one sentence on standard error and an exit code.

    Parameters
    ----------
    arguments
        Instead of those of the process.
    """
    quiet_libraries()
    show_own_warnings()
    try:
        app(arguments)
    except CreditError as error:
        _fail(error)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'settings'}: {e['msg']}" for e in error.errors()
        )
        _fail(SettingsInvalid(problems))
    except SystemExit as left:
        # Typer turns Ctrl-C into this exit code and says nothing.
        if left.code == INTERRUPTED:
            errors_console.print(
                "\nInterrupted. What was finished is kept; nothing half-done was registered."
            )
            _leave(INTERRUPTED)
        raise


def _fail(error: CreditError) -> None:
    errors_console.print(
        f"credit: {error}", style="red", markup=False, highlight=False, soft_wrap=True
    )
    _leave(exit_code(error))


def _leave(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    if code == INTERRUPTED:
        # Ray's threads may still wait for a worker that Ctrl-C ended, too; nobody else does.
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    run()
