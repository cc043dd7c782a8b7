"""Every operation of the language: values by hand, and one row against a table, to the bit."""

from __future__ import annotations

import datetime
import math
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.contract import Contract
from credit.contract.feature import N_COLUMNS, OWN_KEYS, Operation
from credit.features import FeatureSpec, FeatureTransform
from tests import twosources

NAN = math.nan

COLUMNS = ("a", "b", "c", "kind", "first", "second")
"""Three numbers (98 and 99 are codes of the first two), a category and two dates."""

OPERATIONS: tuple[Operation, ...] = get_args(Operation)

MORE: dict[Operation, dict[str, Any]] = {
    "cap": {"at": 5},
    "count": {"at": 1},
    "scaled": {"subtract": 0.1, "divide": 3},
    "one_of": {"values": ["q", "s"]},
    "calendar": {"part": "month"},
    "ratio": {"plus": 1},
}

TAKES: dict[Operation, list[str]] = {
    "missing": ["kind"],
    "category": ["kind"],
    "one_of": ["kind"],
    "calendar": ["first"],
    "days": ["first", "second"],
}


def contract_of(features: list[dict[str, Any]]) -> Contract:
    numbers = [
        {
            "name": name,
            "role": "feature",
            "description": "x",
            "minimum": -1e308,
            "maximum": 1e308,
            "nullable": True,
            "sentinels": {} if name == "c" else {98: "refused", 99: "unknown"},
        }
        for name in "abc"
    ]
    kind = {
        "name": "kind",
        "role": "feature",
        "type": "category",
        "description": "x",
        "nullable": True,
        "categories": {"s": "x", "p": "x", "q": "x", "r": "x"},
    }
    dates = [
        {"name": n, "role": "feature", "type": "date", "description": "x", "nullable": True}
        for n in ("first", "second")
    ]
    document = twosources.document() | {"features": [{**f, "reason": "ANY"} for f in features]}
    document["columns"] = [*document["columns"][:4], *numbers, kind, *dates]
    document["consents"], document["policy"]["rules"] = [], []
    return Contract.model_validate(document)


def one(feature: dict[str, Any], *values: float) -> float:
    """Value of one feature for one row, by a table and alone."""
    transform = FeatureTransform(contract_of([{"name": "x", **feature}]), {})
    [alone] = transform.row(values)
    [[in_table]] = transform.matrix(np.array([values])).tolist()
    assert same(alone, in_table)
    return alone


