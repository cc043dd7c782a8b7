"""Models change, replicas come, go and die under load: every answer is right, and nobody is left without one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cluster.conftest import applicants, demo, home  # noqa: F401 - fixtures
from tests.cluster.processes import credit

pytestmark = [pytest.mark.ray, pytest.mark.full]


@pytest.mark.parametrize("placement", ["fused", "graph"])
def test_nobody_notices_that_models_change(home: Path, placement: str) -> None:  # noqa: F811
    done = credit(
        home,
        *("bench", "rollout", "--placement", placement, "--rounds", "50", "--json"),
        deadline_s=1_800,
    )

    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["wrong"] == []
    assert found["given_up"] == 0
    assert found["n_generations"] >= 103
    # A raw failure has a cause: only what loses requests by its nature may lose some.
    assert {name.split(":")[0].split(" of ")[0] for name in found["failures"]} <= {
        "SIGKILL",
        "scaling to 1",
    }
