"""Rejects as a file holds them, and those of them that a score could have approved."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd

from credit.contract import Contract, FrameCheck, check_frame
from credit.contract.cells import CONSENTS
from credit.decision.policy import applicable_rules
from credit.errors import DataError
from credit.features import FeatureTransform
from credit.models.base import Matrix


def check_rejects(frame: pd.DataFrame, contract: Contract) -> FrameCheck:
    """Hold rejects against the contract: no outcome, and references and consents only where there are some.

    Raises
    ------
    ContractError
        When columns are unknown or missing.
    DataError
        When a reject has an outcome, or no row is good.
    """
    target = {contract.target.name, *contract.target.source_names}
    outcomes = [name for name in frame.columns if name in target]
    n_known = int(frame[outcomes].notna().any(axis=1).sum())
    if n_known:
        raise DataError(
            f"rejects: expected no outcome, {n_known:,} of {len(frame):,} rows have one; whoever was "
            "financed belongs to the accepts"
        )
    check = check_frame(_completed(frame.drop(columns=outcomes), contract), contract)
    if check.good.empty:
        first = "; ".join(str(failure) for failure in check.failures[:3])
        raise DataError(f"no reject satisfies contract {contract.product}: {first}")
    return check


def _completed(frame: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Number rows that have no reference; without a list of consents, all is taken for consented to.

    A table to learn from is read in the same way.
    """
    identity = next(c for c in contract.columns if c.role == "id")
    added: dict[str, Any] = {}
    if not {identity.name, *identity.source_names} & set(frame.columns):
        added[identity.name] = np.arange(1, len(frame) + 1).astype(str)
    if contract.consents and CONSENTS not in frame:
        added[CONSENTS] = ";".join(contract.consent_sources)
    return frame.assign(**added)


def open_to_score(
    rejects: Matrix, contract: Contract, transform: FeatureTransform
) -> tuple[Matrix, dict[str, int]]:
    """Keep the rejects that a score could approve; count how often each rule declines one of the others.

    Raises
    ------
    DataError
        When rules decline every one.
    """
    declined: Counter[str] = Counter()
    kept = np.ones(len(rejects), dtype=np.bool_)
    for i, values in enumerate(rejects.tolist()):
        met = applicable_rules(contract, transform, values)
        codes = [rule.code for rule in met if rule.decision == "decline"]
        declined.update(codes)
        kept[i] = not codes
    if not kept.any():
        raise DataError(
            f"rejects: policy rules decline all {len(rejects):,} whatever they score, so there is nothing "
            "to infer; check the rules, or bring rejects whom a score has declined"
        )
    return rejects[kept], dict(declined.most_common())
