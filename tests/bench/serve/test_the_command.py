"""``credit bench serve`` as its user starts it, on a real local Ray."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.cluster.processes import credit


@pytest.mark.ray
@pytest.mark.full
def test_fastapi_and_ours_are_measured_in_one_run(tmp_path: Path) -> None:
    done = credit(
        tmp_path / "home",
        *("bench", "serve", "--only", "fastapi,fused", "--no-explain", "--no-batch", "--json"),
        *("--rounds", "1", "--seconds", "1", "--open-loop-seconds", "1"),
        *("--out", str(tmp_path / "benchmarks.md")),
    )

    assert done.returncode == 0, done.stderr
    told = msgspec.json.decode(done.stdout)
    assert told["failed"] == {}
    assert set(told["contenders"]) == {"fastapi", "fused"}
    for contender in told["contenders"].values():
        assert contender["figures"]["n_errors"] == 0
        assert contender["figures"]["per_second"]["16"] > 0
    assert told["ratios"]["fused_vs_fastapi_c16"] > 0
    assert told["ratios"]["p95_ms_fused_80"] > 0
    assert told["ratios"]["p95_ms_graph_80"] is None
    assert (tmp_path / "benchmarks.svg").is_file()
    # Nothing of the run is left in the home but what the product keeps there.
    assert not list((tmp_path / "home").glob("bench-*"))
