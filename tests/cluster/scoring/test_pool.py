"""Several processes score as one does: in order, with bounded memory, and end clearly when one of them is lost."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import psutil
import pytest

from cluster.scoring import pool
from cluster.scoring.deliver import deliver
from cluster.scoring.outputs import output_file
from cluster.scoring.pool import PARTS_IN_FLIGHT, SMALL, score_parts
from credit.data import parts
from credit.data.parts import Part, read_parts
from credit.errors import BundleUnknown, ServiceUnavailable
from tests.cluster.scoring.conftest import ScoringHome

WORKERS = 2


@pytest.fixture
def many(applicants: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Part]:
    """The applicants in 40 parts of three rows."""
    monkeypatch.setattr(parts, "ROWS_OF_A_PART", 3)
    path = tmp_path / "many.csv"
    applicants.to_csv(path, index=False)
    return list(read_parts(path))


def content(job_parts: Iterator[Part], home: ScoringHome, workers: int) -> list[bytes]:
    return [bytes(p.content) for p in score_parts(job_parts, home.job(), workers=workers)]


def test_processes_answer_in_the_order_of_the_file_and_hold_few_parts(
    home: ScoringHome, many: list[Part]
) -> None:
    taken = 0

    def counted() -> Iterator[Part]:
        nonlocal taken
        for part in many:
            taken += 1
            yield part

    found = []
    for i, scored in enumerate(score_parts(counted(), home.job(), workers=WORKERS)):
        assert taken - i <= PARTS_IN_FLIGHT * WORKERS + SMALL
        found.append(scored.content)

    assert len(found) == taken == 40
    assert found == content(iter(many), home, 1)
    assert multiprocessing.active_children() == []


def test_a_process_that_is_killed_ends_it_clearly_and_leaves_no_output(
    home: ScoringHome, many: list[Part], tmp_path: Path
) -> None:
    out = tmp_path / "out.ndjson"

    def with_a_murder() -> Iterator[Part]:
        for i, part in enumerate(many):
            if i == 2 * PARTS_IN_FLIGHT * WORKERS:
                os.kill(multiprocessing.active_children()[0].pid or 0, signal.SIGKILL)
            yield part

    with (
        pytest.raises(ServiceUnavailable, match="was ended from outside.*fewer --workers"),
        output_file(out) as write,
    ):
        scored = score_parts(with_a_murder(), home.job(), workers=WORKERS)
        deliver(scored, write, lambda n_rows, share: None)

    assert not out.exists()
    assert list(tmp_path.glob(".*partial")) == []


def test_what_is_wrong_with_the_job_is_told_as_it_is(
    home: ScoringHome, many: list[Part], tmp_path: Path
) -> None:
    (home.bundles / home.rollout.champion.bundle).rename(tmp_path / "elsewhere")

    with pytest.raises(BundleUnknown, match="there is no bundle at"):
        content(iter(many), home, WORKERS)


def test_a_small_file_starts_no_process(
    home: ScoringHome, many: list[Part], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object) -> Iterator[bytes]:
        raise AssertionError("a process was started")

    monkeypatch.setattr(pool, "_in_processes", refuse)

    assert len(content(iter(many[:SMALL]), home, WORKERS)) == SMALL
    with pytest.raises(AssertionError):  # the control: one part more
        content(iter(many[: SMALL + 1]), home, WORKERS)


@pytest.fixture
def long_file(applicants: pd.DataFrame, tmp_path: Path) -> Path:
    """A quarter of a million rows."""
    path = tmp_path / "long.csv"
    header, *rows = applicants.to_csv(index=False).splitlines(keepends=True)
    path.write_text(header + "".join(rows) * 2_100, encoding="utf-8")
    return path


def test_ctrl_c_leaves_no_half_file_and_no_process(
    home: ScoringHome, long_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out" / "answers.ndjson"
    out.parent.mkdir()
    command = [sys.executable, "-m", "cluster.cli.main", "score", str(long_file), "--local"]
    running = subprocess.Popen(
        [*command, "--workers", "2", "--out", str(out)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not any(p.stat().st_size for p in out.parent.glob(".*.partial")):
        assert running.poll() is None
        time.sleep(0.02)
    processes = psutil.Process(running.pid).children(recursive=True)

    os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to all of them
    _, said = running.communicate(timeout=60)

    assert running.returncode == 130
    assert "Interrupted" in said
    assert "Traceback" not in said
    assert list(out.parent.iterdir()) == []
    assert len(processes) >= 2
    assert psutil.wait_procs(processes, timeout=30)[1] == []


# The kernel's figure for a process itself also counts the program that it was before exec: this test.
PEAK = """
import re, resource, sys
from pathlib import Path
from cluster.cli.main import run
try:
    run(sys.argv[1:])
finally:
    own = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text()).group(1)
    print(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)
"""


def peaks(*arguments: object) -> tuple[int, int]:
    """Largest memory of the command's process and of any of its children, in KiB."""
    done = subprocess.run(
        [sys.executable, "-c", PEAK, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=True,
    )
    own, of_children = map(int, done.stderr.splitlines()[-1].split())
    return own, of_children


@pytest.mark.full
@pytest.mark.parametrize("kind", [".csv", ".parquet"])
def test_memory_does_not_grow_with_the_file(
    home: ScoringHome, applicants: pd.DataFrame, tmp_path: Path, kind: str
) -> None:
    found = []
    for times in (850, 8_500):
        path = tmp_path / f"rows-{times}{kind}"
        table = pd.concat([applicants] * times, ignore_index=True)
        if kind == ".csv":
            table.to_csv(path, index=False)
        else:
            table.to_parquet(path, row_group_size=50_000)
        out = tmp_path / "out.ndjson"
        found.append(peaks("score", path, "--local", "--workers", 2, "--out", out))

    (small, small_child), (large, large_child) = found
    assert large < 1.2 * small
    assert large_child < 1.2 * small_child
