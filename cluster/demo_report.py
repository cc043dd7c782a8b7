"""The demo's story, printed for a lender."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rich.table import Table

from cluster.cli.terminal import console
from cluster.demo import Scored
from cluster.running import Running
from credit.contract import FrameCheck
from credit.decision.bundle import Bundle
from credit.decision.score import Answer
from credit.metrics import MINIMUM_BADS, auc_interval, ece_interval, enough_bads
from credit.settings import Settings
from drift import DriftReport

SHOWN_PER_DECISION = 2
FULL_SAMPLE_BADS = 400
"""Bads below which an ECE over ten bins is mostly noise; the report says so."""


def say_data(check: FrameCheck, product: str) -> None:
    """Print how many rows satisfy the contract."""
    console.print(
        f"{check.n_rows:,} loans read; {check.n_rows - check.n_bad_rows:,} satisfy contract {product}"
    )
    for failure in check.failures:
        console.print(f"  left out: {failure}")


def say_bundle(alias: str, bundle: Bundle, *, reused: bool) -> None:
    """Print what a bundle is worth on held-out rows."""
    m = bundle.manifest.metrics
    how = "reused" if reused else "trained"
    console.print(
        f"{alias}: {bundle.manifest.family}, {how}, bundle {bundle.hash[:12]}\n"
        f"  held out, never seen: AUC {m['auc']:.4f} [{m['auc_low']:.4f}, {m['auc_high']:.4f}]   "
        f"ECE {m['ece']:.4f} [{m['ece_low']:.4f}, {m['ece_high']:.4f}]   "
        f"Brier {m['brier']:.4f} [{m['brier_low']:.4f}, {m['brier_high']:.4f}]   "
        f"approved {m['approval_rate']:.1%}"
    )


def say_applicants(answers: Sequence[Answer]) -> None:
    """Print a few applicants of each decision, with reasons in words."""
    table = Table(
        "applicant",
        "PD",
        "score",
        "rating",
        "risk",
        "decision",
        "reasons",
        "arm",
        title="Some applicants",
    )
    shown: Counter[str] = Counter()
    for a in sorted(
        answers, key=lambda answer: ("approve", "review", "decline").index(answer.decision)
    ):
        shown[a.decision] += 1
        if shown[a.decision] > SHOWN_PER_DECISION:
            continue
        reasons = "\n".join(
            f"{r.text}" + ("" if r.points is None else f" ({r.points:+.0f})")
            for r in a.reason_codes
        )
        table.add_row(
            a.application_id,
            f"{a.probability_of_default:.3f}",
            f"{a.score:.0f}",
            a.rating,
            a.risk_level,
            a.decision,
            reasons or "-",
            a.arm,
        )
    console.print(table)
    counts = Counter(a.decision for a in answers)
    console.print("Decisions: " + ", ".join(f"{n} {d}" for d, n in counts.most_common()))


def say_arms(answers: Sequence[Answer], labels: npt.NDArray[np.int8]) -> None:
    """Print the split between the arms, and what was served against the held-back outcomes."""
    table = Table(
        "arm", "applicants", "bads", "AUC", "ECE", title="Served, against the outcomes held back"
    )
    for arm in ["champion", "challenger", "both"]:
        mask = np.array([arm in (a.arm, "both") for a in answers])
        y = labels[mask]
        prob = np.array([a.probability_of_default for a in answers])[mask]
        figures = ("too few bads",) * 2
        if enough_bads(y):
            figures = (str(auc_interval(y, prob)), str(ece_interval(y, prob)))
        table.add_row(arm, f"{len(y)} ({len(y) / len(labels):.1%})", str(int(y.sum())), *figures)
    console.print(table)
    console.print(f"An arm needs {MINIMUM_BADS} bads before a figure about it is worth printing.")


def say_latency(scored: Scored, n_clients: int) -> None:
    """Print latencies as a client saw them."""
    p50, p95 = np.percentile(scored.latency_ms, [50, 95])
    console.print(
        f"Latency over HTTP with {n_clients} clients at once, reasons and durable record included: "
        f"p50 {p50:.1f} ms, p95 {p95:.1f} ms"
    )


def say_drift(what: str, report: DriftReport) -> None:
    """Print one drift report."""
    console.print(
        f"Drift, {what}: {report.level.upper()}  ({report.n_decisions} decisions, records "
        f"{report.first_position} to {report.last_position})"
    )
    for result in report.detectors:
        drifted = [f.feature for f in result.features if f.level != "none"]
        named = f": {', '.join(drifted)}" if drifted else ""
        console.print(f"  {result.detector}: {result.level}{named}")


def say_where(running: Running, settings: Settings, args_placement: str) -> None:
    """Print where everything is."""
    console.print(f"Decision records: {settings.records_path}")
    console.print(f"Registry: {settings.registry_uri}")
    console.print(
        f"Routes for people: {running.url}/docs   metrics: {running.url}/metrics ({args_placement})"
    )
    console.print(f"Token: {settings.token_path}")
