"""Growth of memory is found, and noise is not taken for it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cluster.bench.serve.checking import N_CHECKED
from cluster.bench.serve.contenders.every import EVERY
from cluster.bench.serve.driver import load_driver
from cluster.bench.serve.growth import growth, growth_of
from cluster.bench.serve.measure import Bench
from cluster.bench.serve.soak import measure_soak
from cluster.bench.serve.work import Work


@pytest.mark.parametrize("per_hour", [0.0, 120.0, -60.0])
def test_a_slope_is_found_within_its_interval(per_hour: float) -> None:
    rng = np.random.default_rng(1)
    times = np.linspace(5.0, 1805.0, 240)
    memory = 900 + per_hour * times / 3600 + rng.normal(scale=1.0, size=240)

    found = growth(times.tolist(), memory.tolist())

    assert found.low < per_hour < found.high
    assert found.high - found.low < 6.0
    assert found.n_samples == 180


def test_what_fills_in_the_beginning_does_not_count() -> None:
    times = np.linspace(0.0, 60.0, 61)
    memory = np.where(times < 14, 500 + 20 * times, 800.0)

    assert growth(times.tolist(), memory.tolist()).slope == 0.0


def test_a_few_jumps_and_back_do_not_count_as_growth() -> None:
    times = np.linspace(0.0, 60.0, 61)
    memory = np.full(61, 800.0)
    memory[[30, 45, 58]] += 300

    assert growth(times.tolist(), memory.tolist()).slope == 0.0


def test_shared_pages_count_once_where_the_system_tells() -> None:
    told = [(float(at), 900.0, 700.0 + at) for at in range(20)]
    silent = [(at, rss, None) for at, rss, _ in told]

    by_pss, by_rss = growth_of(told), growth_of(silent)

    assert by_pss is not None
    assert by_rss is not None
    assert (by_pss.kind, by_pss.last, round(by_pss.slope)) == ("PSS", 719.0, 3600)
    assert (by_rss.kind, by_rss.last, by_rss.slope) == ("RSS", 900.0, 0.0)


def test_of_a_short_load_nothing_is_said() -> None:
    assert growth_of([(float(at), 900.0, 700.0) for at in range(7)]) is None


@pytest.mark.ray
@pytest.mark.parametrize("seconds", [60.0, pytest.param(1800.0, marks=pytest.mark.full)])
def test_the_memory_of_the_service_stays_flat(work: Work, tmp_path: Path, seconds: float) -> None:
    """At half load, and by no more than noise and caches that still fill."""
    with load_driver() as driver:
        bench = Bench(
            work, work.expected(N_CHECKED), driver, tmp_path, tmp_path / "peers", lambda _: None
        )
        found = measure_soak(bench, EVERY["fused"], seconds)

    assert found.load.n_errors == 0
    grown_for_sure = found.growth.low * seconds / 3600
    assert grown_for_sure < 0.05 * found.growth.first
