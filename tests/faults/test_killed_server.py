"""A PostgreSQL that is killed under a writer that lives on takes no answer back."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from sqlalchemy import make_url

from credit.errors import RecordStoreUnavailable
from credit.records import LocalKeyFile, RecordWriter
from credit.records.store import postgres
from tests.faults.ledger import Ledger, complaints, untold
from tests.faults.load import offer, settle, under_load, wait_for_answers
from tests.faults.rounds import ROUNDS
from tests.postgres import PostgresServer
from tests.records.samples import tamper

pytestmark = pytest.mark.usefixtures("quiet")


@ROUNDS
def test_no_answer_is_lost_or_given_twice_when_the_server_is_killed(
    own_server: PostgresServer,
    own_database: str,
    key_file: Path,
    keys: LocalKeyFile,
    ledger: Ledger,
    chance: random.Random,
    n_rounds: int,
) -> None:
    """Clients repeat with their keys until they are answered; also when COMMIT got no answer."""
    with (
        RecordWriter(own_database, keys) as writer,
        under_load(writer, ledger, seed=chance.randrange(2**32)),
    ):
        for _ in range(n_rounds):
            wait_for_answers(ledger, chance.randrange(1, 100))
            own_server.kill()
            own_server.start()
        wait_for_answers(ledger, 20)

    assert complaints(own_database, keys, ledger) == []
    settle(own_database, key_file, ledger, len(ledger.told) + 60)
    assert complaints(own_database, keys, ledger) == []
    assert untold(own_database, ledger) == set()


def test_a_restart_is_waited_for_and_nobody_is_refused(
    own_server: PostgresServer, own_database: str, keys: LocalKeyFile, ledger: Ledger
) -> None:
    with (
        RecordWriter(own_database, keys) as writer,
        under_load(writer, ledger, seed=1) as clients,
    ):
        wait_for_answers(ledger, 20)
        own_server.kill()
        own_server.start()
        wait_for_answers(ledger, 20)

    assert clients.n_refused == 0
    assert complaints(own_database, keys, ledger) == []


def test_the_check_sees_what_a_server_loses_that_does_not_sync(
    own_server: PostgresServer,
    own_database: str,
    keys: LocalKeyFile,
    ledger: Ledger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The control. Our program refuses such a server, unless that check is taken out."""
    name = make_url(own_database).database
    tamper(own_database, f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    with pytest.raises(RecordStoreUnavailable, match="synchronous_commit = off"):
        RecordWriter(own_database, keys)
    monkeypatch.setattr(postgres, "refuse_unsafe_settings", lambda engine: None)

    lost: list[str] = []
    for i in range(10):
        with RecordWriter(own_database, keys) as writer:
            for number in range(20 * i, 20 * i + 20):
                said = writer.append(offer(number)).result()
                ledger.note(f"key-{number}", said.decision_id, said.answer)
            own_server.kill()
        own_server.start()
        lost += complaints(own_database, keys, ledger)
        if lost:
            break

    assert any("no decision in the store" in said for said in lost)
