"""Refusing costs little, and a slow store makes nobody wait for longer than the queue is."""

from __future__ import annotations

import asyncio
import gc
import logging
import math
import os
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from credit.records import LocalKeyFile, Location
from serve_app.limits import Limits
from tests.faults.disk import Disk
from tests.faults.http import post_all, require_refusal, seconds_of, serving, statuses
from tests.records.samples import everything, tamper
from tests.service import Nodes

SLOW_S = 0.2

WIDE_OPEN = Limits(1_000, 1_000, body_timeout_s=60.0, answer_timeout_s=60.0)
"""A door through which more come at a time than the record queue holds."""


@pytest.fixture(autouse=True)
def _unlogged() -> Iterator[None]:
    """The tests' own log keeps every traceback, and with it what was refused."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_a_full_disk_refuses_about_as_fast_as_a_good_one_answers(
    disk: Disk, path: Path, nodes: Nodes, keys: LocalKeyFile
) -> None:
    """Each refusal opens the store anew, which is what makes it dearer than an answer."""
    with serving(nodes, path, keys) as service:
        asyncio.run(seconds_of(service, range(20)))
        normal = median(asyncio.run(seconds_of(service, range(20, 60))))
        disk.fill()
        refused = median(asyncio.run(seconds_of(service, range(100, 140))))
        disk.mend()

    assert refused < 15 * normal


@pytest.mark.parametrize("n", [600, pytest.param(10_000, marks=pytest.mark.full)])
def test_thousands_of_refusals_leave_nothing_behind(
    n: int, disk: Disk, path: Path, nodes: Nodes, keys: LocalKeyFile
) -> None:
    """A record that waits holds about 10 kB, and a store that is open holds descriptors."""

    def refuse(numbers: range) -> tuple[int, int]:
        responses = asyncio.run(post_all(service, numbers, at_once=16))
        for response in responses:
            require_refusal(response)
        del responses
        gc.collect()
        return tracemalloc.get_traced_memory()[0], len(os.listdir("/proc/self/fd"))

    with serving(nodes, path, keys) as service:
        disk.fill()
        disk.events = type(disk.events)(maxlen=1)
        refuse(range(100))
        tracemalloc.start()
        memory, descriptors = refuse(range(100, 300))
        more_memory, more_descriptors = refuse(range(300, 300 + n))
        tracemalloc.stop()
        disk.mend()

    assert more_memory - memory < n * 500
    assert more_descriptors <= descriptors + 4


def slow_down(location: Location, disk: Disk) -> None:
    """Let every commit take 200 ms."""
    if isinstance(location, Path):
        disk.slow_down(SLOW_S)
        return
    tamper(
        location,
        "CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS "
        f"'BEGIN PERFORM pg_sleep({SLOW_S}); RETURN NULL; END'",
    )
    tamper(
        location,
        "CREATE TRIGGER wait AFTER INSERT ON records FOR EACH STATEMENT EXECUTE FUNCTION wait()",
    )


def test_a_slow_store_fills_a_bounded_queue_and_refuses_the_rest(
    location: Location, disk: Disk, nodes: Nodes, keys: LocalKeyFile
) -> None:
    with serving(nodes, location, keys, max_queue=16, limits=WIDE_OPEN) as service:
        asyncio.run(post_all(service, range(1), at_once=1))
        slow_down(location, disk)

        started = time.monotonic()
        responses = asyncio.run(post_all(service, range(1, 301), at_once=300))
        n_commits = 1 + math.ceil((time.monotonic() - started) / SLOW_S)

        disk.mend()
    found = statuses(responses)
    assert found.keys() == {200, 503}
    for response in responses:
        if response.status_code == 503:
            require_refusal(response)
            assert response.json()["type"].endswith(":busy")
    # Each commit takes what is in the queue out of it; a busy machine needs the time of several to ask 300
    # times.
    assert 16 <= found[200] <= 16 * n_commits
    answered = {r.json()["decision_id"] for r in responses if r.status_code == 200}
    assert {record.decision_id for record in everything(location)[1:]} == answered
