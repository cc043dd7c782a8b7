"""Who answers for a file, and rows of a table as a client sends them."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from credit.contract import Contract
from credit.decision import Rollout
from credit.errors import SettingsInvalid
from credit.records import open_state
from credit.settings import Settings
from serve_app.rollout import read_rollout


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
