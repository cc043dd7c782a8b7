"""What a gate file may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from credit.contract import Contract
from credit.errors import SettingsInvalid
from credit.gates import load_gates
from credit.gates.measures import MEASURES

GOOD = """\
cutoff: 0.0909
gates:
  - {metric: auc, at_least: 0.75}
  - {metric: precision, at_least: 0.50}
  - {metric: recall, at_least: 0.60}
  - {metric: cost_per_client, at_most: 0.40, cost_false_negative: 10, cost_false_positive: 1}
  - {metric: ece, at_most: 0.01}
  - {metric: observed_expected, at_least: 0.97, at_most: 1.03}
"""


@pytest.fixture
def gate_file(tmp_path: Path) -> Path:
    return tmp_path / "gates.yaml"


def test_a_file_is_read_in_its_order(gate_file: Path, contract: Contract) -> None:
    gate_file.write_text(GOOD)

    found = load_gates(gate_file)

    assert found.cutoff_of(contract.policy) == 0.0909
    assert [gate.metric for gate in found.gates] == [
        "auc",
        "precision",
        "recall",
        "cost_per_client",
        "ece",
        "observed_expected",
    ]
    assert found.gates[0].required == "at least 0.75"
    assert found.gates[5].required == "at least 0.97, at most 1.03"


def test_policy_stands_for_the_cutoff_of_the_contract(gate_file: Path, contract: Contract) -> None:
    """Costs of 10 : 1, so 1/11 without rounding."""
    gate_file.write_text("cutoff: policy\ngates: [{metric: auc, at_least: 0.7}]")

    assert load_gates(gate_file).cutoff_of(contract.policy) == 1 / 11


def test_a_gate_without_costs_takes_those_of_the_policy(
    gate_file: Path, contract: Contract
) -> None:
    gate_file.write_text(
        "cutoff: policy\n"
        "gates:\n"
        "  - {metric: cost_per_client, at_most: 0.4}\n"
        "  - {metric: cost_per_client, at_most: 0.4, cost_false_negative: 5, cost_false_positive: 2}\n"
    )

    own, stated = (gate.costs(contract.policy) for gate in load_gates(gate_file).gates)

    assert (own.false_negative, own.false_positive) == (10, 1)
    assert (stated.false_negative, stated.false_positive) == (5, 2)


@pytest.mark.parametrize("metric", sorted(MEASURES))
def test_every_figure_can_be_asked_for(gate_file: Path, metric: str) -> None:
    gate_file.write_text(f"cutoff: 0.1\ngates: [{{metric: {metric}, at_least: 0.1, at_most: 0.2}}]")

    assert load_gates(gate_file).gates[0].metric == metric


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("metric: auc,", "metric: roc,", "gates.0.metric: Input should be 'auc', 'gini'"),
        ("at_least: 0.75", "at_lest: 0.75", "gates.0.at_lest: Extra inputs are not permitted"),
        ("cutoff: 0.0909\n", "", "cutoff: Field required"),
        ("cutoff: 0.0909", "cutoff: 1.2", "cutoff.constrained-float: Input should be less than 1"),
        ("cutoff: 0.0909", "cutoff: 0", "Input should be greater than 0"),
        ("cutoff: 0.0909", "cutoff: best", "Input should be 'policy'"),
        ("cutoff: 0.0909", "cutoff: 0.0909\nowner: risk", "owner: Extra inputs are not permitted"),
        (", at_least: 0.75", "", "auc: state `at_least`, `at_most` or both"),
        ("auc, at_least", "auc, at_most", "auc: higher is better, so state `at_least`"),
        ("ece, at_most", "ece, at_least", "ece: lower is better, so state `at_most`"),
        ("at_least: 0.75", "at_least: 75", "auc: at_least 75.0 lies outside its range, 0.0 to 1.0"),
        ("at_most: 0.01", "at_most: -1", "ece: at_most -1.0 lies outside its range"),
        ("at_least: 0.75", "at_least: .nan", "gates.0.at_least: Input should be a finite number"),
        ("at_most: 1.03", "at_most: 0.9", "no figure is at least 0.97 and at most 0.9"),
        (", cost_false_positive: 1", "", "state both costs, or neither to take the policy's"),
        ("cost_false_negative: 10", "cost_false_negative: 0", "Input should be greater than 0"),
        (
            "at_most: 0.01",
            "at_most: 0.01, cost_false_negative: 10, cost_false_positive: 1",
            "ece: costs belong to cost_per_client only",
        ),
        ("metric: recall", "metric: precision", "more than one gate for precision: put both"),
    ],
)
def test_what_a_file_may_not_say(gate_file: Path, old: str, new: str, message: str) -> None:
    assert GOOD.count(old) >= 1
    gate_file.write_text(GOOD.replace(old, new, 1))

    with pytest.raises(SettingsInvalid, match="gates.yaml is not a valid gate file: ") as refused:
        load_gates(gate_file)
    assert message in str(refused.value)


@pytest.mark.parametrize("text", ["cutoff: 0.1\ngates: []", "cutoff: 0.1", "", "- 1"])
def test_a_file_without_gates_is_refused(gate_file: Path, text: str) -> None:
    gate_file.write_text(text)

    with pytest.raises(SettingsInvalid, match="is not a valid gate file"):
        load_gates(gate_file)


def test_a_file_that_is_no_yaml_is_refused(gate_file: Path) -> None:
    gate_file.write_text("gates: [")

    with pytest.raises(SettingsInvalid, match="gates.yaml is not valid YAML: "):
        load_gates(gate_file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="no gate file .*none.yaml: give the path of a YAML"):
        load_gates(tmp_path / "none.yaml")
