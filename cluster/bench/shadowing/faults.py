"""Shadows that fare badly: what happens to the process that scores for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

from cluster.bench.replicas import replicas
from cluster.bench.shadowing.effect import CRASHING, DEAD, SLOW
from credit.errors import ServiceUnavailable

DEPLOYMENT = "Shadows"

SLOW_SHARE = 0.1
"""Of its time that a slow shadow runs."""

_TURN_S = 2.5
_LOOK_S = 0.25
"""Looking walks through all processes of the machine: more often, and it would be what is measured."""


@contextmanager
def faring(kind: str | None) -> Iterator[None]:
    """Let the process for shadows fare so until the block ends.

    It is looked for as often whatever happens to it, so that looking makes no difference.

    Raises
    ------
    ServiceUnavailable
        When there was no such process to do anything to.
    """
    fault = _Fault({DEAD: psutil.Process.suspend, CRASHING: psutil.Process.kill}.get(kind or ""))
    thread = threading.Thread(target=fault.run_slowly if kind == SLOW else fault.repeat)
    thread.start()
    try:
        yield
    finally:
        fault.ended.set()
        thread.join()
        _each(psutil.Process.resume)
    if not fault.n_done:
        raise ServiceUnavailable(
            f"no process of {DEPLOYMENT} was found to be made {kind or 'well'}"
        )


class _Fault:
    """What is done again and again to the process.

    Attributes
    ----------
    n_done
        How often there was a process to do it to.
    """

    def __init__(self, act: Callable[[psutil.Process], None] | None) -> None:
        self.ended = threading.Event()
        self.n_done = 0
        self._act = act or (lambda process: None)

    def repeat(self) -> None:
        """Stopped, it is worse than gone: it keeps its lease and answers nothing. Killed, it is started again."""
        while not self.ended.wait(_LOOK_S):
            self.n_done += _each(self._act)

    def run_slowly(self) -> None:
        while not self.ended.is_set():
            self.n_done += _each(psutil.Process.suspend)
            self._look_on((1 - SLOW_SHARE) * _TURN_S)
            _each(psutil.Process.resume)
            self._look_on(SLOW_SHARE * _TURN_S)

    def _look_on(self, seconds: float) -> None:
        for _ in range(round(seconds / _LOOK_S)):
            if self.ended.wait(_LOOK_S):
                return
            replicas(DEPLOYMENT)


def _each(do: Callable[[psutil.Process], None]) -> int:
    n_done = 0
    for process in replicas(DEPLOYMENT):
        try:
            do(process)
        except psutil.NoSuchProcess:
            continue  # it has ended since it was found
        n_done += 1
    return n_done
