"""The offline path, from rows to a registered bundle."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from credit.contract import Contract
from credit.data.reference import make_reference, save_reference
from credit.decision.bundle import Bundle
from credit.decision.bundle_files import REFERENCE_FOLDER, load_bundle, save_bundle
from credit.settings import Settings
from tune.progress import SweepProgress
from tune.registry import Registered, Registry
from tune.rows import Rows, split_holdout
from tune.sweep import TrialResult, run_sweep
from tune.winner import Verification, flat_metrics, make_winner

REFERENCE_ROWS = 2_000
"""Four windows of 500: more would hardly sharpen a comparison whose noise comes from the window."""


@dataclass(frozen=True)
class TuneRequest:
    """What to search.

    ``alias`` is the registry alias that the winner takes.
    """

    contract: Contract
    family: Literal["lightgbm", "scorecard"]
    n_trials: int
    seed: int
    alias: str
    num_threads: int


@dataclass(frozen=True)
class TuneOutcome:
    """What came of it."""

    bundle: Bundle
    folder: Path
    board: tuple[TrialResult, ...]
    verification: Verification
    registered: Registered


def train_and_register(
    request: TuneRequest,
    rows: Rows,
    settings: Settings,
    *,
    on_progress: Callable[[SweepProgress], None] = lambda progress: None,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> TuneOutcome:
    """Search, refit, calibrate, verify, save, register; interrupted before the end, nothing is registered.

    The bundle is loaded back from its folder before it is registered, so what is registered is
    known to load.
    """
    train, held_out = split_holdout(rows)
    name = f"{request.contract.product}-{request.family}-{time.strftime('%Y%m%d-%H%M%S')}"
    board = run_sweep(
        train,
        request.contract,
        family=request.family,
        n_trials=request.n_trials,
        seed=request.seed,
        storage=settings.sweeps_path,
        name=name,
        on_progress=on_progress,
    )
    on_stage("refit, calibrate and verify the winner")
    bundle, verification = make_winner(
        train,
        held_out,
        request.contract,
        family_name=request.family,
        parameters=board[0].best.parameters,
        seed=request.seed,
        num_threads=request.num_threads,
    )
    folder = save_bundle(bundle, settings.bundles_path)
    bundle = load_bundle(folder)
    save_drift_reference(bundle, train, folder, seed=request.seed)
    on_stage("register the bundle")
    registry = Registry(settings)
    registered = registry.register(
        request.contract, bundle, folder, board, flat_metrics(verification)
    )
    registry.set_alias(registered, request.alias)
    return TuneOutcome(bundle, folder, tuple(board), verification, registered)


def save_drift_reference(bundle: Bundle, train: Rows, folder: Path, *, seed: int) -> Path:
    """Keep a sample of training rows beside the bundle, for the drift node to compare with."""
    chosen = np.random.default_rng(seed).permutation(len(train))[:REFERENCE_ROWS]
    rows = bundle.transform.matrix(train.raw[np.sort(chosen)])
    return save_reference(make_reference(bundle.transform.names, rows), folder / REFERENCE_FOLDER)
