"""Contenders in turns: each is started, checked, loaded and ended before the next one starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from cluster.bench.serve.checking import require_right_answers
from cluster.bench.serve.contenders.contender import Contender
from cluster.bench.serve.driver import Driver
from cluster.bench.serve.growth import Growth, growth_of, watched
from cluster.bench.serve.processes import Memory
from cluster.bench.serve.running import Running, running
from cluster.bench.serve.tally import Load
from cluster.bench.serve.work import Expected, Work
from credit.errors import ServiceUnavailable

CONNECTIONS = (1, 16, 64)
OPEN_LOOP = ("fused", "graph")
"""Placements that are also loaded at fixed times."""

OPEN_LOOP_SHARE = 0.8
"""Of the throughput that the closed loops reached: what is promised."""

LIGHTER_SHARES = (0.25, 0.5)
"""Loads that leave room, each for a tenth of the time: what clients feel on days like others."""

LOOK_S = 10.0
"""How often memory is looked at meanwhile: a look takes milliseconds of the same cores."""

WARM_S = 1.0


@dataclass(frozen=True)
class Turn:
    """One contender in one round.

    Attributes
    ----------
    loads
        Closed loops by number of connections.
    cpu_us
        CPU time of all its processes for each answer, by number of connections, in microseconds.
    memory
        After the load.
    """

    start_s: float
    memory: Memory
    loads: Mapping[int, Load]
    cpu_us: Mapping[int, float]


@dataclass(frozen=True)
class OpenLoop:
    """One placement at fixed times.

    Attributes
    ----------
    saturation
        Answers a second of the best closed loop of this run, in its median round.
    share
        Of it, what was asked.
    growth
        Of the memory of all its processes meanwhile; None where the load was short.
    """

    saturation: float
    share: float
    load: Load
    growth: Growth | None = None

    @property
    def per_second(self) -> float:
        """Requests that were due each second."""
        return self.share * self.saturation


@dataclass
class Measured:
    """All that was measured.

    Attributes
    ----------
    turns
        By contender, one per round.
    open_loops
        By placement, the load that is promised last.
    failed
        Why a contender did not start, did other work, or broke down; it is not measured any further.
    """

    turns: dict[str, list[Turn]] = field(default_factory=dict)
    open_loops: dict[str, list[OpenLoop]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bench:
    """What stays the same in a run.

    Attributes
    ----------
    room
        Empty, on a disk.
    peers
        Folder of the environments of other servers.
    advance
        Is told what begins.
    """

    work: Work
    expected: Sequence[Expected]
    driver: Driver
    room: Path
    peers: Path
    advance: Callable[[str], None]

    def rounds(
        self,
        contenders: Sequence[Contender],
        measured: Measured,
        *,
        rounds: int,
        seconds: float,
    ) -> None:
        """Measure in turns; every other round goes backwards, so that nobody always comes first."""
        for number in range(rounds):
            for contender in contenders if number % 2 == 0 else contenders[::-1]:
                self.advance(f"round {number + 1}: {contender.name}")
                if contender.name in measured.failed:
                    continue
                try:
                    turn = self._turn(contender, seconds)
                except ServiceUnavailable as error:
                    measured.failed[contender.name] = str(error)
                else:
                    measured.turns.setdefault(contender.name, []).append(turn)

    def open_loop(self, contender: Contender, measured: Measured, seconds: float) -> None:
        """Load a placement at shares of what its turns reached, :data:`OPEN_LOOP_SHARE` for so long."""
        self.advance(f"open loop: {contender.name}")
        turns = measured.turns.get(contender.name)
        if not turns:
            return
        saturation = max(
            float(np.median([turn.loads[n].per_second for turn in turns])) for n in CONNECTIONS
        )
        times = {**dict.fromkeys(LIGHTER_SHARES, seconds / 10), OPEN_LOOP_SHARE: seconds}
        found = []
        try:
            with self.ready(contender) as run:
                for share, time in times.items():
                    with watched(run.family, LOOK_S) as samples:
                        load = self.driver.open(
                            run.place.port,
                            run.requests,
                            per_second=share * saturation,
                            connections=max(CONNECTIONS),
                            seconds=time,
                        )
                    found.append(OpenLoop(saturation, share, load, growth_of(samples)))
        except ServiceUnavailable as error:
            measured.failed[f"{contender.name}, open loop"] = str(error)
        else:
            measured.open_loops[contender.name] = found

    def _turn(self, contender: Contender, seconds: float) -> Turn:
        loads, cpu_us = {}, {}
        with self.ready(contender) as run:
            for connections in CONNECTIONS:
                before = run.family.cpu_s()
                load = self.driver.closed(
                    run.place.port, run.requests, connections=connections, seconds=seconds
                )
                loads[connections] = load
                cpu_us[connections] = 1e6 * (run.family.cpu_s() - before) / max(load.n_answers, 1)
            return Turn(run.start_s, run.family.memory(), loads, cpu_us)

    @contextmanager
    def ready(self, contender: Contender) -> Iterator[Running]:
        """Start a contender, check its answers, let it come to rest, warm it."""
        with running(contender, self.work, self.room, self.peers) as run:
            require_right_answers(run, self.work, self.expected)
            run.family.settle()
            self.driver.closed(run.place.port, run.requests, connections=16, seconds=WARM_S)
            yield run
