"""A service over a store that fails: no score without a record, and by itself all is well again."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest

from credit.records import LocalKeyFile, Location
from credit.records.append import commit
from tests.faults.disk import Disk
from tests.faults.http import HttpClients, seconds_of, serving
from tests.faults.ledger import Ledger, complaints, untold
from tests.faults.rounds import ROUNDS
from tests.postgres import PostgresServer
from tests.service import Nodes

pytestmark = pytest.mark.usefixtures("quiet")

FAULTS: dict[str, Callable[[Disk], None]] = {
    "full": Disk.fill,
    "read-only": Disk.protect,
    "failing syncs": Disk.fail_syncs,
}


def require_all_well(location: Location, keys: LocalKeyFile, ledger: Ledger) -> None:
    """Every answer is in the store as it was told, and nothing else is."""
    assert complaints(location, keys, ledger) == []
    assert untold(location, ledger) == set()


@ROUNDS
@pytest.mark.parametrize("fault", FAULTS)
def test_a_bad_disk_means_503_until_it_is_well(
    fault: str,
    disk: Disk,
    path: Path,
    nodes: Nodes,
    keys: LocalKeyFile,
    ledger: Ledger,
    chance: random.Random,
    n_rounds: int,
) -> None:
    with serving(nodes, path, keys) as service, HttpClients(service, ledger) as clients:
        for _ in range(n_rounds):
            clients.wait_for_answers(chance.randrange(1, 40))
            FAULTS[fault](disk)
            clients.wait_for_refusals(20)
            told = len(ledger.told)
            clients.wait_for_refusals(20)
            assert len(ledger.told) == told
            disk.mend()
        clients.wait_for_answers(20)

    require_all_well(path, keys, ledger)


@pytest.mark.parametrize("outage_s", [3.0, pytest.param(30.0, marks=pytest.mark.full)])
def test_a_database_that_is_stopped_means_503_until_it_is_back(
    outage_s: float,
    own_server: PostgresServer,
    own_database: str,
    nodes: Nodes,
    keys: LocalKeyFile,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first requests wait for a restart; those behind them are refused at once."""
    monkeypatch.setattr(commit, "_PATIENCE_S", outage_s / 6)

    with serving(nodes, own_database, keys) as service, HttpClients(service, ledger) as clients:
        clients.wait_for_answers(50)
        own_server.stop()
        clients.wait_for_refusals(20)
        threading.Event().wait(outage_s)
        told = len(ledger.told)
        clients.wait_for_refusals(20)
        assert len(ledger.told) == told
        own_server.start()
        clients.wait_for_answers(50)

    require_all_well(own_database, keys, ledger)


def test_a_stopped_database_refuses_about_as_fast_as_a_running_one_answers(
    own_server: PostgresServer, own_database: str, nodes: Nodes, keys: LocalKeyFile
) -> None:
    with serving(nodes, own_database, keys) as service:
        asyncio.run(seconds_of(service, range(20)))
        normal = median(asyncio.run(seconds_of(service, range(20, 60))))
        own_server.stop()
        asyncio.run(seconds_of(service, range(100, 101)))  # the one that waits for a restart
        refused = median(asyncio.run(seconds_of(service, range(101, 140))))
        own_server.start()

    assert refused < 15 * normal


@ROUNDS
def test_closing_under_load_loses_nothing_that_was_accepted(
    location: Location,
    nodes: Nodes,
    keys: LocalKeyFile,
    ledger: Ledger,
    chance: random.Random,
    n_rounds: int,
) -> None:
    for _ in range(n_rounds):
        with (
            serving(nodes, location, keys) as service,
            HttpClients(service, ledger, first=len(ledger.told)) as clients,
        ):
            clients.wait_for_answers(chance.randrange(1, 60))
            service.writer.close()
            clients.wait_for_refusals(1)

    require_all_well(location, keys, ledger)
