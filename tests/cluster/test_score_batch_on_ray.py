"""Ray Data gives a batch the bits of one process, and goes on where a killed run was."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.cluster.processes import Process, credit, until

pytestmark = [pytest.mark.ray, pytest.mark.full]


def answers_in(out: Path) -> pd.DataFrame:
    tables = [pd.read_parquet(path) for path in sorted(out.glob("part-*.parquet"))]
    return pd.concat(tables, ignore_index=True)


def test_a_killed_batch_goes_on_and_has_the_bits_of_one_process(
    home: Path, applicants: list[dict[str, Any]], tmp_path: Path
) -> None:
    rows = pd.concat([pd.DataFrame(applicants)] * 200, ignore_index=True)
    rows["application_id"] = [f"B-{i}" for i in range(len(rows))]
    rows["applicant_id"] = [f"Q-{i}" for i in range(len(rows))]
    file = tmp_path / "many.parquet"
    rows.to_parquet(file)
    out, alone = tmp_path / "out", tmp_path / "alone"

    killed = Process(home, "score-batch", str(file), str(out), "--ray")
    try:
        until(lambda: bool(list(out.glob("part-*"))), 240, "the first block")
        os.kill(killed.pid, signal.SIGKILL)
    finally:
        killed.end()
    before = {path.name: path.stat().st_mtime_ns for path in out.glob("part-*")}

    again = credit(home, "score-batch", str(file), str(out), "--ray")
    assert again.returncode == 0, again.stderr
    here = credit(home, "score-batch", str(file), str(alone), "--no-ray")
    assert here.returncode == 0, here.stderr

    assert before
    assert all((out / name).stat().st_mtime_ns == at for name, at in before.items())
    found = answers_in(out)
    assert len(found) == len(rows)
    pd.testing.assert_frame_equal(found, answers_in(alone), check_exact=True)
