"""A writer process that is killed at any moment takes no answer back."""

from __future__ import annotations

import random
import signal
from multiprocessing.connection import wait
from pathlib import Path

from credit.records import LocalKeyFile, Location
from tests.faults.children import DEADLINE_S, Child, Orders, children, write_for_ever
from tests.faults.ledger import Ledger, complaints
from tests.faults.load import settle
from tests.faults.rounds import ROUNDS

OVERLAP = 40
"""How many applications of a round are sent again in the next: more than were in flight."""


def kill_at_random(writers: list[Child], ledger: Ledger, chance: random.Random) -> None:
    """End one writer after another, each after some more answers, and note all that they gave."""
    victims = list(zip(writers, (signal.SIGKILL, signal.SIGTERM), strict=True))
    told, due = 0, chance.randrange(1, 120)
    talking = {writer.reports: writer for writer in writers}
    while talking:
        ready = wait(list(talking), DEADLINE_S)
        assert ready, "the writers are stuck"
        for reports in [found for found in talking if found in ready]:
            try:
                ledger.note(*reports.recv())
                told += 1
            except EOFError:
                del talking[reports]
        if victims and told >= due:
            victim, number = victims.pop(0)
            victim.signal(number)
            due = told + chance.randrange(1, 60)


@ROUNDS
def test_no_answer_is_lost_or_given_twice_when_writers_are_killed(
    location: Location,
    key_file: Path,
    keys: LocalKeyFile,
    ledger: Ledger,
    chance: random.Random,
    n_rounds: int,
) -> None:
    """Two writers at a time, which are sent the same applications."""
    for _ in range(n_rounds):
        first = max(0, len(ledger.told) - OVERLAP)
        orders = [
            Orders(location, key_file, first=first, seed=chance.randrange(2**32)) for _ in range(2)
        ]
        with children(write_for_ever, *((order,) for order in orders)) as writers:
            kill_at_random(writers, ledger, chance)
            assert [writer.wait() for writer in writers] == [-signal.SIGKILL, -signal.SIGTERM]
        assert complaints(location, keys, ledger) == []

    settle(location, key_file, ledger, len(ledger.told) + OVERLAP)
    assert complaints(location, keys, ledger) == []
