"""One contender that runs: started, asked until it answers, ended."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cluster.bench.serve.connection import OK, Connection
from cluster.bench.serve.contenders.contender import Contender, Place
from cluster.bench.serve.processes import Family
from cluster.bench.serve.requests import Requests
from cluster.bench.serve.work import Work
from cluster.ports import free_port
from credit.errors import ServiceUnavailable

START_DEADLINE_S = 300.0
ANSWER_DEADLINE_S = 60.0
_PAUSE_S = 0.02
_NEVER_RIGHT = (400, 401, 403, 415, 422)
"""Statuses that waiting does not mend; 404 and 503 come while routes are not there yet."""


@dataclass(frozen=True)
class Running:
    """A contender that answers.

    Attributes
    ----------
    start_s
        From its start to its first answer.
    """

    contender: Contender
    place: Place
    family: Family
    requests: Requests
    start_s: float


@contextmanager
def running(contender: Contender, work: Work, room: Path, peers: Path) -> Iterator[Running]:
    """Start a contender on a free port of 127.0.0.1; end it, and all that it started, with the block.

    Parameters
    ----------
    room
        On a disk; the contender gets a folder below it that is removed in the end.
    peers
        Folder of the environments of other servers.

    Raises
    ------
    ServiceUnavailable
        When it ends or does not answer in time, with its last words.
    """
    token = secrets.token_hex(16)
    folder = Path(tempfile.mkdtemp(dir=room, prefix=f"{contender.name}-"))
    place = Place(
        work=folder / "work",
        bundle=work.folder,
        home=folder / "home",
        port=free_port(),
        token=token,
        peers=peers,
    )
    place.home.mkdir()
    work.write(place.work)
    requests = Requests.of(
        work.applicants,
        path=contender.path,
        headers=contender.headers(token),
        wrap=contender.wrap,
    )
    try:
        contender.prepare(place)
        family = Family(
            contender.command(place),
            environment={**place.environment(), **(contender.extra or {})},
            folder=place.work,
            log=folder / "output.txt",
        )
        try:
            start_s = _first_answer(family, place.port, requests(0))
            yield Running(contender, place, family, requests, start_s)
        finally:
            family.end()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _first_answer(family: Family, port: int, request: bytes) -> float:
    """Ask until the work is done, not until a port is open: seconds from the start."""
    last = "it took no connection"
    while time.perf_counter() - family.started < START_DEADLINE_S:
        family.require_alive()
        try:
            with closing(Connection(port, timeout_s=ANSWER_DEADLINE_S)) as connection:
                status, body = connection.ask(request)
        except OSError as error:
            last = f"{type(error).__name__} on its port"
        else:
            if status == OK:
                return time.perf_counter() - family.started
            last = f"status {status}: {body[-300:].decode(errors='replace')}"
            if status in _NEVER_RIGHT:
                raise ServiceUnavailable(f"the first answer has {last}")
        time.sleep(_PAUSE_S)
    raise ServiceUnavailable(
        f"no answer within {START_DEADLINE_S:.0f} s ({last}); {family.last_words()}"
    )
