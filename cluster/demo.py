"""What ``credit demo`` does; :mod:`cluster.demo_report` prints it."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from cluster.local_ray import training_threads
from cluster.running import Running
from cluster.scoring_files import applications
from credit.contract import Contract, FrameCheck
from credit.decision import load_bundle
from credit.decision.assemble import data_hash
from credit.decision.bundle import Bundle
from credit.decision.score import Answer
from credit.errors import RegistryUnavailable, ServiceUnavailable
from credit.settings import Settings
from drift import DriftReport
from serve_app.client import ScoringClient
from serve_app.registry import fetch_alias
from serve_app.settings import ServiceArgs
from tune.plan import split_holdout
from tune.progress import Listener
from tune.rows import Rows
from tune.spec import Candidate, SweepSpec

N_APPLICANTS = 500
N_CLIENTS = 4
FAMILIES: dict[str, Literal["lightgbm", "scorecard"]] = {
    "champion": "lightgbm",
    "challenger": "scorecard",
}
SEED = 42
REPORT_DEADLINE_S = 120.0


@dataclass(frozen=True)
class Scored:
    """Answers in the order of the applicants, and how long each took a client, in milliseconds."""

    answers: list[Answer]
    latency_ms: npt.NDArray[np.float64]


def reusable(alias: str, contract: Contract, rows: Rows, settings: Settings) -> Bundle | None:
    """Return the bundle behind an alias if it was learned from these rows and this contract."""
    try:
        hash_ = fetch_alias(settings, contract.registry_name, alias)
    except RegistryUnavailable:
        return None
    bundle = load_bundle(settings.bundles_path / hash_)
    train_rows, _ = split_holdout(rows)
    same_data = bundle.manifest.data == data_hash(train_rows.raw, train_rows.labels)
    return bundle if same_data and bundle.manifest.contract == contract.digest() else None


def train(
    alias: str,
    contract: Contract,
    rows: Rows,
    settings: Settings,
    *,
    n_trials: int | None,
    on_progress: Listener,
    on_stage: Callable[[str], None],
) -> Bundle:
    """Run the sweep of an alias's family and let its winner take the alias."""
    # Ray reads its environment at import, so what imports it comes late.
    from tune.pipeline import TuneRequest, train_and_register

    family = FAMILIES[alias]
    spec = SweepSpec(candidates=(Candidate(family=family, trials=n_trials),), seed=SEED)
    name = f"{contract.product}-{family}-{time.strftime('%Y%m%d-%H%M%S')}"
    request = TuneRequest(contract, spec, alias, training_threads(), name)
    outcome = train_and_register(
        request, rows, settings, on_progress=on_progress, on_stage=on_stage
    )
    return outcome.best.bundle


def service_args(contract: Contract, settings: Settings, placement: str) -> ServiceArgs:
    """Arguments of the demo's service: its drift cursor begins with the first decision of this run."""
    now = datetime.datetime.now(datetime.UTC)
    return ServiceArgs.model_validate(
        {
            "product": contract.product,
            "home": settings.home,
            "placement": placement,
            "champion": "champion",
            "challengers": ("challenger",),
            "drift_window": N_APPLICANTS,
            "drift_consumer": f"demo-{now:%Y%m%dT%H%M%S}",
            "drift_start": "end",
        }
    )


def choose_applicants(
    held_out: Rows, check: FrameCheck, contract: Contract
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], npt.NDArray[np.int8]]:
    """Pick 500 held-out applicants and 500 others whose circumstances are shifted.

    Returns
    -------
    The applicants, the shifted ones, and the outcomes of the first.
    """
    chosen = np.random.default_rng(SEED).permutation(len(held_out))[: 2 * N_APPLICANTS]
    by_reference = check.good.set_index("application_id", drop=False)
    frame = by_reference.loc[held_out.references[chosen]]
    rows = applications(frame, contract)
    for row in rows:
        row["applicant_id"] = f"P-{row['application_id']}"
    labels = held_out.labels[chosen[:N_APPLICANTS]]
    return rows[:N_APPLICANTS], [shifted(row) for row in rows[N_APPLICANTS:]], labels


def shifted(row: dict[str, Any]) -> dict[str, Any]:
    """Move an applicant into a recession: two thirds of the income, cards drawn by a third of the limit more."""
    income = row["monthly_income"]
    return {
        **row,
        "monthly_income": None if income is None else round(income * 2 / 3),
        "revolving_utilization": row["revolving_utilization"] + 1 / 3,
    }


def score_all(
    rows: list[dict[str, Any]], running: Running, *, advance: Callable[[], None]
) -> Scored:
    """Score over HTTP with several clients at once."""
    latency_ms = np.zeros(len(rows))

    def one(numbered: tuple[int, dict[str, Any]]) -> Answer:
        i, row = numbered
        started = time.perf_counter()
        told = client.score(row)
        latency_ms[i] = (time.perf_counter() - started) * 1000
        advance()
        return told

    with ScoringClient(running.url, running.token) as client, ThreadPoolExecutor(N_CLIENTS) as pool:
        return Scored(list(pool.map(one, enumerate(rows))), latency_ms)


def wait_for_report(running: Running, n_reports: int) -> DriftReport:
    """Return the newest drift report once there are as many as windows were filled.

    Raises
    ------
    ServiceUnavailable
        When the drift node does not report in time.
    """
    deadline = time.monotonic() + REPORT_DEADLINE_S
    with ScoringClient(running.url, running.token) as client:
        while time.monotonic() < deadline:
            reports = client.get("/v1/drift/reports?limit=100")
            if len(reports) >= n_reports:
                return msgspec.convert(reports[0], DriftReport)
            time.sleep(0.2)
    raise ServiceUnavailable(
        f"no drift report within {REPORT_DEADLINE_S:.0f} s; see the replica's log"
    )
