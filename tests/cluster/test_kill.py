"""The record before the answer: what was answered stands in the store, whatever was killed."""

from __future__ import annotations

import itertools
import secrets
import threading
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from credit.decision.score import Answer
from credit.errors import ServiceUnavailable
from credit.records import LocalKeyFile
from credit.records.proof.public_keys import read_public_keys
from credit.settings import Settings
from serve_app.client import ScoringClient
from tests.cluster.processes import Service, is_serving, until
from tests.faults.ledger import Ledger, complaints

pytestmark = pytest.mark.ray

N_CLIENTS = 4


class Clients:
    """Score applicants over and over, repeat with the same key what was refused, note every answer."""

    def __init__(self, service: Service, applicants: list[dict[str, Any]], ledger: Ledger) -> None:
        self.n_refused = 0
        self._ledger = ledger
        self._run_id = secrets.token_hex(4)  # other tests use the same store
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(service, applicants, i))
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

    def wait_for_more(self, n: int) -> None:
        """Wait until ``n`` more decisions were answered: the service is back."""
        enough = len(self._ledger.told) + n
        until(lambda: len(self._ledger.told) >= enough, 120, f"{n} more answers")

    def _run(self, service: Service, applicants: list[dict[str, Any]], client: int) -> None:
        with service.client() as connected:
            for number in itertools.count(client, N_CLIENTS):
                key = f"{self._run_id}-{number}"
                row = {**applicants[number % len(applicants)], "application_id": key}
                self._ledger.sent.add(key)
                told = self._until_answered(connected, row, key)
                if told is None:
                    return
                self._ledger.note(key, str(told.decision_id), msgspec.json.encode(told))

    def _until_answered(
        self, client: ScoringClient, row: dict[str, Any], key: str
    ) -> Answer | None:
        while not self._stop.is_set():
            try:
                return client.score(row, idempotency_key=key)
            except ServiceUnavailable:
                self.n_refused += 1
                self._stop.wait(0.05)
        return None


def _complaints(home: Path, ledger: Ledger) -> list[str]:
    settings = Settings(home=home)
    return complaints(
        settings.records,
        LocalKeyFile(settings.key_path),
        ledger,
        # The service signs checkpoints meanwhile.
        public_keys=read_public_keys(settings.public_keys_path),
    )


@pytest.mark.parametrize("n_kills", [1, pytest.param(100, marks=pytest.mark.full)])
def test_no_answered_decision_is_lost_when_gateways_and_then_the_driver_are_killed(
    home: Path, applicants: list[dict[str, Any]], n_kills: int
) -> None:
    ledger = Ledger()
    with Service(home) as service:
        with Clients(service, applicants, ledger) as clients:
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

    assert len(ledger.told) > 40 * (n_kills + 1)
    assert _complaints(home, ledger) == []
    assert alive == []


def test_the_check_sees_a_lost_decision(home: Path) -> None:
    """The control: an answer that nobody recorded is found missing."""
    ledger = Ledger()
    ledger.note("a-key", "00000000-0000-7000-8000-000000000000", b"{}")

    assert "a-key: no decision in the store" in _complaints(home, ledger)
