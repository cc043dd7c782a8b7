"""Shadows that fare badly: what happens to the process that scores for them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

from cluster.bench.replicas import replicas
from cluster.bench.shadowing.effect import CRASHING, DEAD, SLOW

DEPLOYMENT = "Shadows"

SLOW_SHARE = 0.1
"""Of its time that a slow shadow runs."""

_TURN_S = 0.5
_LOOK_S = 0.05


@contextmanager
def faring(kind: str) -> Iterator[None]:
    """Let the shadow fare so until the block ends; `HEALTHY` lets it be."""
    act = {DEAD: _stay_dead, SLOW: _run_slowly, CRASHING: _crash}.get(kind)
    if act is None:
        yield
        return
    ended = threading.Event()
    thread = threading.Thread(target=act, args=(ended,))
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        _each(psutil.Process.resume)


def _stay_dead(ended: threading.Event) -> None:
    """Stopped, which is worse than gone: it keeps its lease and its connections, and answers nothing."""
    while not ended.wait(_LOOK_S):
        _each(psutil.Process.suspend)


def _run_slowly(ended: threading.Event) -> None:
    while not ended.is_set():
        _each(psutil.Process.suspend)
        ended.wait((1 - SLOW_SHARE) * _TURN_S)
        _each(psutil.Process.resume)
        ended.wait(SLOW_SHARE * _TURN_S)


def _crash(ended: threading.Event) -> None:
    """Killed whenever it is there, so that Serve starts it again and again."""
    while not ended.wait(_LOOK_S):
        _each(psutil.Process.kill)


def _each(do: Callable[[psutil.Process], None]) -> None:
    for process in replicas(DEPLOYMENT):
        try:
            do(process)
        except psutil.NoSuchProcess:
            continue  # it has ended since it was found
