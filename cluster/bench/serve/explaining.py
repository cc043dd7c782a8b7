"""Exact Shapley values of one row: our tables beside LightGBM's ``pred_contrib`` and shap, one thread."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from credit.contract import Contract
from credit.decision.assemble import BACKGROUND_ROWS
from credit.errors import ExplanationInconsistent, ModelTooDeep
from credit.explain.tables.explainer import TableExplainer
from credit.features import FeatureSpec, FeatureTransform
from credit.models.base import Matrix
from credit.models.lightgbm import LightGBMModel, fit_lightgbm
from tune.rows import Rows

SHAPES: Mapping[str, Mapping[str, int]] = {
    "200x15": {"num_iterations": 200, "num_leaves": 15},
    "300x31": {"num_iterations": 300, "num_leaves": 31},
    "400x63_depth7": {"num_iterations": 400, "num_leaves": 63, "max_depth": 7},
}
"""Trees x leaves, as the promises name them."""

SHAP_SHAPE = "200x15"
"""The model that shap's interventional explainer is measured on."""

TOLERANCE, SHAP_TOLERANCE = 1e-9, 1e-6
N_ROWS, N_BLOCKS, N_SHAP_ROWS = 1_000, 10, 30
SEED = 6


@dataclass(frozen=True)
class Explained:
    """Microseconds for one row, medians of the same run.

    Attributes
    ----------
    shap_us
        By shap's interventional explainer on the same background; None where it was not asked or shap is not
        installed.
    tables_mib, build_s
        Size of the tables and the time to build them.
    """

    ours_us: float
    pred_contrib_us: float
    shap_us: float | None
    tables_mib: float
    build_s: float


@dataclass(frozen=True)
class Explaining:
    """By shape; ``failed`` says why a shape is missing."""

    shapes: dict[str, Explained] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def measure_explaining(
    rows: Rows, contract: Contract, *, advance: Callable[[str], None]
) -> Explaining:
    """Fit a model of each shape, build its tables, and explain the same rows by every engine in turns.

    Raises
    ------
    ExplanationInconsistent
        When engines that must agree do not.
    """
    transform = FeatureTransform.fit(contract, rows.raw)
    vectors = transform.matrix(rows.raw)
    chosen = np.random.default_rng(SEED).permutation(len(vectors))
    background, asked = vectors[chosen[:BACKGROUND_ROWS]], vectors[chosen[-N_ROWS:]]
    found = Explaining()
    for shape, parameters in SHAPES.items():
        advance(f"explaining: {shape}")
        model = fit_lightgbm(
            vectors,
            rows.labels,
            features=FeatureSpec.of(contract),
            parameters={"learning_rate": 0.05, "min_data_in_leaf": 50, **parameters},
            seed=SEED,
            num_threads=1,
        )
        try:
            if not found.shapes:
                TableExplainer(model, background).explain(asked[0].tolist())  # compiles
            found.shapes[shape] = _explained(
                model, background, asked, with_shap=shape == SHAP_SHAPE
            )
        except ModelTooDeep as error:
            found.failed[shape] = str(error)
    return found


def _explained(
    model: LightGBMModel, background: Matrix, asked: Matrix, *, with_shap: bool
) -> Explained:
    started = time.perf_counter()
    explainer = TableExplainer(model, background)
    build_s = time.perf_counter() - started
    booster, rows = model.booster, asked.tolist()
    singles = [model.encoding.matrix(row[None]) for row in asked]

    def ours(i: int) -> Sequence[float]:
        explanation = explainer.explain(rows[i])
        return (*explanation.contributions, explanation.base)

    def pred_contrib(i: int) -> Sequence[float]:
        values: Any = booster.predict(singles[i], pred_contrib=True, num_threads=1)
        return values[0]  # type: ignore[no-any-return]

    margins = model.margins(asked)
    for name, engine in (("our tables", ours), ("pred_contrib", pred_contrib)):
        gap = max(abs(float(np.sum(engine(i))) - margins[i]) for i in range(len(rows)))
        _require(gap <= TOLERANCE, name, "the margin", gap)
    ours_us, contrib_us = medians_us((ours, pred_contrib), len(rows))
    return Explained(
        ours_us=ours_us,
        pred_contrib_us=contrib_us,
        shap_us=_shap_us(model, background, asked, ours) if with_shap else None,
        tables_mib=explainer.n_bytes / 2**20,
        build_s=build_s,
    )


def medians_us(engines: Sequence[Callable[[int], object]], n: int) -> list[float]:
    """Median microseconds of a call of each engine over rows 0 to n, in blocks that take turns."""
    took: list[list[float]] = [[] for _ in engines]
    for block in np.array_split(np.arange(n), N_BLOCKS):
        for engine, own in zip(engines, took, strict=True):
            for i in block.tolist():
                started = time.perf_counter()
                engine(i)
                own.append(1e6 * (time.perf_counter() - started))
    return [float(np.median(own)) for own in took]


def _shap_us(
    model: LightGBMModel,
    background: Matrix,
    asked: Matrix,
    ours: Callable[[int], Sequence[float]],
) -> float | None:
    if importlib.util.find_spec("shap") is None:
        return None
    import shap

    explainer = shap.TreeExplainer(
        model.booster,
        data=model.encoding.matrix(background),
        feature_perturbation="interventional",
    )

    def one(i: int) -> Any:
        return explainer.shap_values(asked[i][None], check_additivity=False)

    gap = max(float(np.abs(one(i)[0] - ours(i)[:-1]).max()) for i in range(N_SHAP_ROWS))
    _require(gap <= SHAP_TOLERANCE, "our tables", "shap's interventional values", gap)
    return medians_us((one,), N_SHAP_ROWS)[0]


def _require(equal: bool, engine: str, other: str, gap: float) -> None:
    if not equal:
        raise ExplanationInconsistent(
            f"{engine} and {other} differ by {gap:.3g} in the bench, so nothing is measured; this is a defect: "
            "report it"
        )
