"""What the service must reach beside what it replaces, one line a key, and what a run found for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from cluster.bench.serve.batching import Batch
from cluster.bench.serve.explaining import SHAP_SHAPE, SHAPES, Explaining
from cluster.bench.serve.measure import Measured, Turn

Ratios = dict[str, float | None]
"""By key; None where it was not measured in this run."""


@dataclass(frozen=True)
class Promise:
    """One line: a figure and its bound."""

    key: str
    text: str
    sign: Literal[">=", "<=", "<"]
    bound: float

    def kept(self, value: float | None) -> bool | None:
        """Tell whether a figure keeps it; None without a figure."""
        if value is None:
            return None
        if self.sign == ">=":
            return value >= self.bound
        return value < self.bound if self.sign == "<" else value <= self.bound


PROMISES = (
    Promise("fused_vs_fastapi_c16", "fused over FastAPI: answers/s, 16 connections", ">=", 1.4),
    Promise("fused_vs_fastapi_c64", "the same, 64 connections", ">=", 1.4),
    Promise("fused2_vs_fastapi2_c16", "two workers each: answers/s, 16 connections", ">=", 1.05),
    Promise("fused_p50_vs_fastapi_record_on", "p50 at 1 connection, record on", "<=", 1.25),
    Promise("fused_p50_vs_fastapi_record_off", "p50 at 1 connection, record off", "<=", 0.8),
    Promise("fused_vs_mlserver_c16", "fused over MLServer: answers/s, 16 connections", ">=", 2),
    Promise("fused_vs_bentoml_c16", "fused over BentoML", ">=", 2.5),
    Promise("fused_vs_mlflow_c16", "fused over mlflow models serve", ">=", 8),
    Promise(
        "graph_vs_documented_graph_c16",
        "graph over Ray Serve as documented, four deployments: answers/s, 16 connections",
        ">=",
        10,
    ),
    Promise("graph_vs_documented_graph_c64", "the same, 64 connections", ">=", 25),
    Promise("graph_vs_documented_graph_p50", "the same, p50 at 1 connection", "<=", 0.5),
    Promise("graph_c64_vs_c16", "graph: answers/s at 64 connections over those at 16", ">=", 0.9),
    *(
        Promise(
            f"explain_vs_pred_contrib_{shape}", f"exact SHAP over pred_contrib, {shape}", ">=", 25
        )
        for shape in SHAPES
    ),
    Promise(
        "explain_vs_shap_interventional",
        f"interventional SHAP over shap's, 100 rows of background, {SHAP_SHAPE}",
        ">=",
        100,
    ),
    Promise("explain_tables_mb", "largest tables of these models, MiB", "<=", 100),
    Promise("explain_build_s", "longest build of these tables, s", "<=", 10),
    Promise("batch_rows_per_minute", "batch with reasons: rows a minute", ">=", 1_000_000),
    Promise("batch_recorded_rows_per_minute", "the same, each row recorded", ">=", 300_000),
    Promise("p95_ms_fused_80", "fused: p95 in ms, open loop at 80% of saturation", "<", 20),
    Promise("p95_ms_graph_80", "graph: the same", "<", 20),
)

Pick = Callable[[Turn], float]


def ratios(measured: Measured, explaining: Explaining | None, batch: Batch) -> Ratios:
    """Compute the figure of every promise.

    A ratio of two contenders is the median over the rounds of the ratio within a round, for the machine
    may be busier in one round than in another.
    """

    def over(one: str, other: str, pick: Pick, pick_other: Pick | None = None) -> float | None:
        pairs = zip(measured.turns.get(one, ()), measured.turns.get(other, ()), strict=False)
        found = [_quotient(pick(a), (pick_other or pick)(b)) for a, b in pairs]
        known = [ratio for ratio in found if ratio is not None]
        return float(np.median(known)) if known and len(known) == len(found) else None

    fastapi, documented = "fastapi", "ray-documented"
    return {
        "fused_vs_fastapi_c16": over("fused", fastapi, rate(16)),
        "fused_vs_fastapi_c64": over("fused", fastapi, rate(64)),
        "fused2_vs_fastapi2_c16": over("fused2", "fastapi2", rate(16)),
        "fused_p50_vs_fastapi_record_on": over("fused", fastapi, p50(1)),
        "fused_p50_vs_fastapi_record_off": over("fused-unrecorded", fastapi, p50(1)),
        "fused_vs_mlserver_c16": over("fused", "mlserver", rate(16)),
        "fused_vs_bentoml_c16": over("fused", "bentoml", rate(16)),
        "fused_vs_mlflow_c16": over("fused", "mlflow", rate(16)),
        "graph_vs_documented_graph_c16": over("graph", documented, rate(16)),
        "graph_vs_documented_graph_c64": over("graph", documented, rate(64)),
        "graph_vs_documented_graph_p50": over("graph", documented, p50(1)),
        "graph_c64_vs_c16": over("graph", "graph", rate(64), rate(16)),
        **_explaining_ratios(explaining or Explaining()),
        "batch_rows_per_minute": batch.plain,
        "batch_recorded_rows_per_minute": batch.recorded,
        "p95_ms_fused_80": _p95(measured, "fused"),
        "p95_ms_graph_80": _p95(measured, "graph"),
    }


def rate(connections: int) -> Pick:
    """Answers a second of a turn."""
    return lambda turn: turn.loads[connections].per_second


def p50(connections: int) -> Pick:
    """Median milliseconds of a turn."""
    return lambda turn: turn.loads[connections].p50_ms


def _explaining_ratios(explaining: Explaining) -> Ratios:
    shapes = explaining.shapes
    all_there = len(shapes) == len(SHAPES)
    by_shap = shapes[SHAP_SHAPE].shap_us if SHAP_SHAPE in shapes else None
    return {
        **{
            f"explain_vs_pred_contrib_{shape}": shapes[shape].pred_contrib_us
            / shapes[shape].ours_us
            if shape in shapes
            else None
            for shape in SHAPES
        },
        "explain_vs_shap_interventional": None
        if by_shap is None
        else by_shap / shapes[SHAP_SHAPE].ours_us,
        "explain_tables_mb": max(e.tables_mib for e in shapes.values()) if all_there else None,
        "explain_build_s": max(e.build_s for e in shapes.values()) if all_there else None,
    }


def _p95(measured: Measured, name: str) -> float | None:
    found = measured.open_loops.get(name)
    return None if found is None else _finite(found[-1].load.p95_ms)


def _quotient(one: float, other: float) -> float | None:
    return _finite(one / other) if other else None


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