def same(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or np.float64(a).tobytes() == np.float64(b).tobytes()


def day(text: str) -> float:
    return float(datetime.date.fromisoformat(text).toordinal())


FIRST, SECOND = day("2024-03-01"), day("2024-02-27")


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        ({"op": "value", "columns": ["a"]}, 7.0),
        ({"op": "difference", "columns": ["a", "c"]}, 4.0),
        ({"op": "difference", "columns": ["c", "a"]}, -4.0),
        ({"op": "maximum", "columns": ["a", "c"]}, 7.0),
        ({"op": "minimum", "columns": ["c", "a"]}, 3.0),
        ({"op": "maximum", "columns": ["c"]}, 3.0),
        ({"op": "count", "columns": ["a", "c"], "at": 2}, 2.0),
        ({"op": "count", "columns": ["a", "c"], "at": 3}, 1.0),
        ({"op": "count", "columns": ["a", "c"], "at": 7}, 0.0),
        ({"op": "scaled", "columns": ["a"], "subtract": 1, "divide": 4}, 1.5),
        ({"op": "scaled", "columns": ["a"], "divide": -2}, -3.5),
        ({"op": "cap", "columns": ["a"], "at": 5}, 5.0),
        ({"op": "cap", "columns": ["a"], "divide": 2, "at": 5}, 3.5),
        ({"op": "cap", "columns": ["a"], "divide": 2, "at": 3}, 3.0),
        ({"op": "cap", "columns": ["b"], "divide": 2, "at": 5}, NAN),
        ({"op": "missing", "columns": ["a"]}, 0.0),
        ({"op": "missing", "columns": ["b"]}, 0.0),
        ({"op": "coded", "columns": ["a", "c"]}, 0.0),
        ({"op": "coded", "columns": ["a", "b"]}, 1.0),
        ({"op": "value", "columns": ["b"], "keep_codes": True}, 98.0),
        ({"op": "value", "columns": ["b"]}, NAN),
        ({"op": "maximum", "columns": ["a", "b"]}, NAN),
        ({"op": "minimum", "columns": ["b", "a"]}, NAN),
        ({"op": "count", "columns": ["a", "b"], "at": 0}, NAN),
        ({"op": "difference", "columns": ["a", "b"]}, NAN),
        ({"op": "scaled", "columns": ["b"], "divide": 2}, NAN),
        ({"op": "category", "columns": ["kind"]}, 2.0),
        ({"op": "one_of", "columns": ["kind"], "values": ["q", "s"]}, 1.0),
        ({"op": "one_of", "columns": ["kind"], "values": ["p"]}, 0.0),
        # 2024 is a leap year: 27, 28 and 29 February are three days. 1 March 2024 was a Friday.
        ({"op": "days", "columns": ["first", "second"]}, 3.0),
        ({"op": "days", "columns": ["second", "first"]}, -3.0),
        ({"op": "calendar", "columns": ["first"], "part": "year"}, 2024.0),
        ({"op": "calendar", "columns": ["first"], "part": "month"}, 3.0),
        ({"op": "calendar", "columns": ["first"], "part": "day"}, 1.0),
        ({"op": "calendar", "columns": ["first"], "part": "weekday"}, 4.0),
        ({"op": "value", "columns": ["a"], "only": {"column": "c", "above": 2}}, 7.0),
        ({"op": "value", "columns": ["a"], "only": {"column": "c", "above": 3}}, NAN),
        ({"op": "days", "columns": ["first", "second"], "only": {"column": "b", "above": 0}}, NAN),
    ],
)
def test_an_operation_by_hand(feature: dict[str, Any], expected: float) -> None:
    """The row: a 7, b 98 (a code), c 3, kind q, 1 March and 27 February 2024."""
    assert same(one(feature, 7.0, 98.0, 3.0, 2.0, FIRST, SECOND), expected)


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("missing", 1.0),
        ("coded", 0.0),
        *((op, NAN) for op in OPERATIONS if op not in ("missing", "coded")),
    ],
)
def test_what_is_null_stays_missing_and_only_two_operations_say_so(
    op: Operation, expected: float
) -> None:
    feature = {"op": op, "columns": columns_of(op), **MORE.get(op, {})}

    assert same(one(feature, *[NAN] * len(COLUMNS)), expected)


def test_a_code_is_not_null() -> None:
    """It was asked and answered, so `missing` says 0 where the value itself is missing."""
    row = (99.0, NAN, NAN, NAN, NAN, NAN)

    assert one({"op": "missing", "columns": ["a"]}, *row) == 0.0
    assert math.isnan(one({"op": "value", "columns": ["a"]}, *row))


def columns_of(op: Operation) -> list[str]:
    return TAKES.get(op, ["a", "b", "c"][: N_COLUMNS.get(op, 3)])


# One row and a table give the same bits, for every operation and whatever stands in the cells.

NUMBER = st.one_of(
    st.sampled_from([0.0, -0.0, 1.0, 98.0, 99.0, 0.1, NAN, 5e-324, 1e308, -1e308]),
    st.floats(-1e308, 1e308),
    st.floats(-1e3, 1e3),
)
KIND = st.sampled_from([0.0, 1.0, 2.0, 3.0, NAN])
DATE = st.one_of(
    st.just(NAN),
    st.dates(datetime.date(1900, 1, 1), datetime.date(2199, 12, 31)).map(
        lambda date: float(date.toordinal())
    ),
)
ROW = st.tuples(NUMBER, NUMBER, NUMBER, KIND, DATE, DATE)


