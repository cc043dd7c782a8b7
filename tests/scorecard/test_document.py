"""The scorecard as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import DataError
from credit.scorecard import (
    CardFeature,
    CategoryBins,
    FeatureStrength,
    NumericBins,
    Scorecard,
    ScoreScale,
    WholePoints,
)
from credit.scorecard.points import LARGEST

from .applicants import Applicants

numbers = st.floats(allow_nan=False, allow_infinity=False)


names = st.text(max_size=4)


@st.composite
def bins(draw: st.DrawFn) -> NumericBins | CategoryBins:
    if draw(st.booleans()):
        codes = draw(st.lists(names, min_size=1, max_size=5, unique=True))
        cut = draw(st.integers(0, len(codes)))
        groups = tuple(group for group in (tuple(codes[:cut]), tuple(codes[cut:-1])) if group)
        return CategoryBins(tuple(codes), groups, tuple(codes[: min(cut, len(codes) - 1)]))
    edges = draw(st.lists(numbers, max_size=4, unique=True))
    values = draw(st.lists(numbers, max_size=3, unique=True))
    meanings = tuple((f"meaning {place}", (value,)) for place, value in enumerate(values))
    return NumericBins(tuple(sorted(edges)), meanings)


@st.composite
def card_features(draw: st.DrawFn, name: str) -> CardFeature:
    drawn = draw(bins())
    per_bin = st.tuples(*[numbers] * drawn.count)
    return CardFeature(name, drawn, draw(per_bin), draw(per_bin), draw(numbers))


strengths = st.builds(
    FeatureStrength,
    names,
    numbers,
    st.none() | numbers,
    st.sampled_from(["kept", "constant", "weak", "collinear", "sign"]),
    names,
    numbers,
)


@st.composite
def drawn_cards(draw: st.DrawFn) -> Scorecard:
    features = (draw(card_features("ü")), draw(card_features("a")))
    per_bin = st.tuples(*[st.tuples(*[points] * f.bins.count) for f in features])
    whole = st.builds(WholePoints, st.builds(ScoreScale, pdo=st.floats(1, 50)), points, per_bin)
    return Scorecard(
        ("a", "ü", "c"),
        features,
        draw(numbers),
        draw(st.none() | whole),
        tuple(draw(st.lists(strengths, max_size=2))),
    )


points = st.integers(-LARGEST, LARGEST)
cards = drawn_cards()


def bits(card: Scorecard) -> list[str]:
    parts = [card.intercept, *(s.iv for s in card.strengths)]
    for feature in card.features:
        parts += [feature.coefficient, *feature.woe, *feature.shares]
        if isinstance(feature.bins, NumericBins):
            parts += [*feature.bins.edges, *(v for _, values in feature.bins.codes for v in values)]
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
    assert read.strengths == card.strengths != ()


def test_a_card_of_version_1_scores_as_it_did() -> None:
    """As it was written by the code of that version; -2 + 0.8 * 1 and -2 - 0.4, missing -2."""
    old = """{
      "format": "credit-scorecard", "version": 1,
      "feature_names": ["a", "b"], "intercept": -2.0,
      "features": [{"name": "b", "coefficient": -0.8, "edges": [3.5],
                    "woe": [-1.0, 0.5, 0.0], "shares": [0.4, 0.5, 0.1]}]
    }"""

    card = Scorecard.from_json(old)

    margins = [card.margin([9.0, value]) for value in (3.5, 3.6, float("nan"))]
    assert margins == pytest.approx([-1.2, -2.4, -2.0])
    assert (card.whole, card.strengths) == (None, ())
    assert json.loads(card.to_json())["version"] == 2
    assert Scorecard.from_json(card.to_json()) == card


WHOLE = {"pdo": 20.0, "base_score": 600.0, "base_odds": 50.0, "base": 500, "bins": [[1]]}


def broken(card: Scorecard, change: Callable[[dict[str, Any]], object]) -> str:
    document = json.loads(card.to_json())
    change(document)
    return json.dumps(document)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.update(version=3), "this code reads versions 1 and 2, came version 3"),
        (lambda d: d.update(version=1), "unknown field `bins`"),
        (lambda d: d.update(format="other"), "Invalid enum value 'other'"),
        (lambda d: d.pop("version"), "missing required field `version`"),
        (lambda d: d.pop("intercept"), "missing required field `intercept`"),
        (lambda d: d.update(extra=1), "unknown field `extra`"),
        (lambda d: d.update(intercept="low"), r"Expected `float`, got `str`"),
        (lambda d: d["features"][0]["woe"].append(0.0), "WOE and shares, came"),
        (lambda d: d["features"][0]["bins"]["edges"].reverse(), "expected strictly increasing"),
        (lambda d: d["features"][0]["bins"].update(kind="date"), "Invalid value 'date'"),
        (lambda d: d["strengths"][0].update(verdict="liked"), "Invalid enum value 'liked'"),
        (lambda d: d.update(whole=WHOLE), "expected whole points for every bin"),
        (lambda d: d.update(whole=WHOLE | {"pdo": 0.0}), "pdo: expected a positive number"),
        (lambda d: d.update(whole=WHOLE | {"base": 10**10}), "whole points: expected at most"),
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
