"""A run of the bench, from rows to a result."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cluster.bench.serve.batching import N_ROWS, Batch, measure_batches
from cluster.bench.serve.checking import N_CHECKED
from cluster.bench.serve.contenders.contender import Contender
from cluster.bench.serve.contenders.every import EVERY
from cluster.bench.serve.driver import load_driver
from cluster.bench.serve.explaining import SHAPES, measure_explaining
from cluster.bench.serve.measure import OPEN_LOOP, Bench, Measured
from cluster.bench.serve.result import Result, make_result
from cluster.bench.serve.work import Work, choose_applicants, make_bundle
from credit.contract import Contract
from credit.errors import SettingsInvalid
from tune.rows import Rows


@dataclass(frozen=True)
class Plan:
    """What is to be run.

    Attributes
    ----------
    contenders
        In the order in which they take turns.
    seconds
        Of each closed loop; a turn has three.
    explain
        Whether engines of explanations are compared as well.
    batch
        Whether files are scored in process as well.
    """

    contenders: Sequence[Contender]
    rounds: int
    seconds: float
    open_loop_seconds: float
    explain: bool
    batch: bool

    @property
    def n_steps(self) -> int:
        """How often a run tells what begins."""
        placements = sum(c.name in OPEN_LOOP for c in self.contenders)
        beside = self.explain * len(SHAPES) + self.batch * len(N_ROWS)
        return 1 + len(self.contenders) * self.rounds + placements + beside


def chosen(only: Sequence[str], peers: Sequence[str]) -> list[Contender]:
    """Contenders by name; without names, all but the peers that were not asked for.

    Raises
    ------
    SettingsInvalid
        When a name is not known, or names a peer that was not asked for.
    """
    own = [c for c in EVERY.values() if c.peer is None or c.peer in peers]
    every_peer = [c.peer for c in EVERY.values() if c.peer is not None]
    _require_known("--peers", peers, every_peer)
    _require_known("--only", only, list(EVERY))
    missing = [name for name in only if EVERY[name] not in own]
    if missing:
        raise SettingsInvalid(
            f"{', '.join(missing)}: runs from an environment of its own; add --peers {','.join(missing)}"
        )
    return [c for c in own if not only or c.name in only]


def _require_known(option: str, given: Sequence[str], known: Sequence[str]) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise SettingsInvalid(
            f"{option}: {', '.join(unknown)} is not known; choose from {', '.join(known)}"
        )


@contextmanager
def prepared(
    rows: Rows,
    contract: Contract,
    *,
    bundle: Path | None,
    home: Path,
    num_threads: int,
    advance: Callable[[str], None],
) -> Iterator[Bench]:
    """Make what stays the same in a run; see :func:`run_bench`."""
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home, prefix="bench-") as folder, load_driver() as driver:
        room = Path(folder)
        advance("the bundle")
        path = bundle or make_bundle(rows, contract, room / "bundles", num_threads=num_threads)
        work = Work(path.resolve(), choose_applicants(rows, contract))
        yield Bench(work, work.expected(N_CHECKED), driver, room, home / "peers", advance)


def run_bench(
    plan: Plan,
    rows: Rows,
    contract: Contract,
    *,
    bundle: Path | None,
    home: Path,
    num_threads: int,
    failed: dict[str, str],
    advance: Callable[[str], None],
) -> Result:
    """Measure everything of a plan.

    Parameters
    ----------
    bundle
        Folder of a bundle; None trains one.
    home
        Of the product; the run works in a folder below it, because a temporary one is often in memory, where
        a record costs nothing.
    failed
        Contenders that are known not to start, with the reason.
    advance
        Is told what begins.
    """
    with prepared(
        rows, contract, bundle=bundle, home=home, num_threads=num_threads, advance=advance
    ) as bench:
        measured = Measured(failed=failed)
        bench.rounds(plan.contenders, measured, rounds=plan.rounds, seconds=plan.seconds)
        for contender in (c for c in plan.contenders if c.name in OPEN_LOOP):
            bench.open_loop(contender, measured, plan.open_loop_seconds)
        explaining = None
        if plan.explain:
            explaining = measure_explaining(rows, contract, advance=advance)
        return make_result(
            measured,
            explaining,
            measure_batches(bench.work.folder, bench.room, advance) if plan.batch else Batch(),
            rounds=plan.rounds,
            seconds=plan.seconds,
            open_loop_seconds=plan.open_loop_seconds,
            n_checked=N_CHECKED,
        )
