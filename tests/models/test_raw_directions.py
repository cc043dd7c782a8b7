"""What the contract's directions promise about raw columns.

A direction belongs to a feature, and one raw column may enter several. Along a column the margin is promised
only where all features that read it, each by its sign, pull the same way, and none of them appears or
disappears; a column whose features pull against each other is promised nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from credit.contract import Contract, load_contract
from credit.decision import Bundle
from credit.decision.families import family
from credit.features import FeatureSpec, FeatureTransform
from credit.models.base import Labels, Matrix, Model
from tests.families import PARAMETERS
from tune.rows import Rows

PROMISED = {
    "age": (-1, np.arange(18.0, 100.0)),
    # In its own count and in the total; both rise. The codes 96 and 98 are no counts.
    "past_due_30_59": (1, np.arange(0.0, 15.0)),
    "past_due_60_89": (1, np.arange(0.0, 15.0)),
    "past_due_90": (1, np.arange(0.0, 15.0)),
}
"""Columns of Give Me Some Credit with a promise, by hand: sign and the values that are tried."""


@pytest.mark.parametrize("column", PROMISED)
def test_a_raw_column_moves_the_margin_one_way(any_bundle: Bundle, rows: Rows, column: str) -> None:
    if not family(any_bundle.manifest.family).monotone:
        pytest.skip("the family promises no directions")
    sign, values = PROMISED[column]
    at = any_bundle.contract.input_positions[column]

    moved = 0
    for raw in rows.raw[:60]:
        if np.isin(raw, [96, 98]).any():
            continue
        changed = np.tile(raw, (len(values), 1))
        changed[:, at] = values[::sign]
        steps = np.diff(any_bundle.model.margins(any_bundle.transform.matrix(changed)))
        assert (steps >= 0).all()
        moved += int((steps > 0).sum())
    assert moved > 10


FEATURES: list[dict[str, Any]] = [
    {"name": "wage", "op": "value", "columns": ["income"], "risk": "decreasing"},
    {
        "name": "burden",
        "op": "ratio",
        "columns": ["debt", "income"],
        "plus": 1,
        "risk": "increasing",
    },
    {
        "name": "per_head",
        "op": "ratio",
        "columns": ["income", "heads"],
        "plus": 1,
        "risk": "decreasing",
    },
    {"name": "left_over", "op": "difference", "columns": ["income", "debt"], "risk": "decreasing"},
]
"""Income raises the first, the third and the fourth, which lower risk, and lowers the second, which raises it."""

AGAINST: dict[str, Any] = {
    "name": "volume",
    "op": "product",
    "columns": ["debt", "income"],
    "risk": "increasing",
}
"""Income raises this one, which raises risk."""


def contract_with(*features: dict[str, Any]) -> Contract:
    plain = load_contract("give_me_some_credit").model_dump(mode="json")
    numbers = {"role": "feature", "minimum": 0, "maximum": 1e6, "description": "An amount."}
    plain["columns"] = [
        {"name": "application_id", "role": "id", "type": "text", "description": "Reference."},
        {"name": "defaulted", "role": "target", "type": "integer", "description": "1 = bad."},
        *[{"name": name, **numbers} for name in ("income", "debt", "heads")],
    ]
    plain["policy_options"] = []
    plain["features"] = [{**feature, "reason": "MONEY"} for feature in features]
    plain["reasons"] = [{"code": "MONEY", "text": "Income and debt."}]
    plain["policy"]["rules"] = []
    return Contract.model_validate(plain)


def book() -> tuple[Matrix, Labels]:
    """Risk that falls with income up to a point and then rises, and rises with debt."""
    rng = np.random.default_rng(8)
    raw = np.column_stack(
        [rng.lognormal(8, 0.7, 3_000), rng.lognormal(7, 0.8, 3_000), rng.poisson(1.0, 3_000)]
    )
    odds = 0.4 * np.abs(np.log(raw[:, 0]) - 8) - 0.3 * np.log(raw[:, 0] / 3_000) - 1
    odds += 0.4 * np.log(raw[:, 1] / 1_000)
    return raw, (rng.random(3_000) < 1 / (1 + np.exp(-odds))).astype(np.int8)


def steps_along_income(name: str, contract: Contract) -> Matrix:
    """Changes of the margin as income rises and all else stays, for fifty applicants."""
    raw, labels = book()
    transform = FeatureTransform.fit(contract, raw)
    model: Model = family(name).fit(
        transform.matrix(raw),
        labels,
        features=FeatureSpec.of(contract),
        parameters=PARAMETERS[name],
        seed=1,
        num_threads=1,
    )
    incomes = np.geomspace(200, 60_000, 200)
    found = []
    for row in raw[:50]:
        changed = np.tile(row, (len(incomes), 1))
        changed[:, 0] = incomes
        found.append(np.diff(model.margins(transform.matrix(changed))))
    return np.array(found)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "random_forest", "logistic", "ebm"])
def test_more_income_never_raises_risk_where_all_its_features_agree(name: str) -> None:
    steps = steps_along_income(name, contract_with(*FEATURES))

    # The sum of a few floats in another order may differ in the last bit.
    assert steps.max() <= 1e-12
    assert (steps < 0).sum() > 50


def test_features_that_pull_against_each_other_promise_nothing() -> None:
    """The control: with the product, which income raises and which raises risk, both ways occur."""
    steps = steps_along_income("lightgbm", contract_with(*FEATURES, AGAINST))

    assert steps.min() < 0 < steps.max()
    assert steps.max() > 1e-3
