"""Consent: what an applicant withholds is neither asked for nor read, and is never a reason."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from credit.contract import Contract, RowValidator, check_frame
from credit.errors import ApplicationInvalid, ContractError
from tests import twosources
from tests.twosources import SOURCES, application, book

EMPLOYMENT = ("employed_since", "payroll")


@pytest.fixture(scope="module")
def product() -> Contract:
    return twosources.contract()


def values_of(product: Contract, row: dict[str, Any]) -> dict[str, float]:
    values = RowValidator(product).application(row).values
    return dict(zip((c.name for c in product.inputs), values, strict=True))


@pytest.mark.parametrize(
    ("given", "withheld"),
    [
        (["employment", "digital"], ()),
        (["digital", "employment", "digital"], ()),
        (["employment"], ("digital",)),
        (["digital"], ("employment",)),
        ([], ("employment", "digital")),
    ],
)
def test_what_is_not_listed_is_withheld(
    product: Contract, given: list[str], withheld: tuple[str, ...]
) -> None:
    made = RowValidator(product).application(application(consents=given))

    assert made.withheld == withheld


@pytest.mark.parametrize("sent", [..., None, "employment", {"employment": True}, [1], [None]])
def test_the_list_of_consents_is_required(product: Contract, sent: object) -> None:
    with pytest.raises(ApplicationInvalid) as caught:
        RowValidator(product).application(application(consents=sent))

    [failure] = caught.value.failures
    assert (failure.field, failure.rule) == ("consents", "missing")
    assert failure.message == (
        "required; send the list of sources consented to, of: employment, digital"
    )


def test_consent_to_an_unknown_source_is_refused(product: Contract) -> None:
    with pytest.raises(ApplicationInvalid) as caught:
        RowValidator(product).application(application(consents=["employment", "diary"]))

    [failure] = caught.value.failures
    assert (failure.field, failure.rule) == ("consents", "category")
    assert failure.message == "expected sources out of: employment, digital"


@pytest.mark.parametrize("sent", [..., None, "2024-02-29", "rubbish", 17])
def test_a_withheld_value_may_be_absent_and_is_dropped_unread(
    product: Contract, sent: object
) -> None:
    row = application(consents=["digital"], employed_since=sent, payroll=-5)

    found = values_of(product, row)

    assert all(math.isnan(found[name]) for name in EMPLOYMENT)
    assert found["amount"] == 1_200.0
    assert found["phone"] == 1.0


def test_a_product_without_consents_knows_no_such_field(contract_without: Contract) -> None:
    with pytest.raises(ApplicationInvalid, match="consents: unknown field; remove it"):
        RowValidator(contract_without).application(application())

    made = RowValidator(contract_without).application(application(consents=...))
    assert made.withheld == ()


@pytest.fixture(scope="module")
def contract_without() -> Contract:
    return Contract.model_validate(twosources.document() | {"consents": []})


# A table.


def consenting(*cells: object) -> pd.DataFrame:
    frame = book(len(cells), seed=5).drop(columns=["outcome"])
    return frame.assign(consents=pd.Series(cells, dtype=object))


def test_a_table_lists_consents_between_semicolons(product: Contract) -> None:
    frame = consenting("employment;digital", "digital;employment", "digital", "", None)

    check = check_frame(frame, product)

    assert check.failures == ()
    payroll = check.raw[:, product.input_positions["payroll"]]
    phone = check.raw[:, product.input_positions["phone"]]
    assert np.isnan(payroll).tolist() == [False, False, True, True, True]
    assert np.isnan(phone).tolist() == [False, False, False, True, True]
    assert check.good["payroll"].isna().tolist() == [False, False, True, True, True]
    assert check.good["phone"].isna().tolist() == [False, False, False, True, True]


def test_the_table_of_the_caller_is_left_alone(product: Contract) -> None:
    frame = consenting("digital", "")
    frame["payroll"] = frame["payroll"].astype(np.float64)
    before = frame.copy(deep=True)

    check_frame(frame, product)

    pd.testing.assert_frame_equal(frame, before)


def test_withheld_cells_break_no_rule(product: Contract) -> None:
    frame = consenting("employment;digital", "digital")
    frame["payroll"] = [99, 99]

    check = check_frame(frame, product)

    assert [str(f) for f in check.failures] == [
        "payroll: expected at most 12 (1 rows, first at row 1)"
    ]


@pytest.mark.parametrize("cell", ["diary", "employment; digital", "employment,digital", 1, ["x"]])
def test_a_list_that_names_other_sources_is_refused(product: Contract, cell: object) -> None:
    check = check_frame(consenting("employment;digital", cell), product)

    assert [str(f) for f in check.failures] == [
        "consents: expected sources out of: employment, digital (1 rows, first at row 2)"
    ]


def test_a_table_to_score_needs_the_column_and_one_to_learn_from_does_not(
    product: Contract,
) -> None:
    with pytest.raises(ContractError, match="missing columns consents"):
        check_frame(book(3, seed=5), product)

    assert check_frame(book(3, seed=5), product, target=True).failures == ()


def test_columns_that_every_row_withholds_may_be_absent(product: Contract) -> None:
    frame = consenting("digital", "digital", "")
    bare = frame.drop(columns=list(EMPLOYMENT))

    pd.testing.assert_frame_equal(
        check_frame(bare, product).good, check_frame(frame, product).good, check_dtype=False
    )
    assert np.array_equal(
        check_frame(bare, product).raw, check_frame(frame, product).raw, equal_nan=True
    )

    with pytest.raises(ContractError, match="missing columns employed_since, payroll"):
        check_frame(bare.assign(consents=["digital", "digital", "employment"]), product)
    with pytest.raises(ContractError, match="missing columns employed_since, payroll"):
        check_frame(bare.head(0), product)


# The contract that reads none of a source.


@pytest.mark.parametrize(
    ("sources", "features", "rules"),
    [
        (["digital"], {"prepaid"}, {"PREPAID"}),
        (["employment"], {"days_in_job", "payroll"}, {"NO_SALARY"}),
        (
            ["employment", "digital"],
            {"days_in_job", "payroll", "prepaid"},
            {"NO_SALARY", "PREPAID"},
        ),
        ([], set(), set()),
    ],
)
def test_without_a_source_its_features_and_rules_are_gone(
    product: Contract, sources: list[str], features: set[str], rules: set[str]
) -> None:
    # Whatever was computed from the whole contract before must not linger.
    assert "payroll" in product.feature_names
    assert "NO_SALARY" in product.reason_texts

    less = product.without(sources)

    assert set(product.feature_names) - set(less.feature_names) == features
    assert less.feature_names == tuple(f.name for f in less.features)
    assert len(less.directions) == len(less.feature_names)
    assert {r.code for r in product.policy.rules} - {r.code for r in less.policy.rules} == rules
    assert not rules & less.reason_texts.keys()
    assert less.inputs == product.inputs
    assert Contract.model_validate_json(less.canonical_json()) == less


def test_only_sources_that_need_consent_can_be_left_out(product: Contract) -> None:
    with pytest.raises(ContractError, match="two_sources: diary needs no consent"):
        product.without(["diary", "digital"])


def test_a_contract_of_nothing_but_withheld_features_is_refused(product: Contract) -> None:
    document = twosources.document()
    document["features"] = [f for f in document["features"] if f["name"] in ("payroll", "prepaid")]
    lean = Contract.model_validate(document)

    assert lean.without(["digital"]).feature_names == ("payroll",)
    with pytest.raises(ContractError, match="without digital, employment no feature is left"):
        lean.without(SOURCES)


@pytest.mark.parametrize(
    ("consents", "message"),
    [
        (["diary"], "consent diary: no column comes from this source"),
        (["employment"] * 5, "at most 4 items"),
        (["Digital"], "should match pattern"),
    ],
)
def test_consents_of_a_contract_that_make_no_sense_are_refused(
    consents: list[str], message: str
) -> None:
    text = "The lender may read it."
    document = twosources.document() | {
        "consents": [{"source": name, "text": text} for name in consents]
    }

    with pytest.raises(ValueError, match=message):
        Contract.model_validate(document)


def test_a_source_that_is_listed_twice_is_refused() -> None:
    document = twosources.document()
    document["consents"].append(document["consents"][0])

    with pytest.raises(ValueError, match="consent employment appears twice"):
        Contract.model_validate(document)
