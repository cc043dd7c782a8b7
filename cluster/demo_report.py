"""The demo's story, printed for a lender."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from rich.table import Table

from cluster.cli.terminal import console, near
from cluster.demo import Scored
from cluster.running import Running
from credit.contract import FrameCheck
from credit.decision.bundle import Bundle
from credit.decision.score import Answer
from credit.explain import ReasonCode
from credit.metrics import MINIMUM_BADS, auc_interval, ece_interval, enough_bads
from credit.settings import Settings
from drift import DriftReport

DECISIONS = ("approve", "review", "decline")
SHOWN_PER_DECISION = 2


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
        "decision",
        "why, and the points it costs",
        title="Some applicants",
    )
    shown: Counter[str] = Counter()
    for a in sorted(answers, key=lambda answer: DECISIONS.index(answer.decision)):
        shown[a.decision] += 1
        if shown[a.decision] <= SHOWN_PER_DECISION:
            table.add_row(
                f"{a.application_id}\n{a.arm}",
                f"{a.probability_of_default:.3f}\n{a.risk_level}",
                f"{a.score:.0f}\n{a.rating}",
                a.decision,
                "\n".join(_words(reason) for reason in a.reason_codes) or "nothing adverse",
                end_section=True,
            )
    console.print(table)
    counts = Counter(a.decision for a in answers)
    console.print("Decisions: " + ", ".join(f"{n} {d}" for d, n in counts.most_common()))


def _words(reason: ReasonCode) -> str:
    points = "" if reason.points is None else f" {reason.points:+.0f}"
    return f"{reason.code}{points}: {reason.text}"


def say_arms(answers: Sequence[Answer], labels: npt.NDArray[np.int8]) -> None:
    """Print the split between the arms, and what was served against the held-back outcomes."""
    title = "Served, against the outcomes held back"
    table = Table("arm", "applicants", "bads", "AUC", "ECE", title=title)
    arms = np.array([a.arm for a in answers])
    prob = np.array([a.probability_of_default for a in answers])
    for arm in sorted(set(arms)):
        y, p = labels[arms == arm], prob[arms == arm]
        figures = ("too few bads",) * 2
        if enough_bads(y):
            figures = (str(auc_interval(y, p)), str(ece_interval(y, p)))
        table.add_row(arm, f"{len(y)} ({len(y) / len(labels):.1%})", str(int(y.sum())), *figures)
    # All together are one sample of what was served: the width of the interval says how small it is.
    together = str(auc_interval(labels, prob)), str(ece_interval(labels, prob))
    table.add_row("together", str(len(labels)), str(int(labels.sum())), *together)
    console.print(table)
    console.print(
        f"An arm needs {MINIMUM_BADS} bads before a figure about it alone is worth printing; with "
        f"{int(labels.sum())} bads the ECE of all is mostly chance. The figures on all held-out rows stand above."
    )


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


def say_where(running: Running, settings: Settings, placement: str) -> None:
    """Print where everything is."""
    console.print(f"Decision records: {near(settings.records)}")
    registry = settings.mlflow_uri or near(settings.home / "mlflow")
    console.print(f"Registry: {registry}")
    console.print(
        f"Routes for people: {running.url}/docs   metrics: {running.url}/metrics ({placement})"
    )
    console.print(f"Token: {near(settings.token_path)}")