@pytest.fixture(scope="module")
def everything() -> FeatureTransform:
    """Every operation: plain, behind a gate, bounded by a fitted quantile, and both."""
    plain: list[dict[str, Any]] = [
        {"name": op, "op": op, "columns": columns_of(op), **MORE.get(op, {})} for op in OPERATIONS
    ]
    plain += [
        {"name": f"calendar_{part}", "op": "calendar", "columns": ["second"], "part": part}
        for part in ("year", "day", "weekday")
    ]
    plain += [
        {"name": "codes", "op": "value", "columns": ["a"], "keep_codes": True},
        *(
            {"name": f"missing_{name}", "op": "missing", "columns": [name]}
            for name in ("a", "first")
        ),
    ]
    gate = {"column": "b", "above": 1.0}
    gated = [{**f, "name": f"{f['name']}_only", "only": gate} for f in plain]
    bounded = [
        {**f, "name": f"{f['name']}_quantile", "cap_quantile": 0.9}
        for f in plain + gated
        if f["op"] != "category"
    ]
    made = contract_of(plain + gated + bounded)
    caps = {f.name: 1.5 for f in made.features if f.cap_quantile is not None}
    return FeatureTransform(made, caps)


@given(rows=st.lists(ROW, min_size=1, max_size=8))
def test_a_table_gives_the_bits_of_its_rows(
    everything: FeatureTransform, rows: list[tuple[float, ...]]
) -> None:
    matrix = everything.matrix(np.array(rows))

    for row, in_table in zip(rows, matrix.tolist(), strict=True):
        alone = everything.row(row)
        wrong = [
            n for n, a, b in zip(everything.names, alone, in_table, strict=True) if not same(a, b)
        ]
        assert wrong == []


@given(row=ROW)
def test_one_feature_is_that_of_the_vector(
    everything: FeatureTransform, row: tuple[float, ...]
) -> None:
    vector = dict(zip(everything.names, everything.row(row), strict=True))

    for name in ("days", "calendar_weekday", "one_of_quantile", "count_only"):
        assert same(everything.feature(name, row), vector[name])


def test_every_operation_has_a_test_here(everything: FeatureTransform) -> None:
    assert set(everything.names) >= set(OPERATIONS)
    assert set(MORE) >= set(OWN_KEYS)


# What a model is told about each place.


def test_the_spec_names_categories_codes_and_directions() -> None:
    contract = contract_of(
        [
            {"name": "kind", "op": "category", "columns": ["kind"]},
            {
                "name": "a",
                "op": "value",
                "columns": ["a"],
                "keep_codes": True,
                "risk": "increasing",
            },
            {"name": "b", "op": "value", "columns": ["b"], "risk": "decreasing"},
        ]
    )

    spec = FeatureSpec.of(contract)

    assert spec.names == ("kind", "a", "b")
    assert spec.directions == (0, 1, -1)
    assert spec.categories == (("s", "p", "q", "r"), (), ())
    assert spec.codes == ({}, {98.0: "refused", 99.0: "unknown"}, {})
    assert len(spec) == 3


# What a contract may not say.


