"""Two cards: a booster without dates, and a scorecard with dates, groups and fallbacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from credit.contract import Contract, FrameCheck
from credit.decision import Bundle
from credit.gates import GateFile
from credit.metrics import LoanTerms
from credit.report import CardRows, ModelCard, measure_card
from tests import twosources
from tests.conftest import CARD
from tests.loanbook import loan_book
from tune.plan import split_holdout
from tune.rows import Rows, prepare
from tune.spec import Candidate
from tune.winner import make_winner

FEW: dict[str, Any] = {"n_resamples": 100, "n_explained": 60}
"""Enough for a card of a test."""

TERMS = LoanTerms(interest_income=0.1, loss_given_default=0.6)


@dataclass(frozen=True)
class Case:
    """A bundle, the rows around it, and its card."""

    bundle: Bundle
    rows: Rows
    training: CardRows
    measured: CardRows
    check: FrameCheck
    card: ModelCard


def card_rows(rows: Rows) -> CardRows:
    return CardRows(rows.raw, rows.labels, rows.times, rows.segments)


def outcome(bundle: Bundle) -> dict[str, Any]:
    """A workbook's outcome: this bundle is second of two, after three trials."""
    trials = [
        {
            "trial": f"t{i}",
            "steps": 10 + i,
            "best": {
                "auc": 0.8 - i / 100,
                "auc_spread": 0.01,
                "log_loss": 0.3,
                "parameters": {"learning_rate": 0.1 * (i + 1), "booster": "gbdt", "flag": True},
            },
        }
        for i in range(3)
    ]
    return {
        "sweep": "made up",
        "leaderboard": [
            {"candidate": "other", "bundle": "0" * 64, "trials": trials[:1], "outer": None},
            {
                "candidate": "lightgbm",
                "bundle": bundle.hash,
                "trials": trials,
                "outer": {"auc": {"estimate": 0.79, "low": 0.77, "high": 0.81, "n": 1}},
            },
        ],
    }


@pytest.fixture(scope="session")
def gates() -> GateFile:
    return GateFile.model_validate(
        {
            "cutoff": "policy",
            "gates": [{"metric": "auc", "at_least": 0.6}, {"metric": "brier", "at_most": 0.01}],
        }
    )


@pytest.fixture(scope="session")
def booster(rows: Rows, lightgbm_bundle: Bundle, contract: Contract, gates: GateFile) -> Case:
    training, held_out = split_holdout(rows)
    check = prepare(loan_book(4_000, seed=7), contract)[1]
    known, measured = card_rows(training), card_rows(held_out)
    card = measure_card(
        lightgbm_bundle,
        measured,
        check,
        training=known,
        outcome=outcome(lightgbm_bundle),
        gates=gates,
        terms=TERMS,
        **FEW,
    )
    return Case(lightgbm_bundle, held_out, known, measured, check, card)


@pytest.fixture(scope="session")
def scorecard() -> Case:
    contract = twosources.contract()
    rows, check = prepare(twosources.book(2_400, seed=3), contract)
    training, held_out = split_holdout(rows)
    bundle = make_winner(
        training,
        held_out,
        contract,
        Candidate(family="scorecard"),
        parameters=CARD,
        seed=3,
        num_threads=1,
    )[0]
    known, measured = card_rows(training), card_rows(held_out)
    card = measure_card(bundle, measured, check, training=known, **FEW)
    return Case(bundle, held_out, known, measured, check, card)
