"""Run the whole story on this machine, and say what its clients saw."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import psutil
from ray import serve

from cluster.bench.replicas import deployments, replicas
from cluster.bench.rollout.load import SteadyLoad
from cluster.bench.rollout.plan import SHARES, Plan, RolloutMeasured
from cluster.bench.rollout.watch import slowest_switch_s, wrong_answers
from cluster.monitor import DriftConsumer
from cluster.running import APPLICATION, Running
from cluster.service import build
from credit.errors import ServiceUnavailable
from credit.records import open_state
from serve_app.graph import bind_graph
from serve_app.rollout.commands import Command, Promote, Rollback, Set, execute
from serve_app.rollout.operate import wait_until_active
from serve_app.rollout.store import read_history, read_rollout
from serve_app.settings import NodeArgs, ServiceArgs

_BETWEEN = 5
"""Answers between two changes: each generation answers somebody."""

_START_S = 180.0


def run_rollout(
    running: Running,
    args: ServiceArgs,
    rows: Sequence[dict[str, Any]],
    plan: Plan,
    *,
    advance: Callable[[str], None] = lambda event: None,
) -> RolloutMeasured:
    """Change who answers, scale, update and kill, under a steady load, and watch every answer.

    Parameters
    ----------
    args
        What the service was started with; it needs a challenger.
    advance
        Called after each event, with its name.

    Raises
    ------
    ServiceUnavailable
        When a replica that was killed does not come back.
    """
    name = f"rollout-{time.time_ns():x}"
    story = _Story(args, plan, advance)
    try:
        first = story.generation
        with SteadyLoad(running, rows, per_second=plan.per_second, name=name) as load:
            story.play(load)
        tries = load.tries
        history = read_history(story.state, args.product, limit=100_000)
    finally:
        story.close()
    took = sorted(1000 * (one.told_at - one.asked_at) for one in tries.told)
    return RolloutMeasured(
        n_requests=len(tries.told) + len(tries.given_up),
        n_generations=history[0].rollout.generation - first,
        failures=dict(tries.failures),
        given_up=len(tries.given_up),
        reused=tries.reused,
        wrong=wrong_answers(tries.told, history),
        slowest_switch_s=round(slowest_switch_s(tries.told, history), 3),
        latency_ms={
            label: round(took[min(len(took) - 1, int(share * len(took)))], 1)
            for label, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("slowest", 1.0))
        },
        events=story.events,
    )


class _Story:
    """What is done to the service."""

    def __init__(self, args: ServiceArgs, plan: Plan, advance: Callable[[str], None]) -> None:
        self.state = open_state(args.settings.state)
        self.events: dict[str, int] = {}
        self._args = args
        self._plan = plan
        self._advance = advance

    @property
    def generation(self) -> int:
        active = read_rollout(self.state, self._args.product)
        return 0 if active is None else active.generation

    def close(self) -> None:
        self.state.dispose()

    def play(self, load: SteadyLoad) -> None:
        active = read_rollout(self.state, self._args.product)
        if active is None or len(active.arms) == 1:
            raise ServiceUnavailable("the service that is measured needs a challenger")
        load.wait_for_more(_BETWEEN)
        self._deploy(
            f"scaling to {self._plan.replicas}", load, NodeArgs(replicas=self._plan.replicas)
        )
        for _ in range(self._plan.rounds):
            self._do("promotion", load, Promote(arm=active.arms[1].name))
            self._do("rollback", load, Rollback())
        for share in SHARES:
            self._do("change of shares", load, Set(arm=active.arms[1].name, share=share))
        self._deploy("scaling to 1", load, NodeArgs(replicas=1))
        self._deploy("rolling update", load, NodeArgs(num_cpus=self._args.gateway.num_cpus + 0.01))
        self._fail_to_update(load)
        for _ in range(self._plan.kills):
            for deployment in sorted(deployments()):
                self._kill(deployment, load)

    def _do(self, event: str, load: SteadyLoad, command: Command) -> None:
        load.phase = event
        wanted = execute(
            self.state, self._args.product, command, by="bench", prepare=lambda name: name
        )
        if wanted is not None:
            wait_until_active(self.state, wanted)
        self._happened(event, load)

    def _deploy(self, event: str, load: SteadyLoad, gateway: NodeArgs) -> None:
        load.phase = event
        args = self._args.model_copy(update={"gateway": gateway})
        serve.run(build(args), name=APPLICATION, route_prefix="/")
        self._happened(event, load)

    def _fail_to_update(self, load: SteadyLoad) -> None:
        """Deploy replicas that cannot start; those that answer go on."""
        broken = self._args.model_copy(update={"product": "no product of this name"})
        rollout = read_rollout(self.state, self._args.product)
        if rollout is None:
            raise ServiceUnavailable("the rollout is gone")
        load.phase = "failing update"
        graph = bind_graph(broken, rollout, partial(DriftConsumer, self._args))
        try:
            serve.run(graph, name=APPLICATION, route_prefix="/")
        except RuntimeError:
            self._happened("failing update", load)
        else:
            raise ServiceUnavailable("an update that cannot start was said to have started")
        load.phase = "update after it"
        serve.run(build(self._args), name=APPLICATION, route_prefix="/")
        self._happened("update after it", load)

    def _kill(self, deployment: str, load: SteadyLoad) -> None:
        load.phase = f"SIGKILL of {deployment}"
        victim = _replica(deployment)  # the one before may just be taking its place
        victim.kill()
        victim.wait(30)
        _replica(deployment)
        self._happened(f"SIGKILL of {deployment}", load)

    def _happened(self, event: str, load: SteadyLoad) -> None:
        load.wait_for_more(_BETWEEN)
        self.events[event] = self.events.get(event, 0) + 1
        self._advance(event)


def _replica(deployment: str) -> psutil.Process:
    """Wait for a replica of a deployment."""
    deadline = time.monotonic() + _START_S
    while not (found := replicas(deployment)):
        if time.monotonic() > deadline:
            raise ServiceUnavailable(f"{deployment} did not come back within {_START_S:g} s")
        time.sleep(0.05)
    return found[0]
