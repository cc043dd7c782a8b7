"""Each operation against values calculated by hand, and one row against a table, to the bit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.contract import Contract, RowValidator
from credit.errors import DataError
from credit.features import FeatureTransform
from tests.loanbook import application
from tune.rows import Rows

NAN = math.nan

LOOSE_CAPS = {
    "utilization": 10.0,
    "debt_to_income": 5.0,
    "monthly_debt": 20_000.0,
    "income": 30_000.0,
    "income_per_person": 15_000.0,
    "lines_in_use": 40.0,
    "income_per_line": 9_000.0,
    "debt_per_line": 2_000.0,
}


@pytest.fixture(scope="module")
def transform(contract: Contract) -> FeatureTransform:
    return FeatureTransform(contract, LOOSE_CAPS)


def features(transform: FeatureTransform, contract: Contract, **changes: Any) -> dict[str, float]:
    values = RowValidator(contract).application(application(**changes)).values
    return dict(zip(transform.names, transform.row(values), strict=True))


def test_an_ordinary_application(transform: FeatureTransform, contract: Contract) -> None:
    """Calculated by hand: 0.35 x 4,200 = 1,470 a month; 4,200 for three people is 1,400 each."""
    found = features(transform, contract, past_due_30_59=2, past_due_60_89=1, past_due_90=4)

    assert found == {
        "utilization": 0.31,
        "age_capped": 41.0,
        "past_due_30_59": 2.0,
        "past_due_60_89": 1.0,
        "past_due_90": 4.0,
        "past_due_total": 7.0,
        "past_due_coded": 0.0,
        "debt_to_income": 0.35,
        "monthly_debt": 1470.0,
        "income": 4200.0,
        "income_per_person": 1400.0,
        "open_credit_lines": 7.0,
        "real_estate_loans": 1.0,
        "dependents": 2.0,
        "lines_in_use": 0.31 * 7,
        "real_estate_share": 0.125,
        "income_per_line": 525.0,
        "debt_per_line": 0.35 / 8,
        "utilization_is_amount": 0.0,
    }


@pytest.mark.parametrize("income", [None, 0, 1])
def test_without_an_income_debt_is_an_amount(
    transform: FeatureTransform, contract: Contract, income: float | None
) -> None:
    """The file divides by one then: 1,159 is money a month, and no ratio to anything."""
    found = features(transform, contract, monthly_income=income, debt_ratio=1159)

    assert found["monthly_debt"] == 1159.0
    assert math.isnan(found["debt_to_income"])
    assert math.isnan(found["income"])
    assert math.isnan(found["income_per_person"])


def test_with_an_income_debt_is_a_ratio_of_it(
    transform: FeatureTransform, contract: Contract
) -> None:
    found = features(transform, contract, monthly_income=2, debt_ratio=0.5)

    assert (found["monthly_debt"], found["debt_to_income"], found["income"]) == (1.0, 0.5, 2.0)


@pytest.mark.parametrize(("age", "expected"), [(61, 61.0), (62, 62.0), (63, 62.0), (99, 62.0)])
def test_age_counts_only_up_to_62(
    transform: FeatureTransform, contract: Contract, age: int, expected: float
) -> None:
    assert features(transform, contract, age=age)["age_capped"] == expected


@pytest.mark.parametrize("code", [96, 98])
def test_a_code_is_missing_and_said_to_be_a_code(
    transform: FeatureTransform, contract: Contract, code: int
) -> None:
    found = features(transform, contract, past_due_90=code, past_due_30_59=2)

    assert math.isnan(found["past_due_90"])
    assert math.isnan(found["past_due_total"])
    assert found["past_due_coded"] == 1.0
    assert found["past_due_30_59"] == 2.0


def test_missing_dependents_leave_income_per_person_missing(
    transform: FeatureTransform, contract: Contract
) -> None:
    found = features(transform, contract, dependents=None)

    assert math.isnan(found["dependents"])
    assert math.isnan(found["income_per_person"])
    assert found["income"] == 4200.0


def test_caps_bound_the_fitted_features(transform: FeatureTransform, contract: Contract) -> None:
    found = features(
        transform, contract, revolving_utilization=50_000, monthly_income=9e6, debt_ratio=1e6
    )

    assert {name: found[name] for name in LOOSE_CAPS} == LOOSE_CAPS


def test_the_cap_is_a_value_that_occurs_at_its_quantile(contract: Contract) -> None:
    """1,000 utilisations 1, 2, ..., 1000: the 0.997 quantile, rounded up to a row, is the 998th."""
    row = RowValidator(contract).application(application()).values
    raw = np.tile(np.array(row), (1_000, 1))
    raw[:, 0] = np.random.default_rng(0).permutation(np.arange(1.0, 1_001.0))

    fitted = FeatureTransform.fit(contract, raw)

    assert fitted.caps["utilization"] == 998.0
    assert fitted.caps["income"] == 4200.0
    assert fitted.matrix(raw)[:, 0].max() == 998.0


def test_a_feature_missing_everywhere_cannot_be_capped(contract: Contract) -> None:
    row = RowValidator(contract).application(application(monthly_income=None)).values

    with pytest.raises(DataError, match="feature debt_to_income is missing in every training row"):
        FeatureTransform.fit(contract, np.tile(np.array(row), (5, 1)))


@pytest.mark.parametrize("caps", [{}, {**LOOSE_CAPS, "age_capped": 62.0}])
def test_caps_of_another_contract_are_refused(contract: Contract, caps: dict[str, float]) -> None:
    with pytest.raises(DataError, match=r"fitted caps are for \[.*\], the contract wants \["):
        FeatureTransform(contract, caps)


def test_the_features_do_not_change_their_input(transform: FeatureTransform, rows: Rows) -> None:
    before = rows.raw.tobytes()

    matrix = transform.matrix(rows.raw)

    assert rows.raw.tobytes() == before
    assert matrix.flags.c_contiguous


# One row and a table give the same bits, for every operation and whatever stands in the cells.

EDGES = [
    0.0,
    -0.0,
    1.0,
    math.nextafter(1.0, 2.0),
    -1.0,
    62.0,
    96.0,
    98.0,
    NAN,
    5e-324,
    1e308,
    -1e308,
]


@pytest.fixture(scope="module")
def every_operation(contract: Contract) -> FeatureTransform:
    """A contract without bounds to speak of: zero denominators, overflow and gates everywhere."""
    document = contract.model_dump()
    document["columns"] = [
        {"name": "id", "role": "id", "type": "text", "description": "x"},
        {"name": "bad", "role": "target", "description": "x"},
        *(
            {
                "name": name,
                "role": "feature",
                "description": "x",
                "minimum": -1e308,
                "maximum": 1e308,
                "nullable": True,
                "sentinels": {96: "x", 98: "x"} if name != "c" else {},
            }
            for name in "abc"
        ),
    ]
    gate = {"column": "b", "above": 1.0}
    plain: list[dict[str, Any]] = [
        {"name": "value", "op": "value", "columns": ["a"]},
        {"name": "cap", "op": "cap", "columns": ["a"], "at": 62},
        {"name": "ratio", "op": "ratio", "columns": ["a", "b"]},
        {"name": "ratio_plus", "op": "ratio", "columns": ["a", "b"], "plus": 1},
        {"name": "product", "op": "product", "columns": ["a", "c"]},
        {"name": "sum", "op": "sum", "columns": ["a", "b", "c"]},
        {"name": "coded", "op": "coded", "columns": ["a", "b", "c"]},
    ]
    gated = [{**f, "name": f"{f['name']}_only", "only": gate} for f in plain]
    capped = [{**f, "name": f"{f['name']}_quantile", "cap_quantile": 0.9} for f in plain + gated]
    document["features"] = [{**f, "reason": "AGE"} for f in plain + gated + capped]
    document["policy_options"], document["policy"]["rules"] = [], []
    made = Contract.model_validate(document)
    caps = {f.name: 1.5 for f in made.features if f.cap_quantile is not None}
    return FeatureTransform(made, caps)


def bits(numbers: Sequence[float]) -> list[bytes | str]:
    """Bytes of each number; a missing one is missing however it is spelled."""
    return ["missing" if math.isnan(x) else np.float64(x).tobytes() for x in numbers]


CELL = st.one_of(st.sampled_from(EDGES), st.floats(-1e308, 1e308), st.floats(-1e4, 1e4))


@given(rows=st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=8))
def test_a_table_gives_the_bits_of_its_rows_for_every_operation(
    every_operation: FeatureTransform, rows: list[tuple[float, float, float]]
) -> None:
    matrix = every_operation.matrix(np.array(rows))

    for row, in_table in zip(rows, matrix.tolist(), strict=True):
        assert bits(in_table) == bits(every_operation.row(row))


def test_a_loan_book_gives_the_bits_of_its_rows(contract: Contract, rows: Rows) -> None:
    transform = FeatureTransform.fit(contract, rows.raw)

    matrix = transform.matrix(rows.raw)

    alone = [transform.row(values) for values in rows.raw.tolist()]
    np.testing.assert_array_equal(matrix, alone, strict=True)
