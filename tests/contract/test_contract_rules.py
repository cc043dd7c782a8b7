"""A contract that breaks a rule is refused, and the message names the part and the rule."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
import yaml

from credit.contract import Contract, load_contract, packaged_contracts
from credit.errors import ContractError

Document = dict[str, Any]


@pytest.fixture
def document() -> Document:
    """The packaged contract as written, to be broken in one place."""
    file = resources.files("credit.contract") / "products" / "give_me_some_credit.yaml"
    loaded: Document = yaml.safe_load(file.read_text(encoding="utf-8"))
    return loaded


@pytest.fixture
def refusal(tmp_path: Path) -> Callable[[Document], str]:
    """Message with which a document is refused."""

    def load(document: Document) -> str:
        path = tmp_path / "contract.yaml"
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        with pytest.raises(ContractError) as caught:
            load_contract(path)
        return str(caught.value)

    return load


def column(document: Document, name: str) -> Document:
    return next(c for c in document["columns"] if c["name"] == name)


def feature(document: Document, name: str) -> Document:
    return next(f for f in document["features"] if f["name"] == name)


def test_the_packaged_contract_loads_by_its_name_and_by_its_path(
    tmp_path: Path, document: Document
) -> None:
    path = tmp_path / "same.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")

    by_name, by_path = load_contract("give_me_some_credit"), load_contract(str(path))

    assert "give_me_some_credit" in packaged_contracts()
    assert by_name == by_path
    assert by_name.digest() == by_path.digest()
    assert by_name.registry_name == "credit-give-me-some-credit"
    assert by_name.target.name == "defaulted"
    assert by_name.policy.cutoff == 1 / 11


def test_age_is_an_input_only_because_an_option_lets_it_in(document: Document) -> None:
    contract = Contract.model_validate(document)
    assert "age" in [c.name for c in contract.inputs]
    assert contract.directions[contract.feature_names.index("age_capped")] == -1

    document["policy_options"] = []
    document["features"].remove(feature(document, "age_capped"))

    assert "age" not in [c.name for c in Contract.model_validate(document).inputs]


def test_a_changed_meaning_changes_the_digest(document: Document) -> None:
    before = Contract.model_validate(document).digest()

    document["policy"]["cost_false_negative"] = 11

    assert Contract.model_validate(document).digest() != before


def test_the_canonical_form_reads_back_as_the_same_contract(contract: Contract) -> None:
    again = Contract.model_validate_json(contract.canonical_json())

    assert again == contract
    assert again.canonical_json() == contract.canonical_json()


def _duplicate(part: str) -> Callable[[Document], None]:
    return lambda d: d[part].append(dict(d[part][-1]))


def _set(part: Callable[[Document], Document], **changes: Any) -> Callable[[Document], None]:
    return lambda d: part(d).update(changes)


def _column(name: str, **changes: Any) -> Callable[[Document], None]:
    return _set(lambda d: column(d, name), **changes)


def _feature(name: str, **changes: Any) -> Callable[[Document], None]:
    return _set(lambda d: feature(d, name), **changes)


def _rule(**changes: Any) -> Callable[[Document], None]:
    return _set(lambda d: d["policy"]["rules"][0], **changes)


def _without_column(name: str) -> Callable[[Document], None]:
    return lambda d: d["columns"].remove(column(d, name))


def _bands(*below: Any) -> Callable[[Document], None]:
    bands = [{"below": b, "risk_level": "LOW", "rating": "Good"} for b in below]
    return lambda d: d["policy"].update(bands=bands)


AGE_ONLY_AS = "age may be used only as op cap, at most 62, with risk decreasing"
IN_YEARS = "age must come out in years from 0 up to more than 62; divide it by what one year adds"


@pytest.mark.parametrize(
    ("breaks", "message"),
    [
        (_duplicate("columns"), "column dependents appears twice"),
        (_duplicate("features"), "feature utilization_is_amount appears twice"),
        (_duplicate("reasons"), "code AGE appears twice"),
        (_rule(code="AGE"), "code AGE appears twice"),
        (_without_column("defaulted"), "there is no target column"),
        (_without_column("application_id"), "there is no id column"),
        (_column("dependents", role="target"), "expected one target column, found 2"),
        (_column("dependents", role="weight", minimum=None), "dependents is not an input column"),
        (_column("dependents", role="protected"), "feature dependents: dependents is not an input"),
        (_column("dependents", maximum=None), "column dependents: an input column needs a numeric"),
        (_column("dependents", minimum=None), "column dependents: an input column needs a numeric"),
        (_column("dependents", type="text"), "column dependents: an input column needs a numeric"),
        (_column("dependents", minimum=31), "column dependents: minimum 31.0 lies above maximum"),
        (_column("dependents", maximum=float("inf")), "finite number"),
        (_column("dependents", unlit="count"), "columns.12.unlit: Extra inputs are not permitted"),
        (_feature("income", columns=["wage"]), "feature income: wage is not an input column"),
        (_feature("income", only={"column": "wage", "above": 0}), "income: wage is not an input"),
        (_feature("income", reason="MONEY"), "feature income: no reason group MONEY"),
        (_feature("income", columns=["age", "dependents"]), "income: value takes 1 column(s)"),
        (
            _feature("income", at=5),
            "feature income: `at` goes with op cap or count, and only with it",
        ),
        (_feature("age_capped", at=None), "feature age_capped: `at` goes with op cap"),
        (_feature("age_capped", at=63), f"feature age_capped: {AGE_ONLY_AS}"),
        (_feature("age_capped", divide=-1), f"feature age_capped: {IN_YEARS}"),
        (_feature("age_capped", divide=10), f"feature age_capped: {IN_YEARS}"),
        (_column("age", minimum=-43830, maximum=-6574), f"feature age_capped: {IN_YEARS}"),
        (
            _feature("income", divide=12),
            "feature income: `divide` goes with op scaled or cap, and only with it",
        ),
        (_feature("age_capped", risk="any"), f"feature age_capped: {AGE_ONLY_AS}"),
        (_feature("age_capped", risk="increasing"), f"feature age_capped: {AGE_ONLY_AS}"),
        (_feature("age_capped", op="value", at=None), f"feature age_capped: {AGE_ONLY_AS}"),
        (
            _feature("income_per_person", columns=["monthly_income", "age"]),
            f"feature income_per_person: {AGE_ONLY_AS}",
        ),
        (
            _feature("income", only={"column": "age", "above": 40}),
            f"feature income: {AGE_ONLY_AS}",
        ),
        (_rule(column="wage"), "rule PAYMENT_HISTORY_CODED: wage is not an input column"),
        (_rule(column="age"), "rule PAYMENT_HISTORY_CODED: age is protected and may not decide"),
        (_rule(test="below"), "rule PAYMENT_HISTORY_CODED: `in` takes a list of values"),
        (_rule(value=96), "rule PAYMENT_HISTORY_CODED: `in` takes a list of values"),
        (_rule(decision="approve"), "policy.rules.0.decision: Input should be 'review'"),
        (_set(lambda d: d["policy_options"][0], cap=63), "policy option age: cap 63 > 62"),
        (
            _set(lambda d: d["policy_options"][0], column="income"),
            "policy option: income is not a protected column",
        ),
        (_bands(0.5), "policy bands: `below` must rise strictly and end at 1"),
        (_bands(0.5, 0.2, 1), "policy bands: `below` must rise strictly and end at 1"),
        (_bands("cutoff", 1 / 11, 1), "policy bands: `below` must rise strictly and end at 1"),
        (_bands(), "policy bands: `below` must rise strictly and end at 1"),
        (_set(lambda d: d["policy"], cost_false_positive=0), "greater than 0"),
        (_set(lambda d: d["policy"], review_band=1), "less than 1"),
        (lambda d: d.update(feature=[]), "feature: Extra inputs are not permitted"),
        (lambda d: d.update(features=[]), "features: Tuple should have at least 1 item"),
        (lambda d: d.update(product="Give Me"), "product: String should match pattern"),
        (lambda d: d.pop("policy"), "policy: Field required"),
    ],
)
def test_a_broken_contract_is_refused_by_name_of_part_and_rule(
    document: Document,
    refusal: Callable[[Document], str],
    breaks: Callable[[Document], None],
    message: str,
) -> None:
    breaks(document)

    assert message in refusal(document)


def test_every_broken_rule_is_named_at_once(
    document: Document, refusal: Callable[[Document], str]
) -> None:
    feature(document, "income")["reason"] = "MONEY"
    feature(document, "age_capped")["at"] = 70
    _without_column("defaulted")(document)

    said = refusal(document)

    assert "is not a valid contract" in said
    for part in ("no reason group MONEY", "there is no target column", AGE_ONLY_AS):
        assert part in said


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("product: [", "is not valid YAML"),
        ("- a\n- b\n", "is not a valid contract: contract: Input should be a valid dictionary"),
        ("", "is not a valid contract"),
    ],
)
def test_a_file_that_is_no_contract_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "other.yaml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(ContractError, match=message):
        load_contract(path)


def test_a_name_that_nobody_knows_is_answered_with_those_that_exist() -> None:
    with pytest.raises(ContractError, match="no contract 'auto_loans'.*give_me_some_credit"):
        load_contract("auto_loans")
