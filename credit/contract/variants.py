"""Variants of a contract, to measure what its protected columns are worth. None of them may serve."""

from __future__ import annotations

from collections.abc import Sequence

from credit.contract.column import Column
from credit.contract.feature import Feature
from credit.contract.model import Contract, ReasonGroup

BENCHMARK_REASON = "BENCHMARK_ONLY"


def all_columns(contract: Contract, extra: Sequence[Feature] = ()) -> Contract:
    """Let every protected column in, as it is: for comparison with published figures alone.

    No feature has a direction: published models have none. ``extra`` features may read them, too;
    their reason is :data:`BENCHMARK_REASON`. Its product has another name, so that no registry and no
    service takes it for the real one.
    """
    protected = [c for c in contract.columns if c.role == "protected" and c.type != "text"]
    kept = contract_without_options(contract)
    added = (*(_as_it_is(column) for column in protected), *extra)
    names = {feature.name for feature in added}
    group = ReasonGroup(
        code=BENCHMARK_REASON, text="A protected column; no applicant is told this."
    )
    return Contract.model_validate(
        {
            **kept.model_dump(),
            "product": f"{contract.product}_all"[:64],
            "columns": [
                {**c.model_dump(), "role": "feature" if c in protected else c.role}
                for c in contract.columns
            ],
            "features": [
                *({**f.model_dump(), "risk": "any"} for f in kept.features if f.name not in names),
                *(f.model_dump() for f in added),
            ],
            "reasons": [*(r.model_dump() for r in contract.reasons), group.model_dump()],
        }
    )


def contract_without_options(contract: Contract) -> Contract:
    """Leave out every feature that a policy option allows."""
    optional = {option.column for option in contract.policy_options}
    features = [f for f in contract.features if not optional & f.reads]
    document = contract.model_dump() | {
        "policy_options": [],
        "features": [f.model_dump() for f in features],
    }
    return Contract.model_validate(document)


def _as_it_is(column: Column) -> Feature:
    return Feature(
        name=f"{column.name}_as_it_is"[:64],
        op="category" if column.type == "category" else "value",
        columns=(column.name,),
        reason=BENCHMARK_REASON,
    )
