"""A model held against its gates: figures by hand, answers on the estimate, doubts by the interval."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import (
    accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
    roc_curve,
)

from credit.contract import Contract
from credit.contract.policy import Policy
from credit.errors import DataError, SettingsInvalid
from credit.gates import GateFile, GateResult, evaluate_gates, gate_table, gates_passed
from credit.metrics.sample import FloatArray, IntArray

# By hand at the cut-off 0.5: declined are rows 5 to 9, of which 3 are bad; 1 bad is approved.
LABELS = np.array([0, 0, 0, 1, 0, 0, 1, 0, 1, 1])
PROB = np.array([0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9])


@pytest.fixture
def policy(contract: Contract) -> Policy:
    return contract.policy


def gates(*asked: dict[str, Any], cutoff: float | str = 0.5) -> GateFile:
    return GateFile.model_validate({"cutoff": cutoff, "gates": list(asked)})


def one(gate: dict[str, Any], policy: Policy, cutoff: float | str = 0.5) -> GateResult:
    return evaluate_gates(gates(gate, cutoff=cutoff), LABELS, PROB, policy)[0]


def drawn(n: int, seed: int) -> tuple[IntArray, FloatArray]:
    """Draw outcomes from their own PDs."""
    rng = np.random.default_rng(seed)
    prob = rng.beta(0.6, 4, n)
    return (rng.random(n) < prob).astype(np.intp), prob


@pytest.mark.parametrize(
    ("metric", "by_hand"),
    [
        ("precision", 3 / 5),
        ("recall", 3 / 4),
        ("f1", 2 * 3 / (2 * 3 + 2 + 1)),
        ("accuracy", 7 / 10),
        ("approval_rate", 5 / 10),
        # Bads stand above 3, 5, 6 and 6 of 6 goods: rows 3, 6, 8 and 9.
        ("auc", (3 + 5 + 6 + 6) / 24),
        ("gini", 2 * 20 / 24 - 1),
        ("observed_expected", 4 / 4.55),
        ("ks", max(3 / 4 - 2 / 6, 3 / 4 - 1 / 6, 2 / 4 - 0 / 6)),
    ],
)
def test_figures_by_hand(metric: str, by_hand: float, policy: Policy) -> None:
    found = one({"metric": metric, "at_least": 0.0, "at_most": 1.0}, policy)

    assert found.measured.estimate == pytest.approx(by_hand, abs=1e-12)


def test_cost_by_hand(policy: Policy) -> None:
    """One bad approved, two goods declined, ten clients."""
    asked = {"metric": "cost_per_client", "at_most": 1}
    stated = asked | {"cost_false_negative": 5, "cost_false_positive": 2}

    assert one(asked, policy).measured.estimate == pytest.approx((10 + 2 * 1) / 10)
    assert one(stated, policy).measured.estimate == pytest.approx((5 + 2 * 2) / 10)


def test_figures_of_scikit_learn(policy: Policy) -> None:
    labels, prob = drawn(3_000, seed=1)
    declined = prob >= 1 / 11
    false_alarms, hits, _ = roc_curve(labels, prob)
    golden = {
        "auc": roc_auc_score(labels, prob),
        "ks": np.max(hits - false_alarms),
        "brier": brier_score_loss(labels, prob),
        "log_loss": log_loss(labels, prob),
        "precision": precision_score(labels, declined),
        "recall": recall_score(labels, declined),
        "f1": f1_score(labels, declined),
        "accuracy": accuracy_score(labels, declined),
    }
    asked = [{"metric": metric, "at_least": 0.0, "at_most": 1.0} for metric in golden]

    found = evaluate_gates(gates(*asked, cutoff="policy"), labels, prob, policy)

    assert {r.metric: r.measured.estimate for r in found} == pytest.approx(golden, abs=1e-12)


def test_a_figure_on_its_bound_passes(policy: Policy) -> None:
    assert one({"metric": "recall", "at_least": 0.75}, policy).passed
    assert not one({"metric": "recall", "at_least": math.nextafter(0.75, 1)}, policy).passed


def test_the_estimate_answers_and_the_interval_doubts(policy: Policy) -> None:
    """3,000 rows tell 0.5 from the true AUC by a wide margin, a bound close to it they do not."""
    labels, prob = drawn(3_000, seed=2)
    auc = roc_auc_score(labels, prob)
    bounds = [0.5, auc - 0.001, auc + 0.001, 0.999]

    found = [
        evaluate_gates(gates({"metric": "auc", "at_least": bound}), labels, prob, policy)[0]
        for bound in bounds
    ]

    assert [r.passed for r in found] == [True, True, False, False]
    assert [r.surely for r in found] == [True, False, False, False]
    assert [r.confidence for r in found] == [
        "the whole interval passes",
        "passes on the estimate, not on the whole interval",
        "fails on the estimate, not on the whole interval",
        "the whole interval fails",
    ]


def test_both_bounds_count(policy: Policy) -> None:
    labels, prob = drawn(3_000, seed=3)
    ratio = labels.sum() / prob.sum()

    def result(low: float, high: float) -> GateResult:
        asked = {"metric": "observed_expected", "at_least": low, "at_most": high}
        return evaluate_gates(gates(asked), labels, prob, policy)[0]

    assert result(ratio - 0.3, ratio + 0.3).surely
    assert result(ratio - 0.001, ratio + 0.3).passed
    assert not result(ratio - 0.001, ratio + 0.3).surely
    assert not result(ratio - 0.3, ratio + 0.001).surely
    assert not result(ratio + 0.01, ratio + 0.3).passed
    assert result(ratio - 0.5, ratio - 0.4).confidence == "the whole interval fails"


def test_a_figure_that_is_not_defined_does_not_pass(policy: Policy) -> None:
    """Nobody is declined, so no share of the declined is bad."""
    found = one({"metric": "precision", "at_least": 0.0}, policy, cutoff=0.95)

    assert math.isnan(found.measured.estimate)
    assert not found.passed
    assert not found.surely
    assert found.confidence == "not defined on this sample"


def test_one_failed_gate_stops_the_model(policy: Policy) -> None:
    good = {"metric": "recall", "at_least": 0.7}
    missed = {"metric": "precision", "at_least": 0.7}

    assert gates_passed(evaluate_gates(gates(good), LABELS, PROB, policy))
    assert not gates_passed(evaluate_gates(gates(good, missed), LABELS, PROB, policy))


def test_no_gates_let_nobody_through() -> None:
    assert not gates_passed(())
    assert "no gates: NOT passed" in gate_table(())


def test_the_table_is_honest(policy: Policy) -> None:
    asked = gates(
        {"metric": "auc", "at_least": 0.75},
        {"metric": "precision", "at_least": 0.7},
        {"metric": "cost_per_client", "at_most": 2},
    )

    lines = gate_table(evaluate_gates(asked, LABELS, PROB, policy)).splitlines()

    assert lines[0].split() == ["gate", "required", "measured", "passed", "confidence"]
    assert lines[1].startswith("auc  ")
    assert "at least 0.75  0.8333 [" in lines[1]
    assert lines[1].endswith("yes     passes on the estimate, not on the whole interval")
    assert lines[2].startswith("precision (declined from PD 0.5 on)")
    assert "0.6000 [0.2307, 0.8824]  NO " in lines[2]
    assert lines[3].startswith("cost_per_client (declined from PD 0.5 on, costs 10 : 1)")
    assert lines[5:] == [
        "2 of 3 gates passed, 0 of them with the whole interval: NOT passed",
        "on 10 rows with 4 bads; each interval covers 95% by itself",
        "fewer than 50 bads: do not lean on these figures",
    ]


def test_a_large_sample_needs_no_warning(policy: Policy) -> None:
    labels, prob = drawn(3_000, seed=4)

    table = gate_table(
        evaluate_gates(gates({"metric": "auc", "at_least": 0.6}), labels, prob, policy)
    )

    assert table.endswith("each interval covers 95% by itself")
    assert "1 of 1 gates passed, 1 of them with the whole interval: passed" in table


def test_the_same_seed_gives_the_same_answer(policy: Policy) -> None:
    labels, prob = drawn(1_000, seed=5)
    asked = gates({"metric": "ks", "at_least": 0.3}, {"metric": "ece", "at_most": 0.1})

    first, again, other = (
        evaluate_gates(asked, labels, prob, policy, seed=seed) for seed in (1, 1, 2)
    )

    assert first == again
    assert first != other


def test_a_sample_of_one_class_is_refused(policy: Policy) -> None:
    with pytest.raises(DataError, match="expected both goods and bads, came 0 bads and 10 goods"):
        evaluate_gates(gates({"metric": "auc", "at_least": 0.5}), np.zeros(10), PROB, policy)


@pytest.mark.parametrize("metric", ["auc", "ks", "ece", "recall", "cost_per_client"])
def test_a_level_that_is_no_share_is_refused(metric: str, policy: Policy) -> None:
    asked = gates({"metric": metric, "at_least": 0.1, "at_most": 0.5})

    with pytest.raises(SettingsInvalid, match=r"level: expected within \(0, 1\), came 95"):
        evaluate_gates(asked, LABELS, PROB, policy, level=95)
