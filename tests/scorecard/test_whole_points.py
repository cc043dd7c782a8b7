"""Points rounded to integers: still a scorecard, and measured again as one."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from credit.errors import DataError, SettingsInvalid
from credit.scorecard import CardFeature, NumericBins, Scorecard, ScoreScale, WholePoints

from .applicants import Applicants, Mixed

SCALE = ScoreScale()
SMALL = Scorecard(
    feature_names=("a", "b"),
    features=(
        CardFeature("b", NumericBins((2.0,)), (1.0, -0.9, 0.1), (0.5, 0.4, 0.1), -1.0),
        CardFeature("a", NumericBins(()), (0.0, -0.4), (0.9, 0.1), -0.5),
    ),
    intercept=-2.5,
)


def test_points_by_hand() -> None:
    """A unit of log-odds is 28.8539 points: 28.85, -25.97, 2.89; and -0.2 is -5.77."""
    whole = SMALL.rounded(SCALE).whole

    assert whole is not None
    assert (whole.base, whole.bins) == (559, ((29, -26, 3), (0, -6)))


def test_score_is_the_sum_of_integers() -> None:
    card = SMALL.rounded(SCALE)
    scores = [card.whole_score(v) for v in ([1.0, 2.0], [math.nan, 2.1], [1.0, math.nan])]

    assert scores == [588, 527, 562]
    assert all(type(score) is int for score in scores)


def test_margin_is_that_of_the_integer_score() -> None:
    """559 + 29 = 588 points are 12 below 600: odds 50 · 2^(-12 / 20)."""
    margin = SMALL.rounded(SCALE).margin([1.0, 2.0])

    assert margin == pytest.approx(-math.log(50 * 2 ** (-12 / 20)), abs=1e-12)


def test_equal_scores_have_equal_margins(mixed: Mixed, mixed_card: Scorecard) -> None:
    """To the bit: two applicants of 612 points shall not get two decisions."""
    card = mixed_card.rounded(SCALE)
    rows = mixed.with_oddities()
    scores = [card.whole_score(row) for row in rows.tolist()]

    margins = card.margins(rows)

    assert len(set(scores)) == len(set(margins.tolist())) > 50
    assert [m.hex() for m in margins.tolist()] == [card.margin(row).hex() for row in rows.tolist()]


def test_rounding_costs_little_and_is_measured_again(mixed: Mixed, mixed_card: Scorecard) -> None:
    """Each of four integers is off by half a point at most, so the score is by two."""
    card = mixed_card.rounded(SCALE)
    before, after = mixed_card.margins(mixed.vectors), card.margins(mixed.vectors)

    assert np.abs(before - after).max() <= 2 / SCALE.factor + 1e-12
    assert not np.array_equal(before, after)
    assert roc_auc_score(mixed.y, after) == pytest.approx(roc_auc_score(mixed.y, before), abs=0.002)


def test_rounding_keeps_the_promised_directions(card: Scorecard, applicants: Applicants) -> None:
    rounded = card.rounded(SCALE)
    row = applicants.vectors[0]
    for position, direction in enumerate(applicants.directions):
        grid = np.tile(row, (200, 1))
        grid[:, position] = np.linspace(-10, 50_000 if position == 2 else 60, 200)
        assert np.all(direction * np.diff(rounded.margins(grid)) >= 0)


def test_contributions_are_shapley_values_and_add_up() -> None:
    """With two features: the mean of both orders in which they can be known."""
    card = SMALL.rounded(SCALE)
    background = [[-1.0, 0.0], [math.nan, 7.0], [1.0, 1.5]]
    vector = [math.nan, 9.0]

    def value(known: set[int]) -> float:
        mixed = [[vector[j] if j in known else row[j] for j in range(2)] for row in background]
        return math.fsum(map(card.margin, mixed)) / len(mixed)

    expected = [(value({j}) - value(set()) + value({0, 1}) - value({1 - j})) / 2 for j in range(2)]
    expected_margin, terms = card.baseline(background)
    found = card.contributions(vector, terms)

    assert found == pytest.approx(expected, abs=1e-12)
    assert math.fsum((expected_margin, *found)) == pytest.approx(card.margin(vector), abs=1e-12)


@given(st.lists(st.sampled_from([-1.0, 1.0, 2.0, 3.0, math.nan]), min_size=2, max_size=2))
def test_points_of_the_table_add_up_to_the_score(vector: list[float]) -> None:
    card = SMALL.rounded(SCALE)
    base, *rows = card.points_table(SCALE)
    points = {(row.feature, row.bin): row.points for row in rows}

    total = base.points + sum(
        points[f.name, f.bins.labels[f.bins.index_of(vector[card.feature_names.index(f.name)])]]
        for f in card.features
    )

    assert total == card.whole_score(vector)
    assert all(row.points.is_integer() for row in (base, *rows))


def test_rounding_twice_changes_nothing() -> None:
    assert SMALL.rounded(SCALE).rounded(SCALE) == SMALL.rounded(SCALE)


@pytest.mark.parametrize(("low", "high"), [(5.0, 20.0), (20.0, 80.0)])
def test_a_wider_scale_rounds_less(
    mixed: Mixed, mixed_card: Scorecard, low: float, high: float
) -> None:
    exact = mixed_card.margins(mixed.vectors)

    errors = [
        np.abs(mixed_card.rounded(ScoreScale(pdo=pdo)).margins(mixed.vectors) - exact).mean()
        for pdo in (low, high)
    ]

    assert errors[1] < errors[0]


def test_what_a_rounded_card_refuses() -> None:
    with pytest.raises(SettingsInvalid, match="expected whole points; round the card first"):
        SMALL.whole_score([0.0, 0.0])
    with pytest.raises(
        SettingsInvalid, match="points: expected the scale that the card was rounded"
    ):
        SMALL.rounded(SCALE).points_table(ScoreScale(pdo=40))
    with pytest.raises(DataError, match="vector: expected 2 numbers, one per feature name, came 3"):
        SMALL.rounded(SCALE).whole_score([0.0] * 3)
    with pytest.raises(DataError, match="vector: expected 2 numbers, one per feature name, came 3"):
        SMALL.rounded(SCALE).margins(np.zeros((1, 3)))
    with pytest.raises(DataError, match="expected whole points for every bin of every feature"):
        Scorecard(SMALL.feature_names, SMALL.features, 0.0, WholePoints(SCALE, 0, ((1, 2),)))
    with pytest.raises(DataError, match="whole points: expected at most 1000000000 in size"):
        WholePoints(SCALE, 2_000_000_000, ())
    with pytest.raises(DataError, match="1000000000 in size; use a smaller pdo"):
        SMALL.rounded(ScoreScale(pdo=1e12))
