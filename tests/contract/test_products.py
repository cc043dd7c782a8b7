"""Every packaged contract loads, says what it must, and fits the rows that it is made for."""

from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from credit.contract import Contract, RowValidator, check_frame, load_contract
from credit.contract.load import packaged_contracts
from credit.data.book import PRODUCTS, synthetic
from credit.errors import ApplicationInvalid
from credit.features import FeatureTransform

ALL = packaged_contracts()
PROTECTED = {"age", "sex", "marriage", "personal_status_sex", "foreign_worker", "group"}


@pytest.fixture(scope="module", params=ALL)
def product(request: pytest.FixtureRequest) -> Contract:
    return load_contract(str(request.param))


@pytest.fixture(scope="module", params=PRODUCTS)
def drawn(request: pytest.FixtureRequest) -> tuple[Contract, pd.DataFrame]:
    name = str(request.param)
    return load_contract(name), synthetic(name, 1_500, 3)


def test_the_promised_products_ship_under_their_own_names() -> None:
    assert set(ALL) >= {"german", "taiwan", "give_me_some_credit", *PRODUCTS}
    assert [load_contract(name).product for name in ALL] == list(ALL)


def test_every_column_is_described_and_has_an_example(product: Contract) -> None:
    for column in product.columns:
        assert column.description.endswith(".")
    for column in product.inputs:
        assert column.example is not None, column.name
        if column.is_number:
            assert column.minimum <= column.example <= column.maximum  # type: ignore[operator]
            assert column.unit is not None, column.name


def test_the_examples_make_an_application_that_is_accepted(product: Contract) -> None:
    row = {column.name: column.example for column in product.inputs}
    row = {n: int(v) if isinstance(v, float) and v.is_integer() else v for n, v in row.items()}
    consents = {"consents": list(product.consent_sources)} if product.consents else {}

    accepted = RowValidator(product).application({"application_id": "A-1", **row, **consents})

    assert not any(math.isnan(value) for value in accepted.values)


def test_protected_columns_are_known_and_no_feature_reads_one_but_a_capped_age(
    product: Contract,
) -> None:
    protected = {c.name for c in product.columns if c.role == "protected"}
    assert protected == PROTECTED & product.by_name.keys()
    assert "age" in protected
    readers = {f.name for f in product.features if f.reads & protected}
    assert readers == {f.name for f in product.features if "age" in f.reads and f.op == "cap"}
    assert len(readers) == len(product.policy_options)


def test_every_reason_is_given_by_a_feature(product: Contract) -> None:
    assert {f.reason for f in product.features} == {group.code for group in product.reasons}


def test_every_input_is_read_by_a_feature_or_a_rule_or_is_context(product: Contract) -> None:
    """What no feature reads is not asked for, save what a report or an offer needs."""
    read = {name for feature in product.features for name in feature.reads}
    read |= {rule.subject for rule in product.policy.rules}
    context = {"interest_rate", "amount", "delinquencies", "open_accounts"}
    assert {column.name for column in product.inputs} - read <= context


def test_synthetic_rows_satisfy_their_contract(drawn: tuple[Contract, pd.DataFrame]) -> None:
    contract, frame = drawn

    for target in (True, False):
        check = check_frame(frame, contract, target=target)
        assert check.failures == ()
        assert len(check.good) == len(frame)
    assert check.good[contract.target.name].nunique() == 2
    named = {column.name for column in contract.columns} | {"consents"}
    assert set(frame.columns) <= named


def test_synthetic_rows_are_accepted_one_by_one(drawn: tuple[Contract, pd.DataFrame]) -> None:
    contract, frame = drawn
    validator, names = RowValidator(contract), [c.name for c in contract.inputs]
    raw = check_frame(frame, contract, target=True).raw
    for i, row in enumerate(frame.head(40).to_dict("records")):
        cells: dict[str, Any] = {n: None if pd.isna(row[n]) else row[n] for n in names}
        if contract.consents:
            cells["consents"] = row["consents"].split(";") if row["consents"] else []
        accepted = validator.application({"application_id": row["application_id"], **cells})
        assert np.array_equal(accepted.values, raw[i], equal_nan=True)


def test_every_feature_says_something_about_synthetic_rows(
    drawn: tuple[Contract, pd.DataFrame],
) -> None:
    contract, frame = drawn
    raw = check_frame(frame, contract, target=True).raw
    matrix = FeatureTransform.fit(contract, raw).matrix(raw)

    for name, values in zip(contract.feature_names, matrix.T, strict=True):
        assert np.unique(values[~np.isnan(values)]).size > 1, name


def test_every_rule_meets_some_synthetic_rows_and_not_most(
    drawn: tuple[Contract, pd.DataFrame],
) -> None:
    contract, frame = drawn
    raw = check_frame(frame, contract, target=True).raw
    matrix = FeatureTransform.fit(contract, raw).matrix(raw)
    for rule in contract.policy.rules:
        if rule.subject in contract.feature_names:
            values = matrix[:, contract.feature_names.index(rule.subject)]
        else:
            values = raw[:, contract.input_positions[rule.subject]]
        if isinstance(rule.value, tuple):
            codes = contract.by_name[rule.subject].category_places
            met = np.isin(values, [codes[str(code)] for code in rule.value])
        else:
            met = values < rule.value if rule.test == "below" else values >= rule.value
        assert 0 < met.mean() < 0.2, rule.code


