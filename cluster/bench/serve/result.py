"""A whole run, as it is told to machines and written on the page."""

from __future__ import annotations

import datetime
import importlib.metadata
from collections.abc import Sequence
from dataclasses import dataclass, field

from cluster.bench.report import commit, machine
from cluster.bench.serve.batching import Batch
from cluster.bench.serve.contenders.contender import Writes
from cluster.bench.serve.contenders.every import EVERY
from cluster.bench.serve.explaining import Explaining
from cluster.bench.serve.figures import Figures, all_figures
from cluster.bench.serve.measure import Measured, OpenLoop
from cluster.bench.serve.peers import PINS
from cluster.bench.serve.promises import Ratios, ratios

_PACKAGES = (
    "fastapi",
    "lightgbm",
    "mlflow",
    "msgspec",
    "numpy",
    "pydantic",
    "ray",
    "starlette",
    "uvicorn",
)


@dataclass(frozen=True)
class Told:
    """One contender: what it is, and its figures."""

    title: str
    writes: Writes
    figures: Figures


@dataclass(frozen=True)
class Result:
    """Everything of one run.

    Attributes
    ----------
    contenders
        Those that were measured.
    failed
        Why others were not, by name.
    """

    date: str
    machine: str
    commit: str
    versions: dict[str, str]
    rounds: int
    seconds: float
    open_loop_seconds: float
    n_checked: int
    contenders: dict[str, Told]
    open_loops: dict[str, list[OpenLoop]]
    explaining: Explaining
    batch: Batch
    ratios: Ratios
    failed: dict[str, str] = field(default_factory=dict)


def make_result(
    measured: Measured,
    explaining: Explaining | None,
    batch: Batch,
    *,
    rounds: int,
    seconds: float,
    open_loop_seconds: float,
    n_checked: int,
) -> Result:
    """Sum up a run."""
    told = {
        name: Told(EVERY[name].title, EVERY[name].writes, figures)
        for name, figures in all_figures(measured).items()
    }
    return Result(
        date=f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
        machine=machine(),
        commit=commit(),
        versions=versions(list(told)),
        rounds=rounds,
        seconds=seconds,
        open_loop_seconds=open_loop_seconds,
        n_checked=n_checked,
        contenders={name: told[name] for name in EVERY if name in told},
        open_loops=measured.open_loops,
        explaining=explaining or Explaining(),
        batch=batch,
        ratios=ratios(measured, explaining, batch),
        failed=measured.failed,
    )


def versions(measured: Sequence[str]) -> dict[str, str]:
    """Versions of the packages, and of the peers that took part."""
    found = {package: importlib.metadata.version(package) for package in _PACKAGES}
    peers = [pin for name in measured for pin in PINS.get(name, ())]
    return found | {name: version for name, _, version in (pin.partition("==") for pin in peers)}
