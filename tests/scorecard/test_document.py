"""The scorecard as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import DataError
from credit.scorecard import CardFeature, NumericBins, Scorecard

from .applicants import Applicants

numbers = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def card_features(draw: st.DrawFn, name: str) -> CardFeature:
    edges = tuple(sorted(draw(st.lists(numbers, max_size=4, unique=True))))
    per_bin = st.tuples(*[numbers] * (len(edges) + 2))
    return CardFeature(name, NumericBins(edges), draw(per_bin), draw(per_bin), draw(numbers))


cards = st.builds(
    Scorecard,
    st.just(("a", "ü", "c")),
    st.tuples(card_features("ü"), card_features("a")),
    numbers,
)


def bits(card: Scorecard) -> list[str]:
    parts = [card.intercept]
    for feature in card.features:
        parts += [feature.coefficient, *feature.bins.edges, *feature.woe, *feature.shares]
    return [number.hex() for number in parts]


@given(cards)
def test_round_trip_keeps_every_bit(card: Scorecard) -> None:
    read = Scorecard.from_json(card.to_json())

    assert read == card
    assert bits(read) == bits(card)
    assert read.to_json() == card.to_json()


def test_a_fitted_card_scores_the_same_after_reading(
    card: Scorecard, applicants: Applicants
) -> None:
    read = Scorecard.from_json(card.to_json())

    assert read.margins(applicants.vectors).tolist() == card.margins(applicants.vectors).tolist()


def broken(card: Scorecard, change: Callable[[dict[str, Any]], object]) -> str:
    document = json.loads(card.to_json())
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(version=2), "this code reads version 1, came version 2"),
        (lambda d: d.update(format="other"), "Invalid enum value 'other'"),
        (lambda d: d.pop("version"), "missing required field `version`"),
        (lambda d: d.pop("intercept"), "missing required field `intercept`"),
        (lambda d: d.update(extra=1), "unknown field `extra`"),
        (lambda d: d.update(intercept="low"), r"Expected `float`, got `str`"),
        (lambda d: d["features"][0]["woe"].append(0.0), "WOE and shares, came"),
        (lambda d: d["features"][0]["edges"].reverse(), "expected strictly increasing numbers"),
        (lambda d: d["feature_names"].clear(), "features of the vector, each at most once"),
    ],
)
def test_documents_that_are_no_scorecard(
    card: Scorecard, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        Scorecard.from_json(broken(card, change))


@pytest.mark.parametrize("text", ["", "{", "[]", "NaN"])
def test_text_that_is_no_document(text: str) -> None:
    with pytest.raises(DataError, match="scorecard document: "):
        Scorecard.from_json(text)


def test_numbers_that_are_none(card: Scorecard) -> None:
    with pytest.raises(DataError, match="scorecard document: "):
        Scorecard.from_json(broken(card, lambda d: d.update(intercept=float("inf"))))