@pytest.mark.parametrize(
    ("feature", "message"),
    [
        ({"op": "value", "columns": ["kind"]}, "value takes number or integer, kind is category"),
        ({"op": "sum", "columns": ["a", "first"]}, "sum takes number or integer, first is date"),
        ({"op": "category", "columns": ["a"]}, "category takes category, a is number"),
        (
            {"op": "one_of", "columns": ["first"], "values": ["p"]},
            "one_of takes category, first is date",
        ),
        ({"op": "calendar", "columns": ["a"], "part": "day"}, "calendar takes date, a is number"),
        ({"op": "days", "columns": ["first", "a"]}, "days takes date, a is number"),
        ({"op": "days", "columns": ["first"]}, "days takes 2 column(s), not 1"),
        ({"op": "category", "columns": ["kind", "kind"]}, "category takes 1 column(s), not 2"),
        ({"op": "one_of", "columns": ["kind"], "values": ["p", "z"]}, "kind has no category z"),
        ({"op": "one_of", "columns": ["kind"]}, "`values` goes with op one_of, and only with it"),
        ({"op": "value", "columns": ["a"], "values": ["p"]}, "`values` goes with op one_of"),
        ({"op": "count", "columns": ["a"]}, "`at` goes with op cap or count, and only with it"),
        ({"op": "maximum", "columns": ["a"], "at": 1}, "`at` goes with op cap or count"),
        (
            {"op": "scaled", "columns": ["a"]},
            "`divide` goes with op scaled or cap, and only with it",
        ),
        ({"op": "scaled", "columns": ["a"], "divide": 0}, "`divide` may not be 0"),
        ({"op": "calendar", "columns": ["first"]}, "`part` goes with op calendar"),
        ({"op": "calendar", "columns": ["first"], "part": "week"}, "Input should be 'year'"),
        ({"op": "coded", "columns": ["a"], "keep_codes": True}, "`keep_codes` goes with op value"),
        (
            {"op": "category", "columns": ["kind"], "risk": "increasing"},
            "a category has no direction and no cap",
        ),
        (
            {"op": "category", "columns": ["kind"], "cap_quantile": 0.9},
            "a category has no direction and no cap",
        ),
        (
            {"op": "value", "columns": ["a"], "only": {"column": "kind", "above": 0}},
            "`only` needs a number, kind is not",
        ),
        ({"op": "value", "columns": ["wage"]}, "wage is not an input column"),
        ({"op": "median", "columns": ["a"]}, "Input should be 'value'"),
    ],
)
def test_a_feature_that_its_columns_cannot_give_is_refused(
    feature: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match="two_sources|features|feature x") as caught:
        contract_of([{"name": "x", **feature}])

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ({"column": "housing", "test": "in", "value": ["owned"]}, "compare a category column with"),
        ({"column": "housing", "test": "in", "value": [0, 1]}, "compare a category column with"),
        ({"column": "housing", "test": "below", "value": 1}, "compare a category column with"),
        ({"column": "amount", "test": "in", "value": ["100"]}, "a number with numbers"),
        ({"column": "asked_on", "test": "below", "value": 5}, "of a date, compare a feature"),
        ({"feature": "housing", "test": "in", "value": ["own"]}, "compare a category column"),
        ({"feature": "housing", "test": "in", "value": [1]}, "compare a category column"),
        ({"feature": "wage", "test": "below", "value": 1}, "wage is not a feature"),
        ({"column": "wage", "test": "below", "value": 1}, "wage is not an input column"),
        ({"column": "group", "test": "in", "value": ["A"]}, "group is not an input column"),
        ({"test": "below", "value": 1}, "name either a column or a feature"),
        (
            {"column": "amount", "feature": "amount", "test": "below", "value": 1},
            "name either a column or a feature",
        ),
    ],
)
def test_a_rule_that_cannot_be_compared_is_refused(rule: dict[str, Any], message: str) -> None:
    document = twosources.document()
    document["policy"]["rules"] = [
        {"code": "NEW_RULE", "decision": "review", "text": "A rule of the tests.", **rule}
    ]

    with pytest.raises(ValueError, match="NEW_RULE|rules") as caught:
        Contract.model_validate(document)

    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("column", "changes", "message"),
    [
        ("housing", {"categories": {}}, "`categories` go with type category, and only with it"),
        ("amount", {"categories": {"a": "x"}}, "`categories` go with type category"),
        ("housing", {"sentinels": {9: "x"}}, "column housing: sentinels are codes among numbers"),
        ("asked_on", {"sentinels": {9: "x"}}, "column asked_on: sentinels are codes among numbers"),
        ("amount", {"bad": "1"}, "column amount: `bad` goes with the target"),
        ("amount", {"minimum": None}, "column amount: an input column needs a numeric type"),
        ("remark", {"role": "feature"}, "column remark: an input column needs a numeric type"),
        ("housing", {"categories": {"": "x"}}, "at least 1 character"),
        ("housing", {"categories": {"x" * 65: "x"}}, "at most 64 characters"),
        ("seen_on", {"role": "target"}, "expected one target column, found 2"),
    ],
)
def test_a_column_that_contradicts_itself_is_refused(
    column: str, changes: dict[str, Any], message: str
) -> None:
    document = twosources.document()
    [found] = [c for c in document["columns"] if c["name"] == column]
    found |= changes

    with pytest.raises(ValueError, match=".") as caught:
        Contract.model_validate(document)

    assert message in str(caught.value)
