"""Runs without a shadow and with one, in turn."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx

from cluster.bench.serve.driver import Driver, load_driver
from cluster.bench.serve.requests import Requests
from cluster.bench.shadowing.effect import FAULTS, Phase, ShadowingMeasured, measured
from cluster.bench.shadowing.faults import DEPLOYMENT, faring
from cluster.running import Running
from credit.errors import ServiceUnavailable
from credit.records import open_state
from serve_app.rollout.commands import Command, Remove, Shadow, execute
from serve_app.rollout.operate import wait_until_active
from serve_app.rollout.store import read_rollout
from serve_app.settings import ServiceArgs

CONNECTIONS = 16
WARM_S = 5.0

_START_S = 180.0
_TRY_S = 5.0
_LOOK_S = 0.05


def run_shadowing(
    running: Running,
    args: ServiceArgs,
    row: dict[str, Any],
    *,
    rounds: int,
    seconds: float,
    per_second: float,
    advance: Callable[[str], None],
) -> ShadowingMeasured:
    """Load the service at fixed times, in turn without a shadow and with one that fares well, badly or worse.

    Parameters
    ----------
    args
        What the service was started with; it hosts shadows, and has a challenger, whose bundle is the shadow's.
    seconds
        Of each run.
    advance
        Called before each run, with its name.

    Raises
    ------
    ServiceUnavailable
        When the process for shadows is not there, or does not come back after it was killed.
    """
    headers = {} if running.token is None else {"Authorization": f"Bearer {running.token}"}
    values = {k: v for k, v in row.items() if k not in ("application_id", "applicant_id")}
    requests = Requests.of([values], path="/v1/score", headers=headers, wrap=lambda one: one)
    port = urlsplit(running.url).port
    if port is None:
        raise ServiceUnavailable(f"{running.url} names no port")

    def load(driver: Driver, shadow: str | None, length_s: float = seconds) -> Phase:
        with faring(shadow):
            found = driver.open(
                port, requests, per_second=per_second, connections=CONNECTIONS, seconds=length_s
            )
        return Phase(shadow, found.p50_ms, found.p99_ms, found.n_answers, found.n_errors)

    bundle = _challenger(args)
    phases = []
    with load_driver() as driver:
        advance("warming")
        load(driver, None, WARM_S)
        for number, fault in enumerate(FAULTS * rounds):
            advance("no shadow")
            phases.append(load(driver, None))
            # Under a name of its own it begins with the next decision, and has nothing to catch up with.
            _tell(args, Shadow(arm=f"watched_{number}", bundle=bundle))
            advance(f"a shadow: {fault}")
            phases.append(load(driver, fault))
            _tell(args, Remove(arm=f"watched_{number}"))
            _wait_for_host(running, headers)
        advance("no shadow")
        phases.append(load(driver, None))
    return measured(phases, per_second)


def _challenger(args: ServiceArgs) -> str:
    """Hash of the challenger's bundle."""
    state = open_state(args.settings.state)
    try:
        active = read_rollout(state, args.product)
    finally:
        state.dispose()
    if active is None or len(active.arms) == 1:
        raise ServiceUnavailable("the service that is measured needs a challenger")
    return active.arms[1].bundle


def _tell(args: ServiceArgs, command: Command) -> None:
    state = open_state(args.settings.state)
    try:
        wanted = execute(state, args.product, command, by="bench", prepare=lambda name: name)
        if wanted is not None:
            wait_until_active(state, wanted)
    finally:
        state.dispose()


def _wait_for_host(running: Running, headers: dict[str, str]) -> None:
    """Wait until the process for shadows is there again, and answers."""
    deadline = time.monotonic() + _START_S
    with httpx.Client(base_url=running.url, headers=headers, timeout=_TRY_S) as client:
        while time.monotonic() < deadline:
            try:
                if client.get("/v1/shadows").status_code == httpx.codes.OK:
                    return
            except httpx.TimeoutException:
                continue
            time.sleep(_LOOK_S)
    raise ServiceUnavailable(f"{DEPLOYMENT} did not come back within {_START_S:g} s")
