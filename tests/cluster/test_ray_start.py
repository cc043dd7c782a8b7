"""Ray that does not start is an error of ours, with something to do about it."""

from __future__ import annotations

from pathlib import Path

from tests.cluster.processes import credit


def test_who_waits_for_ray_reads_one_sentence(tmp_path: Path) -> None:
    sweep = ("tune", "baselines", "--data", "mock", "--contract", "mock")

    done = credit(tmp_path, *sweep, RAY_TMPDIR="/proc/no-such-folder")

    assert done.returncode == 5
    assert "Ray did not start on this machine" in done.stderr
    assert "start again when the machine is less busy" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
