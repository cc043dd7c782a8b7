"""Score a file: through a running service, or in this process without Ray."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd

from credit.contract import Contract, FrameCheck, check_frame
from credit.data import read_table
from credit.decision import Rollout, arm_for, score
from credit.decision.bundle import Bundle
from credit.decision.score import Answer
from credit.decision.scorer import answer
from credit.errors import SettingsInvalid
from credit.records import open_state
from credit.settings import Settings
from serve_app.client import ScoringClient
from serve_app.rollout import read_rollout

CONCURRENT_REQUESTS = 8


def read_applications(path: Path, contract: Contract) -> tuple[list[dict[str, Any]], FrameCheck]:
    """Read a file and keep its good rows as applications, in the form that the service takes."""
    check = check_frame(read_table(path), contract)
    return applications(check.good, contract), check


def applications(good: pd.DataFrame, contract: Contract) -> list[dict[str, Any]]:
    """Turn good rows into applications; whole numbers are sent as such, missing ones as null."""
    whole = {c.name for c in contract.inputs if c.type == "integer"}
    names = [
        "application_id",
        "applicant_id",
        *(["consents"] if contract.consents else []),
        *(column.name for column in contract.inputs),
    ]
    kept = [name for name in names if name in good]
    return [
        {name: _plain(name, value, whole) for name, value in zip(kept, row, strict=True)}
        for row in good[kept].itertuples(index=False)
    ]


def _plain(name: str, value: Any, whole: set[str]) -> Any:
    if name == "consents":
        return value.split(";") if isinstance(value, str) and value else []
    if isinstance(value, float):
        if math.isnan(value):
            return None
        return int(value) if name in whole else value
    return value


def score_locally(
    rows: list[dict[str, Any]],
    rollout: Rollout,
    bundles: dict[str, Bundle],
    *,
    shap_values: bool,
    advance: Callable[[], None],
) -> Iterator[Answer]:
    """Score in this process. Nothing is recorded, so ``decision_id`` is null: it is not a decision."""
    for row in rows:
        application = bundles[rollout.champion.bundle].validator.application(row)
        arm, _ = arm_for(rollout, application.applicant_id)
        bundle = bundles[arm.bundle].answering(application)
        yield answer(
            bundle,
            application,
            score(bundle, bundle.explainer, application),
            arm=arm.name,
            generation=rollout.generation,
            decision_id=None,
            with_shap_values=shap_values,
        )
        advance()


def score_remotely(
    rows: list[dict[str, Any]],
    client: ScoringClient,
    *,
    shap_values: bool,
    advance: Callable[[], None],
) -> Iterator[Answer]:
    """Score through a running service, several requests at a time, answers in the order of the rows."""

    def one(row: dict[str, Any]) -> Answer:
        told = client.score(row, shap_values=shap_values)
        advance()
        return told

    with ThreadPoolExecutor(CONCURRENT_REQUESTS) as pool:
        yield from pool.map(one, rows)


def stored_rollout(settings: Settings, product: str) -> Rollout:
    """Read which bundles answer, as the service last knew it.

    Raises
    ------
    SettingsInvalid
        When no service ever ran here.
    """
    state = open_state(settings.state)
    try:
        rollout = read_rollout(state, product)
    finally:
        state.dispose()
    if rollout is None:
        raise SettingsInvalid(
            f"{settings.home} has no rollout of {product}: run `credit demo` or `credit serve` once"
        )
    return rollout
