"""Share the stretches of a verification between processes."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import NamedTuple, TypeAlias

from credit.errors import RecordStoreUnavailable
from credit.records.proof.pages import CheckpointsPage, PageChecker, RecordsPage
from credit.records.store.location import Location


class Task(NamedTuple):
    """A stretch for one process: of records, or of checkpoints."""

    of_records: bool
    first: int
    last: int


Page: TypeAlias = RecordsPage | CheckpointsPage
Check: TypeAlias = Callable[[list[Task]], Iterator[Page]]
"""Checks all tasks; results come in no particular order."""


@contextmanager
def page_checker(
    location: Location,
    public_keys: Mapping[str, bytes],
    ceilings: Mapping[bytes, int] | None,
    *,
    processes: int,
) -> Iterator[Check]:
    """Give what checks stretches: this process, and others beside it."""
    parts = (location, public_keys, ceilings)
    checker = PageChecker(*parts)
    try:
        if processes <= 1:
            yield lambda tasks: (_check_one(checker, task) for task in tasks)
            return
        # Spawned: this process may have threads and connections, which a fork would copy half-alive.
        pool = ProcessPoolExecutor(
            processes - 1, multiprocessing.get_context("spawn"), _begin_process, parts
        )
        try:
            yield lambda tasks: _shared(pool, checker, tasks)
        finally:
            pool.shutdown(cancel_futures=True)
    except BrokenProcessPool as error:
        raise RecordStoreUnavailable(
            "A process of the verification ended before its work was done, perhaps for lack of memory; "
            "verify with --workers 1."
        ) from error
    finally:
        checker.close()


def _shared(pool: ProcessPoolExecutor, checker: PageChecker, tasks: list[Task]) -> Iterator[Page]:
    """Work from the last task on, while the others, once they have started, come from the first."""
    waiting = [(task, pool.submit(_check_in_process, task)) for task in tasks]
    while waiting:
        task, elsewhere = waiting.pop()
        yield _check_one(checker, task) if elsewhere.cancel() else elsewhere.result()


def _begin_process(
    location: Location, public_keys: Mapping[str, bytes], ceilings: Mapping[bytes, int] | None
) -> None:
    _in_process.append(PageChecker(location, public_keys, ceilings))


_in_process: list[PageChecker] = []


def _check_in_process(task: Task) -> Page:
    return _check_one(_in_process[0], task)


def _check_one(checker: PageChecker, task: Task) -> Page:
    check = checker.records if task.of_records else checker.checkpoints
    return check(task.first, task.last)
