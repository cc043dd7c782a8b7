"""The measured table as a page of the docs."""

from __future__ import annotations

import datetime
import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path

from cluster.bench.accuracy import SEED, Measured
from cluster.bench.published import PUBLISHED
from cluster.bench.records.service import RecordCost
from cluster.bench.records.store import StoreMeasured

HEAD = (
    "| data | columns | model | features | AUC, mean of folds | Gini | KS | Brier | ECE pooled | ECE folds | "
    "slope | O/E | s |"
)


def accuracy_page(measured: Sequence[Measured], command: str) -> str:
    """Write the page: how it was measured, then one line for each measurement."""
    lines = [
        "# Accuracy",
        "",
        f"Written by `{command}` on {datetime.datetime.now(datetime.UTC):%Y-%m-%d}; {machine()}; commit "
        f"{commit()}.",
        "",
        "Stratified folds, shuffled, identical rows in one fold. This run searches nothing: settings stand in",
        "[cluster/bench/published.py](../cluster/bench/published.py). They were chosen by hand on earlier runs",
        "over these data sets, as published ones were, and the figures hold the optimism of that choice. Each fold",
        "fits transform, model and calibrator on its own training rows; the calibrator learns from out-of-fold",
        "margins inside them. Intervals are 95%, of the mean over folds (Nadeau and Bengio 2003). `all` holds",
        "protected columns and no directions, to compare with published figures; it never serves. `served` is the",
        "contract as it is; `served_without_age` leaves the age option out.",
        "",
        *[
            f"- **{p.name}**: {p.n_folds} folds"
            + (f", {p.n_repeats} repeats" if p.n_repeats > 1 else "")
            + f", seed {SEED}; published: {p.anchor}."
            for p in PUBLISHED
        ],
        "",
        HEAD,
        "|" + "---|" * HEAD.count("|", 1),
        *[_line(m) for m in measured],
        "",
    ]
    return "\n".join(lines)


def _line(m: Measured) -> str:
    cells = (
        m.data,
        f"`{m.columns}`",
        m.model,
        str(m.n_features),
        str(m.auc),
        f"{m.gini:.4f}",
        f"{m.ks:.4f}",
        f"{m.brier:.4f}",
        f"{m.ece:.4f}",
        f"{m.ece_folds:.4f}",
        f"{m.slope:.3f}",
        f"{m.observed_expected:.3f}",
        f"{m.seconds:.0f}",
    )
    return "| " + " | ".join(cells) + " |"


def machine() -> str:
    """Cores, processor and Python."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    name = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "")
    return (
        f"{os.cpu_count()} cores {name or platform.machine()}, Python {platform.python_version()}"
    )


def commit() -> str:
    """The commit of the checkout, or that there is none."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parent,
    )
    return asked.stdout.strip() or "unknown"


def record_tables(stores: Sequence[StoreMeasured], cost: RecordCost) -> str:
    """Write what the record costs as two tables of a page."""
    lines = [
        f"{machine()}; commit {commit()}; {datetime.datetime.now(datetime.UTC):%Y-%m-%d}.",
        "",
        "| store | writers x in flight | s | records/s | wait p50 | p99 | max | loop lag p99 | max | refused in | "
        "sync of 4 kB | CPU a record | bytes a record |",
        "|" + "---|" * 13,
        *[
            f"| {s.database} | {s.n_writers} x {s.in_flight} | {s.seconds:.0f} | {s.records_per_second:,.0f} | "
            f"{s.wait_p50_ms:.1f} ms | {s.wait_p99_ms:.1f} ms | {s.wait_max_ms:.0f} ms | {s.loop_lag_p99_ms:.1f} "
            f"ms | {s.loop_lag_max_ms:.0f} ms | {s.refused_ms:.2f} ms | {s.probe_ms:.2f} ms | "
            f"{s.cpu_us_per_record:.0f} us | {s.bytes_per_record:,.0f} |"
            for s in stores
        ],
        "",
        "| service | record off | record on | |",
        "|---|---|---|---|",
        f"| answers/s, 16 connections | {cost.off_per_second:,.0f} | {cost.on_per_second:,.0f} | "
        f"ratio {cost.throughput_ratio:.2f} |",
        f"| p50, 1 connection | {cost.off_p50_ms:.2f} ms | {cost.on_p50_ms:.2f} ms | "
        f"{cost.syncs_on_top:.1f} syncs of {cost.probe_ms:.2f} ms on top |",
    ]
    return "\n".join(lines)
