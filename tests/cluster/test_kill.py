"""The record before the answer: whoever was answered is in the store, whatever was killed."""

from __future__ import annotations

import itertools
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from credit.errors import ServiceUnavailable
from credit.records import RecordReader
from tests.cluster.processes import Service, is_serving, until

pytestmark = pytest.mark.ray

N_CLIENTS = 4


class Clients:
    """Score applicants over and over, and remember every decision that was answered."""

    def __init__(self, service: Service, applicants: list[dict[str, Any]]) -> None:
        self.answered: list[str] = []
        self.n_refused = 0
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(service, applicants[i::N_CLIENTS]))
            for i in range(N_CLIENTS)
        ]

    def __enter__(self) -> Clients:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _run(self, service: Service, applicants: list[dict[str, Any]]) -> None:
        with service.client() as client:
            for row in itertools.cycle(applicants):
                if self._stop.is_set():
                    return
                try:
                    decision_id = client.score(row).decision_id
                except ServiceUnavailable:
                    self.n_refused += 1
                    self._stop.wait(0.05)
                else:
                    assert decision_id is not None
                    self.answered.append(decision_id)

    def wait_for_more(self, n: int) -> None:
        """Wait until ``n`` more decisions were answered: the service is back."""
        enough = len(self.answered) + n
        until(lambda: len(self.answered) >= enough, 120, f"{n} more answers")


def _missing(home: Path, answered: list[str]) -> list[str]:
    with RecordReader(home / "records.db") as reader:
        return [i for i in answered if reader.find("default", i) is None]


@pytest.mark.parametrize("n_kills", [3, pytest.param(20, marks=pytest.mark.full)])
def test_no_answered_decision_is_lost_when_gateways_and_then_the_driver_are_killed(
    home: Path, applicants: list[dict[str, Any]], n_kills: int
) -> None:
    with Service(home) as service:
        with Clients(service, applicants) as clients:
            for _ in range(n_kills):
                clients.wait_for_more(40)
                (gateway,) = service.replicas("Gateway")
                gateway.kill()
                gateway.wait(30)
                until(lambda: len(service.replicas("Gateway")) == 1, 120, "a new gateway")
            clients.wait_for_more(40)
            refused_before = clients.n_refused
            service.kill()
            until(lambda: clients.n_refused > refused_before, 60, "the service is gone")
        # Ray's two agents take their time; whoever could answer or hold the port may not.
        left = [p for p in service.started if is_serving(p)]
        _, alive = psutil.wait_procs(left, timeout=60)

    assert len(clients.answered) > 40 * (n_kills + 1)
    assert _missing(home, clients.answered) == []
    assert alive == []


def test_the_check_sees_a_lost_decision(home: Path) -> None:
    """The control: an answer that nobody recorded is found missing."""
    assert _missing(home, ["00000000-0000-7000-8000-000000000000"]) != []
