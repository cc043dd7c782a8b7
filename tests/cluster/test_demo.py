"""The demo, from the wheel to the drift report."""

from __future__ import annotations

import re

import pytest

from credit.records import LocalKeyFile, RecordReader
from tests.cluster.conftest import DemoRun
from tests.cluster.processes import credit

pytestmark = pytest.mark.ray


def _figures(output: str, name: str) -> list[float]:
    """Lower ends, estimates and upper ends of a figure are printed as ``name 0.86 [0.85, 0.87]``."""
    found = re.findall(rf"{name} (\d\.\d+) \[(\d\.\d+), (\d\.\d+)\]", output.replace("\n", " "))
    return [float(estimate) for estimate, low, high in found if low <= estimate <= high]


def test_the_demo_ends_with_exit_code_0(demo: DemoRun) -> None:
    assert demo.done.returncode == 0, demo.done.stdout + demo.done.stderr


def test_the_champion_ranks_and_is_calibrated_on_held_out_rows(demo: DemoRun) -> None:
    assert _figures(demo.done.stdout, "AUC")[0] >= 0.86
    assert _figures(demo.done.stdout, "ECE")[0] <= 0.01


def test_drift_alarms_on_the_shifted_applicants_only(demo: DemoRun) -> None:
    levels = re.findall(r"Drift, .*?: (NONE|WARNING|ALARM)", demo.done.stdout)

    assert len(levels) == 2
    assert levels[0] != "ALARM"
    assert levels[1] == "ALARM"


def test_an_arm_with_few_bads_gets_no_figure(demo: DemoRun) -> None:
    arm = re.search(r"challenger +│ \d+ \(\d+\.\d%\).*", demo.done.stdout)

    assert arm is not None
    assert arm.group().count("too few bads") == 2


def test_the_report_tells_reasons_in_words_and_where_things_are(demo: DemoRun) -> None:
    for part in ("Payments were", "p95", "Decision records: ", "Registry: ", "/docs", "/metrics"):
        assert part in demo.done.stdout


def test_every_scored_applicant_is_in_the_record_store(demo: DemoRun) -> None:
    with RecordReader(
        demo.home / "records.db", LocalKeyFile(demo.home / "keys" / "master.json")
    ) as reader:
        assert reader.count() == 1_000


@pytest.mark.full
def test_a_second_run_reuses_what_is_trained(demo: DemoRun) -> None:
    again = credit(demo.home, "demo", "--once", "--port", "0")

    assert again.returncode == 0, again.stdout + again.stderr
    assert again.stdout.count("reused") == 2
    assert "NONE" in again.stdout
    assert "ALARM" in again.stdout
