"""What docs/modelling.md lists is what the code knows, no more and no less, and its examples work."""

from __future__ import annotations

import doctest
import re
from pathlib import Path
from typing import get_args

import pytest
import yaml

from credit.contract import load_contract
from credit.contract.column import Column, Role
from credit.contract.feature import Operation
from credit.data.book import PRODUCTS
from credit.data.parsing import KINDS
from credit.decision.families import FAMILIES
from credit.gates import GateFile
from credit.gates.measures import MEASURES
from credit.models.calibration.choose import BADS_FOR_BETA
from credit.reject_inference import Method
from credit.reject_inference.compare import FACTORS
from credit.report import SECTIONS
from tune.spec import Candidate, FoldsSpec, SweepSpec, presets

PAGE = (Path(__file__).parents[2] / "docs" / "modelling.md").read_text(encoding="utf-8")
YAML = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def _table(head: str) -> list[list[str]]:
    """Cells of the table whose first column is called so, without its head."""
    lines = PAGE.split("\n")
    start = next(i for i, line in enumerate(lines) if line.startswith(f"| {head} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def _codes(text: str) -> list[str]:
    return re.findall(r"`([^`]+)`", text)


def _first_column(head: str) -> set[str]:
    return {code for row in _table(head) for code in _codes(row[0])}


def _after(words: str) -> str:
    """The paragraph that begins with these words, on one line."""
    return " ".join(PAGE[PAGE.index(words) :].split("\n\n")[0].split())


def test_the_sweep_is_valid_and_means_what_the_page_says() -> None:
    spec = SweepSpec.model_validate(yaml.safe_load(YAML[0]))

    assert [candidate.label for candidate in spec.candidates] == ["scorecard", "wide"]
    assert spec.n_trials == 60
    assert load_contract(str(spec.contract)).product == "consumer_instalment"


def test_the_gate_file_is_valid() -> None:
    gates = GateFile.model_validate(yaml.safe_load(YAML[1]))

    assert [gate.metric for gate in gates.gates] == ["auc", "observed_expected", "cost_per_client"]
    assert len(YAML) == 2


@pytest.mark.parametrize(
    ("head", "model"),
    [("key", SweepSpec), ("key of a candidate", Candidate), ("key of the folds", FoldsSpec)],
)
def test_every_key_of_a_sweep_is_explained(
    head: str, model: type[SweepSpec | Candidate | FoldsSpec]
) -> None:
    assert _first_column(head) == set(model.model_fields)


def test_presets_are_those_that_ship() -> None:
    assert set(_codes(_after("Presets:").partition(". ")[0])) == set(presets())


def test_operations_are_those_of_the_contract() -> None:
    assert _first_column("`op`") == set(get_args(Operation))


def test_types_and_roles_of_columns_are_those_of_the_contract() -> None:
    roles = set(_codes(_after("Roles:").partition(". ")[0])) - {"bad: VALUE"}

    assert _first_column("type") == set(get_args(Column.model_fields["type"].annotation))
    assert roles == set(get_args(Role))


def test_families_keep_directions_and_need_extras_as_the_page_says() -> None:
    stated = {
        _codes(name)[0]: (directions == "yes", [c for c in _codes(needs) if "extra" in needs])
        for name, directions, _, needs in _table("family")
    }

    assert stated == {
        family.name: (family.monotone, [family.extra.name] if family.extra else [])
        for family in FAMILIES.values()
    }


def test_references_to_data_are_those_that_are_read() -> None:
    known = _first_column("reference")

    assert known.issuperset(PRODUCTS)
    assert set(KINDS) <= {re.sub(r"^loans", "", code) for code in known}


def test_metrics_of_gates_are_those_that_are_measured() -> None:
    sentence = _after("Exit code 0 when all are passed").partition("Metrics: ")[2]

    assert _codes(sentence) == list(MEASURES)


def test_methods_and_factors_of_reject_inference_are_those_of_the_package() -> None:
    told = re.search(r"for factors (.+?), with the rejects", PAGE)

    assert _first_column("method") == set(get_args(Method))
    assert told is not None
    assert [float(f) for f in re.findall(r"[\d.]+", told[1])] == list(FACTORS)


def test_sections_of_the_card_are_those_that_are_drawn() -> None:
    listed = _after("One HTML page").partition("Sections: ")[2].rstrip(".")

    assert listed.split("; ") == [title for _, title in SECTIONS]


def test_the_calibrator_changes_where_the_page_says() -> None:
    assert _table("bads")[0][0] == f"below {BADS_FOR_BETA}"


def test_examples_in_python_print_what_is_shown() -> None:
    blocks = re.findall(r"^```pycon\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    runner = doctest.DocTestRunner(verbose=False)

    for block in blocks:
        runner.run(doctest.DocTestParser().get_doctest(block, {}, "modelling.md", None, 0))

    assert len(blocks) == 1
    assert (runner.failures, runner.tries) == (0, 3)


def test_links_lead_somewhere() -> None:
    folder = Path(__file__).parents[2] / "docs"
    targets = re.findall(r"\]\(([^)#]+?)\)", PAGE)

    assert targets
    assert [target for target in targets if not (folder / target).exists()] == []
