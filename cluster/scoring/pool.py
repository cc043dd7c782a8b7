"""Score the parts of a file in several processes, in the order of the file."""

from __future__ import annotations

import gc
import itertools
import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from cluster.scoring.cycles import cycles_sought_afterwards
from cluster.scoring.job import ScoringJob
from cluster.scoring.worker import PartScorer, ScoredPart
from credit.data.parts import Part
from credit.errors import ServiceUnavailable

PARTS_IN_FLIGHT = 3
"""For each process: one being scored, one that waits for it, one that waits for those before it."""

SMALL = 4
"""A file of so many parts is scored here in less time than a process takes to start."""


def score_parts(
    parts: Iterator[Part], job: ScoringJob, *, workers: int
) -> Generator[ScoredPart, None, None]:
    """Score parts as they come, and hold a bounded number of them.

    Raises
    ------
    ServiceUnavailable
        When a process was killed.
    CreditError
        As :class:`cluster.scoring.worker.PartScorer`.
    """
    head = list(itertools.islice(parts, SMALL + 1))
    everything = itertools.chain(head, parts)
    if workers > 1 and len(head) > SMALL:
        yield from _in_processes(everything, job, workers)
        return
    scorer = PartScorer(job)
    try:
        yield from map(scorer.score, everything)
    finally:
        scorer.close()


def _in_processes(
    parts: Iterator[Part], job: ScoringJob, workers: int
) -> Generator[ScoredPart, None, None]:
    # Spawned: threads of this process, such as pyarrow's, do not survive a fork.
    spawn = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=spawn, initializer=_start, initargs=(job,))
    waiting: deque[Future[ScoredPart]] = deque()
    try:
        for part in parts:
            with _out_of_reach_of_ctrl_c():
                waiting.append(pool.submit(_score, part))
            if len(waiting) >= PARTS_IN_FLIGHT * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise ServiceUnavailable(
            "a process that scores was ended from outside, perhaps for want of memory; nothing was written to "
            "the output. Repeat with fewer --workers; under the same --job, what was recorded is not "
            "recorded again"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _out_of_reach_of_ctrl_c() -> Iterator[None]:
    """Start processes that never see a Ctrl-C, which is their parent's to handle; it gets one that comes now after.

    A handler that they set up themselves would be late: they import for seconds before.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # children inherit it
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class _Process:
    """What a process holds: its scorer, or why it has none."""

    scorer: PartScorer | Exception | None = None


def _start(job: ScoringJob) -> None:
    """Begin a process; without a parent it ends."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _Process.scorer = PartScorer(job)
        gc.freeze()  # what is here now stays: it need not be looked through after each part
    except Exception as error:  # told with the first part: an error here would only break the pool
        _Process.scorer = error


def _score(part: Part) -> ScoredPart:
    if not isinstance(_Process.scorer, PartScorer):
        raise _Process.scorer or RuntimeError("the process was not started")
    with cycles_sought_afterwards():
        return _Process.scorer.score(part)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
