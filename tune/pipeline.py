"""The offline path, from rows to registered bundles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from credit.contract import Contract
from credit.data.reference import make_reference, save_reference
from credit.decision.bundle import Bundle
from credit.decision.bundle_files import REFERENCE_FOLDER, load_bundle, save_bundle
from credit.settings import Settings
from tune.export import export_joblib
from tune.folds import make_folds
from tune.leaderboard import Entry, Registered, TuneOutcome, outcome_document
from tune.outer import OuterFold, OuterReport, report_outer
from tune.plan import plan_folds, split_holdout
from tune.progress import Listener, part_of_a_whole
from tune.registry import Registry
from tune.rows import Rows
from tune.spec import SweepSpec
from tune.sweep import Search, TrialResult, pareto_front, run_search
from tune.winner import fit_calibrated, make_winner
from tune.workbook import Workbook

REFERENCE_ROWS = 2_000
"""Four windows of 500: more would hardly sharpen a comparison whose noise comes from the window."""


@dataclass(frozen=True)
class TuneRequest:
    """What to search.

    Attributes
    ----------
    alias
        Registry alias that the best winner takes.
    name
        Name of the sweep below the sweeps folder: the one to resume, or a new one.
    """

    contract: Contract
    spec: SweepSpec
    alias: str
    num_threads: int
    name: str


def train_and_register(
    request: TuneRequest,
    rows: Rows,
    settings: Settings,
    *,
    on_progress: Listener = lambda progress: None,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> TuneOutcome:
    """Search, refit, calibrate, verify, save, register; interrupted before the end, nothing is registered.

    Every bundle is loaded back from its folder before it is registered, so what is registered is
    known to load.
    """
    spec, contract = request.spec, request.contract
    book = Workbook.open(settings.sweeps_path, request.name, spec, contract, rows)
    by_time = spec.folds.kind == "rolling"
    train, held_out = split_holdout(
        rows,
        parts=spec.folds.holdout_parts,
        by_time=by_time,
        embargo_days=spec.folds.embargo_days,
    )
    # Whatever cannot be split later is refused now, before hours of searching.
    plan_folds(train, spec.folds, n_folds=spec.folds.calibration, seed=spec.seed + 1)
    searcher = _Searcher(request, book, on_progress)
    outer = _outer_reports(request, searcher, rows, on_stage)
    boards = searcher.search(train, "final")
    entries = []
    for candidate in spec.candidates:
        on_stage(f"{candidate.label}: refit, calibrate and verify the winner")
        board = boards[candidate.label]
        bundle, verification = make_winner(
            train,
            held_out,
            contract,
            candidate,
            parameters=board[0].best.parameters,
            seed=spec.seed,
            num_threads=request.num_threads,
            folds=spec.folds,
        )
        folder = save_bundle(bundle, settings.bundles_path)
        bundle = load_bundle(folder)
        save_drift_reference(bundle, train, folder, seed=spec.seed)
        front = tuple(pareto_front(board, spec)) if len(spec.objectives) > 1 else (board[0],)
        entries.append(
            Entry(
                candidate,
                tuple(board),
                front,
                bundle,
                folder,
                verification,
                outer.get(candidate.label),
                Registered(contract.registry_name, "", ""),
            )
        )
    entries.sort(key=lambda entry: -entry.searched_auc)
    on_stage("register the bundles")
    registry = Registry(settings)
    # The best comes last, so that the newest version is the one to look at.
    registered = [registry.register(contract, entry) for entry in reversed(entries)][::-1]
    registry.set_alias(registered[0], request.alias)
    entries = [replace(e, registered=r) for e, r in zip(entries, registered, strict=True)]
    outcome = TuneOutcome(
        tuple(entries), request.name, _joblib(request, train, entries[0], settings)
    )
    book.finish(outcome_document(outcome))
    return outcome


def _joblib(
    request: TuneRequest, train: Rows, best: Entry, settings: Settings
) -> tuple[Path, str] | None:
    if not request.spec.joblib:
        return None
    return export_joblib(
        train,
        request.contract,
        best.candidate.family,
        best.board[0].best.parameters,
        seed=request.spec.seed,
        folder=settings.home / "exports" / request.name,
    )


class _Searcher:
    """Searches every candidate on some rows, and tells of all searches as one."""

    def __init__(self, request: TuneRequest, book: Workbook, on_progress: Listener) -> None:
        self._request = request
        self._book = book
        self._on_progress = on_progress
        spec = request.spec
        repeats = 1 if spec.folds.outer == 1 else spec.folds.outer + 1
        self._n_whole = spec.n_trials * repeats
        self._n_before = 0

    def search(self, rows: Rows, part: str) -> dict[str, list[TrialResult]]:
        """Leaderboard of each candidate, by its label."""
        spec, contract = self._request.spec, self._request.contract
        plan = plan_folds(rows, spec.folds, n_folds=spec.folds.inner, seed=spec.seed)
        folds = list(make_folds(rows, contract, plan, segment=spec.fairness_column))
        boards = {}
        for candidate in spec.candidates:
            search = Search(
                spec,
                candidate,
                contract,
                self._book.folder / part,
                candidate.label,
                self._book.last_best(candidate) if spec.warm_start else None,
            )
            listener = part_of_a_whole(
                self._on_progress, n_before=self._n_before, n_whole=self._n_whole
            )
            boards[candidate.label] = run_search(search, folds, on_progress=listener)
            self._n_before += candidate.space.trials
        return boards


def _outer_reports(
    request: TuneRequest, searcher: _Searcher, rows: Rows, on_stage: Callable[[str], None]
) -> dict[str, OuterReport]:
    spec, contract = request.spec, request.contract
    if spec.folds.outer == 1:
        return {}
    found: dict[str, list[OuterFold]] = {c.label: [] for c in spec.candidates}
    plan = plan_folds(rows, spec.folds, n_folds=spec.folds.outer, seed=spec.seed + 7)
    for k, (inside, outside) in enumerate(plan):
        train, test = rows.take(inside), rows.take(outside)
        boards = searcher.search(train, f"outer-{k + 1}")
        for candidate in spec.candidates:
            on_stage(f"outer fold {k + 1} of {len(plan)}: refit {candidate.label}")
            fitted = fit_calibrated(
                train,
                contract,
                candidate,
                boards[candidate.label][0].best.parameters,
                folds=spec.folds,
                seed=spec.seed,
                num_threads=request.num_threads,
            )
            found[candidate.label].append(
                OuterFold(test.labels, fitted.probabilities(test.raw), len(train))
            )
    cutoff = contract.policy.cutoff
    return {n: report_outer(folds, cutoff, seed=spec.seed) for n, folds in found.items()}


def save_drift_reference(bundle: Bundle, train: Rows, folder: Path, *, seed: int) -> Path:
    """Keep a sample of training rows beside the bundle, for the drift node to compare with."""
    chosen = np.random.default_rng(seed).permutation(len(train))[:REFERENCE_ROWS]
    rows = bundle.transform.matrix(train.raw[np.sort(chosen)])
    return save_reference(make_reference(bundle.transform.names, rows), folder / REFERENCE_FOLDER)
