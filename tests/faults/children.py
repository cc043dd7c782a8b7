"""Writer processes that end badly."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from credit.records import LocalKeyFile, Location, Receipt, RecordWriter
from credit.records.append.prepare import Prepared
from credit.records.append.writer import _resolve_all, _Waiting
from tests.faults.disk import Cut
from tests.faults.ledger import Ledger
from tests.faults.load import Clients
from tests.faults.lossy_vfs import lossy

DEADLINE_S = 120

# A server that has imported everything once: a child then takes milliseconds, not seconds.
_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["pytest", "alembic.command", "tests.faults.children"])


@dataclass(frozen=True, slots=True)
class Orders:
    """What a writer process is to do.

    Attributes
    ----------
    first
        Number of the first application.
    cut
        Lose power, from the opening of the store on or once it is open.
    unsynced, hasty
        Two writers that break the promise: one that does not sync, one that answers before COMMIT.
    """

    location: Location
    key_file: Path
    first: int
    seed: int
    cut: Cut | None = None
    cut_while_opening: bool = False
    unsynced: bool = False
    hasty: bool = False


class Child:
    """A process that runs a function and reports over a pipe; it does not outlive its parent."""

    def __init__(self, work: Any, *arguments: object) -> None:
        self.reports, theirs = _context.Pipe(duplex=False)
        self._process: BaseProcess = _context.Process(
            target=work, args=(*arguments, theirs), daemon=True
        )
        self._process.start()
        theirs.close()

    def signal(self, number: int) -> None:
        """Send it a signal."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def wait(self) -> int | None:
        """Wait for its end; the number of the signal that ended it is negative."""
        self._process.join(DEADLINE_S)
        return self._process.exitcode

    def end(self) -> None:
        """Leave nothing of it behind."""
        self._process.kill()
        self._process.join()
        self._process.close()
        self.reports.close()


@contextmanager
def children(work: Any, *orders: Sequence[object]) -> Iterator[list[Child]]:
    """Start processes that have ended at the end, whatever the test did."""
    with ExitStack() as stack:
        started = []
        for arguments in orders:
            child = Child(work, *arguments)
            stack.callback(child.end)
            started.append(child)
        yield started


def collect(child: Child, ledger: Ledger) -> int | None:
    """Note all that a writer process tells its clients until it ends, and how that happens."""
    while True:
        try:
            ledger.note(*child.reports.recv())
        except EOFError:
            return child.wait()


def write_for_ever(orders: Orders, reports: Connection) -> None:
    """Write under load and report every answer; ends with the parent, which no longer reads."""
    telling = threading.Lock()

    def tell(number: int, receipt: Receipt) -> None:
        with telling:
            try:
                reports.send((f"key-{number}", receipt.decision_id, receipt.answer))
            except OSError:
                os.kill(os.getpid(), signal.SIGKILL)

    if orders.unsynced:
        event.listen(Engine, "connect", _switch_syncing_off)
    kind = _HastyWriter if orders.hasty else RecordWriter
    with ExitStack() as stack:
        disk = None
        if orders.cut is not None and isinstance(orders.location, Path):
            disk = stack.enter_context(lossy(orders.location.parent))
        if disk is not None and orders.cut is not None and orders.cut_while_opening:
            disk.cut_power(orders.cut)
        writer = stack.enter_context(kind(orders.location, LocalKeyFile(orders.key_file)))
        if disk is not None and orders.cut is not None and not orders.cut_while_opening:
            disk.cut_power(orders.cut)
        clients = Clients(writer, tell, first=orders.first, seed=orders.seed)
        clients.__enter__()
        clients.join()


class _HastyWriter(RecordWriter):
    """Answers first and commits then: what a record before the answer is meant to exclude."""

    def _write(self) -> None:
        def take() -> list[Prepared]:
            batch = self._take()
            _resolve_all([(waiting, _receipt(waiting)) for waiting in batch])
            return [waiting.prepared for waiting in batch]

        self._committer.commit(take)


def _receipt(waiting: _Waiting) -> Receipt:
    return Receipt.of_new(waiting.record)


def _switch_syncing_off(connection: Any, _: object) -> None:
    if hasattr(connection, "isolation_level"):
        connection.execute("PRAGMA synchronous = OFF")
