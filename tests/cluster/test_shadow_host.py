"""What runs the shadows of a rollout: it follows, reports what fails, and goes on with the others."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cluster.shadow import RETRY_S, ShadowHost
from credit.decision import Bundle, Rollout, save_bundle
from credit.decision.rollout_changes import without
from credit.settings import Settings
from serve_app.settings import ServiceArgs
from tests.cluster.shadows import (
    PRODUCT,
    answer,
    begin,
    made_rollout,
    put,
    settings_of,
    with_shadows,
)
from tests.records.samples import destroy_keys


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_of(tmp_path / "home")


@pytest.fixture
def rollout(settings: Settings, lightgbm_bundle: Bundle, scorecard_bundle: Bundle) -> Rollout:
    """LightGBM answers all; the scorecard is there for shadows."""
    rollout = made_rollout(lightgbm_bundle, scorecard_bundle, per_mille=0)
    begin(settings, rollout, [lightgbm_bundle, scorecard_bundle])
    answer(settings, rollout, [lightgbm_bundle], 30)
    return rollout


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(settings: Settings, clock: Clock) -> Iterator[Callable[[], ShadowHost]]:
    hosts: list[ShadowHost] = []

    def call() -> ShadowHost:
        hosts.append(ShadowHost(ServiceArgs(product=PRODUCT, home=settings.home), clock=clock))
        return hosts[-1]

    yield call
    for host in hosts:
        host.close()


def until(
    host: ShadowHost, name: str, done: Callable[[dict[str, object]], bool]
) -> dict[str, object]:
    """Step until a shadow is as it should be; bundles are loaded in a thread."""
    deadline = time.monotonic() + 60
    while True:
        host.step()
        told: list[dict[str, object]] = json.loads(host.status())["shadows"]
        shadows = {str(s["name"]): s for s in told}
        if name in shadows and done(shadows[name]):
            return shadows[name]
        assert time.monotonic() < deadline, shadows


def test_shadows_of_the_rollout_score_what_is_answered(
    settings: Settings,
    rollout: Rollout,
    make: Callable[[], ShadowHost],
    lightgbm_bundle: Bundle,
    scorecard_bundle: Bundle,
) -> None:
    host = make()
    assert host.step() is False
    assert json.loads(host.status())["shadows"] == []

    put(settings, with_shadows(rollout, ("next", scorecard_bundle.hash)))
    found = until(host, "next", lambda s: s["n_scored"] == 30)
    assert (found["state"], found["waiting"], found["error"]) == ("scoring", 0, "")

    answer(settings, rollout, [lightgbm_bundle], 5, seed=2)
    until(host, "next", lambda s: s["n_scored"] == 35)
    [report] = json.loads(host.reports(10, 0))
    told = report["matrix"]
    assert sum(n for row in told.values() for n in row.values()) == report["n_scored"] == 35
    assert report["n_swap_in"] == told["review"]["approve"] + told["decline"]["approve"]
    assert json.loads(host.reports(10, 1)) == []
    metrics = host.metrics().decode()
    assert 'credit_shadow_scored{shadow="next"} 35.0' in metrics
    assert 'credit_shadow_failing{shadow="next"} 0.0' in metrics
    assert 'credit_shadow_waiting{shadow="next"} 0.0' in metrics


def test_a_shadow_that_is_taken_out_ends_and_another_takes_its_lease(
    settings: Settings, rollout: Rollout, make: Callable[[], ShadowHost], scorecard_bundle: Bundle
) -> None:
    shadowed = with_shadows(rollout, ("next", scorecard_bundle.hash))
    put(settings, shadowed)
    host = make()
    until(host, "next", lambda s: s["n_scored"] == 30)

    put(settings, with_shadows(without(shadowed, "next")))
    host.step()

    assert json.loads(host.status())["shadows"] == []
    put(
        settings,
        with_shadows(with_shadows(without(shadowed, "next")), ("next", scorecard_bundle.hash)),
    )
    other = make()
    until(other, "next", lambda s: s["n_scored"] == 30)


def test_one_that_cannot_be_loaded_is_reported_tried_again_and_stops_no_other(
    settings: Settings,
    rollout: Rollout,
    make: Callable[[], ShadowHost],
    clock: Clock,
    scorecard_bundle: Bundle,
    bundle_of: Callable[[str], Bundle],
) -> None:
    later = bundle_of("logistic")
    (settings.bundles_path / later.hash).mkdir()  # half of it came
    put(settings, with_shadows(rollout, ("broken", later.hash), ("next", scorecard_bundle.hash)))
    host = make()

    until(host, "next", lambda s: s["n_scored"] == 30)
    found = until(host, "broken", lambda s: s["state"] == "failing")
    assert found["error"]
    assert 'credit_shadow_failing{shadow="broken"} 1.0' in host.metrics().decode()

    (settings.bundles_path / later.hash).rmdir()
    save_bundle(later, settings.bundles_path)
    host.step()
    assert until(host, "broken", lambda s: True)["state"] == "failing"
    clock.now += RETRY_S + 1
    assert until(host, "broken", lambda s: s["n_scored"] == 30)["error"] == ""


def test_one_whose_step_fails_is_tried_again(
    settings: Settings,
    rollout: Rollout,
    make: Callable[[], ShadowHost],
    clock: Clock,
    scorecard_bundle: Bundle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from credit.shadow import ShadowConsumer

    put(settings, with_shadows(rollout, ("next", scorecard_bundle.hash)))
    host = make()

    def fail(self: ShadowConsumer) -> bool:
        raise RuntimeError("a person's name")

    with monkeypatch.context() as patch:
        patch.setattr(ShadowConsumer, "step", fail)
        found = until(host, "next", lambda s: s["state"] == "failing")
    assert found["error"] == "RuntimeError"  # what others raise may quote a value

    clock.now += RETRY_S + 1
    until(host, "next", lambda s: s["n_scored"] == 30)


def test_erased_records_are_counted(
    settings: Settings, rollout: Rollout, make: Callable[[], ShadowHost], scorecard_bundle: Bundle
) -> None:
    destroy_keys(settings.records)
    put(settings, with_shadows(rollout, ("next", scorecard_bundle.hash)))
    host = make()

    found = until(host, "next", lambda s: s["waiting"] == 0)

    assert (found["n_scored"], found["unscored"]) == (0, {"erased": 30})
    metrics = host.metrics().decode()
    assert 'credit_shadow_unscored{reason="erased",shadow="next"} 30.0' in metrics
