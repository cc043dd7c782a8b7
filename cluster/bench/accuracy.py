"""What the families reach on known data, fold by fold, with calibration learned inside each fold."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cluster.bench.published import PUBLISHED, Published, Setting
from credit.contract import Contract
from credit.data.sources import read_source
from credit.errors import DataError
from credit.metrics import (
    Interval,
    auc,
    brier_score,
    calibration_line,
    expected_calibration_error,
    fold_interval,
    ks,
    observed_expected,
)
from tune.plan import plan_folds
from tune.rows import Rows, prepare
from tune.spec import FoldsSpec
from tune.winner import fit_calibrated

SEED = 42

CALIBRATION_FOLDS = 3
"""Inside each fold; fewer than a sweep takes, because every fold is fitted so many times more."""


@dataclass(frozen=True)
class Measured:
    """One data set, one set of columns, one model.

    Attributes
    ----------
    auc
        Mean over the folds, with the interval of Nadeau and Bengio (2003).
    ks, brier
        Means over the folds.
    ece
        Over the rows of all folds together; of repeats, the mean.
    ece_folds
        Mean of the folds' own.
    slope, observed_expected
        Over the rows of all folds together.
    seconds
        Of fitting and calibrating in all folds.
    """

    data: str
    columns: str
    model: str
    n_rows: int
    n_features: int
    auc: Interval
    gini: float
    ks: float
    brier: float
    ece: float
    ece_folds: float
    slope: float
    observed_expected: float
    seconds: float

    def flat(self) -> dict[str, Any]:
        """One row for machines."""
        return {
            **{name: value for name, value in vars(self).items() if name != "auc"},
            "auc": self.auc.estimate,
            "auc_low": self.auc.low,
            "auc_high": self.auc.high,
        }


def measure_all(
    folder: Path,
    *,
    only: str | None,
    num_threads: int,
    advance: Callable[[str], None],
) -> Iterator[Measured]:
    """Measure every data set that lies in the folder.

    Raises
    ------
    DataError
        When none does.
    """
    found = [p for p in PUBLISHED if (folder / p.file).is_file() and only in (None, p.product)]
    if not found:
        files = ", ".join(str(p.file) for p in PUBLISHED)
        raise DataError(f"{folder} holds none of {files}: bring the published files")
    for published in found:
        frame = read_source(str(folder / published.file))
        for columns in published.columns:
            contract = published.contract(columns)
            rows, _ = prepare(frame, contract)
            for setting in (s for s in published.settings if s.suits(columns)):
                advance(f"{published.name}, {columns}, {setting.model}")
                yield measure(published, columns, contract, rows, setting, num_threads=num_threads)


def n_measurements(folder: Path, only: str | None) -> int:
    """How many rows :func:`measure_all` will give."""
    return sum(
        setting.suits(columns)
        for p in PUBLISHED
        for columns in p.columns
        for setting in p.settings
        if (folder / p.file).is_file() and only in (None, p.product)
    )


def measure(
    published: Published,
    columns: str,
    contract: Contract,
    rows: Rows,
    setting: Setting,
    *,
    num_threads: int,
) -> Measured:
    """Fit, calibrate and measure in every fold; only the fold's training rows are learned from."""
    started = time.perf_counter()
    repeats = [
        _one_repeat(published, contract, rows, setting, seed=SEED + r, num_threads=num_threads)
        for r in range(published.n_repeats)
    ]
    seconds = time.perf_counter() - started
    folds = [fold for repeat in repeats for fold in repeat]
    pooled = [
        (np.concatenate([y for y, _ in repeat]), np.concatenate([p for _, p in repeat]))
        for repeat in repeats
    ]
    n_test = len(rows) // published.n_folds
    aucs = [auc(y, p) for y, p in folds]
    interval = fold_interval(aucs, len(rows) - n_test, n_test, n_bads=int(rows.labels.sum()))
    return Measured(
        data=published.name,
        columns=columns,
        model=setting.model,
        n_rows=len(rows),
        n_features=len(contract.features),
        auc=interval,
        gini=2 * interval.estimate - 1,
        ks=_mean([ks(y, p) for y, p in folds]),
        brier=_mean([brier_score(y, p) for y, p in folds]),
        ece=_mean([expected_calibration_error(y, p) for y, p in pooled]),
        ece_folds=_mean([expected_calibration_error(y, p) for y, p in folds]),
        slope=_mean([calibration_line(y, p).slope.estimate for y, p in pooled]),
        observed_expected=_mean([observed_expected(y, p).estimate for y, p in pooled]),
        seconds=seconds,
    )


def _one_repeat(
    published: Published,
    contract: Contract,
    rows: Rows,
    setting: Setting,
    *,
    seed: int,
    num_threads: int,
) -> list[tuple[Any, Any]]:
    spec = FoldsSpec(calibration=CALIBRATION_FOLDS)
    found = []
    for inside, outside in plan_folds(rows, spec, n_folds=published.n_folds, seed=seed):
        fitted = fit_calibrated(
            rows.take(inside),
            contract,
            setting.candidate,
            setting.parameters,
            folds=spec,
            seed=SEED,
            num_threads=num_threads,
        )
        found.append((rows.labels[outside], fitted.probabilities(rows.raw[outside])))
    return found


def _mean(values: list[float]) -> float:
    return float(np.mean(values))