def test_withheld_sources_are_not_read() -> None:
    contract = load_contract("thin_file")
    row = {c.name: c.example for c in contract.inputs if c.source != "digital_footprint"}
    row = {n: int(v) if isinstance(v, float) and v.is_integer() else v for n, v in row.items()}
    given = ["employment_records", "payment_patterns"]

    accepted = RowValidator(contract).application({"application_id": "A", "consents": given, **row})

    assert accepted.withheld == ("digital_footprint",)
    assert {c.source for c in contract.columns if c.source} == {
        "application",
        *contract.consent_sources,
    }
    without = contract.without(contract.consent_sources)
    assert {contract.by_name[n].source for f in without.features for n in f.reads} == {
        "application"
    }


@pytest.mark.parametrize("amount", [499, 5_001])
def test_thin_files_are_lent_500_to_5000_and_nothing_else(amount: int) -> None:
    contract = load_contract("thin_file")
    row = {c.name: c.example for c in contract.inputs} | {"amount": amount, "application_id": "A"}

    with pytest.raises(ApplicationInvalid, match="amount: expected at (least 500|most 5,000)"):
        RowValidator(contract).application(row | {"consents": list(contract.consent_sources)})


# Published layouts, on made-up lines: the header and the kind of cells are those of the files.

GERMAN = """\
status duration credit_history purpose amount savings employment_duration installment_rate \
personal_status_sex other_debtors present_residence property age other_installment_plans housing \
number_credits job people_liable telephone foreign_worker credit_risk
1 24 2 3 2000 1 3 4 2 1 4 2 30 3 2 1 3 2 1 2 1
4 12 0 10 1500 5 5 1 3 3 1 4 61 1 3 4 4 1 2 1 0
"""


def test_the_south_german_file_is_read_as_published() -> None:
    contract = load_contract("german")
    file = pd.read_csv(io.StringIO(GERMAN), sep=" ")

    check = check_frame(file, contract, target=True)

    assert check.failures == ()
    assert check.good["defaulted"].tolist() == [0, 1]  # the file holds 1 for good
    assert check.good["purpose"].tolist() == ["3", "10"]
    features = FeatureTransform.fit(contract, check.raw).matrix(check.raw)[1]
    named = dict(zip(contract.feature_names, features, strict=True))
    assert (named["amount_a_month"], named["delay_before"], named["other_plans"]) == (
        125.0,
        1.0,
        1.0,
    )


def test_codes_of_the_older_german_file_are_refused() -> None:
    file = pd.read_csv(io.StringIO(GERMAN), sep=" ").assign(status="A11")

    check = check_frame(file, load_contract("german"), target=True)

    assert str(check.failures[0]).startswith(
        "status: expected one of the codes 1, 2, 3, 4, as text"
    )


TAIWAN = """\
ID,LIMIT_BAL,SEX,EDUCATION,MARRIAGE,AGE,PAY_0,PAY_2,PAY_3,PAY_4,PAY_5,PAY_6,BILL_AMT1,BILL_AMT2,\
BILL_AMT3,BILL_AMT4,BILL_AMT5,BILL_AMT6,PAY_AMT1,PAY_AMT2,PAY_AMT3,PAY_AMT4,PAY_AMT5,PAY_AMT6,\
default.payment.next.month
1,100000,2,2,1,35,2,1,0,-1,-2,0,50000,40000,30000,0,-20,1000,10000,9000,0,0,0,500,1
2,200000.0,1,6,0,50,-2,-2,-2,-2,-2,-2,0,0,0,0,0,0,0,0,0,0,0,0,0
"""


def test_the_taiwanese_file_is_read_as_published() -> None:
    contract = load_contract("taiwan")

    check = check_frame(pd.read_csv(io.StringIO(TAIWAN)), contract, target=True)

    assert check.failures == ()
    assert check.good["education"].tolist() == ["2", "6"]
    caps = {f.name: math.inf for f in contract.features if f.cap_quantile is not None}
    rows = FeatureTransform(contract, caps).matrix(check.raw)
    first, second = (dict(zip(contract.feature_names, row, strict=True)) for row in rows)
    # By hand: late in two of six months, by two months at most; 10,000 paid of a bill of 40,000.
    assert (first["times_late"], first["most_months_late"], first["status_total"]) == (
        2.0,
        2.0,
        0.0,
    )
    assert (first["share_paid_september"], first["utilization_september"]) == (0.25, 0.5)
    assert (first["total_paid"], first["bill_growth"]) == (19_500.0, 49_000.0)
    assert math.isnan(first["share_paid_june"])  # the bank owed the card holder in May
    assert second["education_unknown"] == 1.0
    assert math.isnan(second["share_paid_september"])


def test_undocumented_codes_of_the_taiwanese_file_are_named_as_such() -> None:
    meanings = load_contract("taiwan").by_name["education"].categories

    assert {code for code, text in meanings.items() if "not documented" in text} == {"0", "5", "6"}
