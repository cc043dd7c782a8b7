"""A shadow that fares badly is nobody's business but its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cluster.conftest import applicants, demo, home  # noqa: F401 - fixtures
from tests.cluster.processes import credit

pytestmark = [pytest.mark.ray, pytest.mark.full]


@pytest.mark.parametrize("placement", ["fused", "graph"])
def test_no_shadow_costs_a_request(home: Path, placement: str) -> None:  # noqa: F811
    done = credit(
        home,
        *("bench", "shadow", "--placement", placement, "--rounds", "3", "--per-second", "60"),
        "--json",
        deadline_s=1_800,
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert [effect["shadow"] for effect in found["effects"]] == [
        *("healthy", "dead", "slow", "crashing")
    ]
    assert found["alone_n_errors"] == 0
    assert [effect["n_errors"] for effect in found["effects"]] == [0, 0, 0, 0]
