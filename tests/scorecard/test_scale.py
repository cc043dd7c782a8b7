"""Points that double the odds."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import DataError, SettingsInvalid
from credit.scorecard import ScoreScale

scales = st.builds(
    ScoreScale,
    pdo=st.floats(1, 100),
    base_score=st.floats(0, 1000),
    base_odds=st.floats(0.1, 1000),
)


def test_published_values() -> None:
    """600 points at 50:1, 20 to double: factor 28.8539, offset 487.123."""
    scale = ScoreScale()

    assert scale.factor == pytest.approx(28.8539, abs=5e-5)
    assert scale.offset == pytest.approx(487.123, abs=5e-4)
    assert scale.score_from_probability(1 / 51) == pytest.approx(600, abs=1e-9)
    assert scale.score_from_probability(1 / 11) == pytest.approx(553.56, abs=5e-3)


@given(scales, st.floats(1e-12, 1 - 1e-6))
def test_score_and_probability_round_trip(scale: ScoreScale, prob: float) -> None:
    score = scale.score_from_probability(prob)

    assert scale.probability_from_score(score) == pytest.approx(prob, rel=1e-8)


@given(scales, st.floats(-300, 1300))
def test_pdo_more_points_double_the_odds(scale: ScoreScale, score: float) -> None:
    offset = (score - scale.base_score) / scale.pdo
    if abs(offset) > 20:
        score = scale.base_score + math.copysign(20, offset) * scale.pdo
    prob, safer = (scale.probability_from_score(score + more) for more in (0, scale.pdo))

    assert (1 - safer) / safer == pytest.approx(2 * (1 - prob) / prob, rel=1e-6)


@given(scales, st.floats(-20, 20))
def test_log_odds_of_bad_are_the_other_way_to_the_score(scale: ScoreScale, margin: float) -> None:
    prob = 1 / (1 + math.exp(-margin))

    expected = scale.score_from_probability(prob)

    assert scale.score_from_log_odds(margin) == pytest.approx(expected, rel=1e-6, abs=1e-6)


@given(scales, st.floats(-5, 5), st.floats(-5, 5))
def test_points_explain_the_difference_of_scores(
    scale: ScoreScale, margin: float, contribution: float
) -> None:
    moved = scale.score_from_log_odds(margin + contribution) - scale.score_from_log_odds(margin)

    assert scale.points_from_log_odds(contribution) == pytest.approx(moved, abs=1e-8)


def test_what_doubles_the_risk_costs_the_pdo() -> None:
    assert ScoreScale().points_from_log_odds(math.log(2)) == pytest.approx(-20)


@pytest.mark.parametrize("prob", [0.0, 1.0, -0.1, 1.1, math.nan, math.inf])
def test_certainties_have_no_score(prob: float) -> None:
    with pytest.raises(DataError, match="PD: expected strictly between 0 and 1"):
        ScoreScale().score_from_probability(prob)


def test_smallest_and_largest_probability_have_scores() -> None:
    scale = ScoreScale()

    assert math.isfinite(scale.score_from_probability(5e-324))
    assert math.isfinite(scale.score_from_probability(math.nextafter(1, 0)))


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf, 1e6, -1e6, -2000.0])
def test_scores_too_far_out(score: float) -> None:
    with pytest.raises(DataError, match="score: too far"):
        ScoreScale().probability_from_score(score)


@pytest.mark.parametrize("value", [0.0, -20.0, math.nan, math.inf])
def test_scales_that_are_none(value: float) -> None:
    with pytest.raises(SettingsInvalid, match="pdo: expected a positive number"):
        ScoreScale(pdo=value)
    with pytest.raises(SettingsInvalid, match="base_odds: expected a positive number"):
        ScoreScale(base_odds=value)


def test_base_score_is_a_number() -> None:
    with pytest.raises(SettingsInvalid, match="base_score: expected a number"):
        ScoreScale(base_score=math.nan)
