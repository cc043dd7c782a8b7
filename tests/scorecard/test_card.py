"""The scorecard as a model: margin, contributions, points."""

from __future__ import annotations

import math
import pickle
import subprocess
import sys
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import DataError
from credit.scorecard import CardFeature, NumericBins, Scorecard, ScoreScale

from .applicants import Applicants

SMALL = Scorecard(
    feature_names=("a", "unused", "b", "c"),
    features=(
        CardFeature("a", NumericBins((0.0,)), (1.0, -1.0, 0.0), (0.5, 0.5, 0.0), -0.8),
        CardFeature(
            "c", NumericBins((2.0, 5.0)), (0.7, 0.1, -0.9, 0.3), (0.4, 0.3, 0.2, 0.1), -1.1
        ),
        CardFeature("b", NumericBins(()), (0.0, -0.4), (0.9, 0.1), -0.5),
    ),
    intercept=-2.5,
)

vectors = st.lists(st.floats(-10, 10) | st.just(math.nan), min_size=4, max_size=4)


def test_margin_by_hand() -> None:
    """a = 1 adds 0.8, c = 3 adds -0.11, b missing adds 0.2."""
    assert SMALL.margin([1.0, 9.9, math.nan, 3.0]) == pytest.approx(-2.5 + 0.8 - 0.11 + 0.2)


def test_margin_is_a_plain_number(card: Scorecard, applicants: Applicants) -> None:
    assert type(card.margin(applicants.vectors[0])) is float


@given(st.lists(st.integers(0, 3999), max_size=5))
def test_batches_score_as_their_rows_in_any_split(
    card: Scorecard, applicants: Applicants, cuts: list[int]
) -> None:
    by_row = [card.margin(row) for row in applicants.vectors.tolist()]

    parts = np.split(applicants.vectors, sorted(cuts))
    by_part = np.concatenate([card.margins(part) for part in parts])

    assert [m.hex() for m in by_part.tolist()] == [m.hex() for m in by_row]


def test_card_keeps_the_promised_directions(card: Scorecard, applicants: Applicants) -> None:
    row = applicants.vectors[0]
    for position, direction in enumerate(applicants.directions):
        grid = np.tile(row, (200, 1))
        grid[:, position] = np.linspace(-10, 50_000 if position == 2 else 60, 200)
        if direction:
            assert np.all(direction * np.diff(card.margins(grid)) >= 0)


@given(vectors, st.lists(vectors, min_size=1, max_size=8))
def test_contributions_add_up_to_the_margin(
    vector: list[float], background: list[list[float]]
) -> None:
    expected_margin, terms = SMALL.baseline(background)

    contributions = SMALL.contributions(vector, terms)

    assert math.fsum((expected_margin, *contributions)) == pytest.approx(
        SMALL.margin(vector), abs=1e-9
    )
    assert contributions[1] == 0.0


def test_contributions_of_a_fitted_card_add_up(card: Scorecard, applicants: Applicants) -> None:
    rows = applicants.vectors.tolist()
    expected_margin, terms = card.baseline(rows[:500])

    assert expected_margin == pytest.approx(card.margins(applicants.vectors[:500]).mean(), abs=1e-9)
    for row in rows[500:1000]:
        total = math.fsum((expected_margin, *card.contributions(row, terms)))
        assert abs(total - card.margin(row)) < 1e-9
        assert card.contributions(row, terms)[3] == 0.0


def test_contributions_are_shapley_values() -> None:
    """Against the definition: weighted gains over all coalitions, absent features averaged out."""
    background = [[-1.0, 0.0, 1.0, 1.0], [2.0, 0.0, math.nan, 7.0], [1.0, 0.0, 1.0, 3.0]]
    vector = [3.0, 1.0, math.nan, 1.0]
    n = len(vector)

    def value(coalition: tuple[int, ...]) -> float:
        mixed = [[vector[j] if j in coalition else row[j] for j in range(n)] for row in background]
        return sum(map(SMALL.margin, mixed)) / len(mixed)

    def shapley(j: int) -> float:
        others = [k for k in range(n) if k != j]
        return sum(
            math.factorial(size)
            * math.factorial(n - size - 1)
            / math.factorial(n)
            * (value((*coalition, j)) - value(coalition))
            for size in range(n)
            for coalition in combinations(others, size)
        )

    contributions = SMALL.contributions(vector, SMALL.baseline(background).terms)

    assert contributions == pytest.approx([shapley(j) for j in range(n)], abs=1e-12)


def test_points_add_up_to_the_score(card: Scorecard, applicants: Applicants) -> None:
    scale = ScoreScale()
    base, *rows = card.points_table(scale)
    points = {(row.feature, row.bin): row.points for row in rows}

    for vector in applicants.vectors[:200].tolist():
        total = base.points + sum(
            points[f.name, f.bins.labels[f.bins.index_of(vector[card.feature_names.index(f.name)])]]
            for f in card.features
        )
        prob = 1 / (1 + math.exp(-card.margin(vector)))
        assert total == pytest.approx(scale.score_from_probability(prob), abs=1e-9)


def test_points_table_by_hand() -> None:
    """An intercept of -2.5 is 487.123 + 28.8539 * 2.5; the WOE of 1 is worth 0.8 * 28.8539."""
    base, first, *_ = SMALL.points_table(ScoreScale())

    assert base[:4] == ("base points", "all", 1.0, 0.0)
    assert base.points == pytest.approx(559.258, abs=1e-3)
    assert first[:4] == ("a", "(-inf, 0]", 0.5, 1.0)
    assert first.points == pytest.approx(23.0831, abs=1e-4)


def test_card_survives_pickling_after_use() -> None:
    SMALL.margin([0.0, 0.0, 0.0, 0.0])

    assert pickle.loads(pickle.dumps(SMALL)) == SMALL  # noqa: S301 (made here)


@pytest.mark.parametrize("length", [0, 3, 5])
def test_vectors_of_another_length(length: int) -> None:
    message = f"vector: expected 4 numbers, one per feature name, came {length}"
    vector = [0.0] * length
    with pytest.raises(DataError, match=message):
        SMALL.margin(vector)
    with pytest.raises(DataError, match=message):
        SMALL.margins(np.zeros((2, length)))
    with pytest.raises(DataError, match=message):
        SMALL.baseline([vector])
    with pytest.raises(DataError, match=message):
        SMALL.contributions([0.0] * 4, vector)


def test_a_background_has_rows() -> None:
    with pytest.raises(DataError, match="background: expected at least one row"):
        SMALL.baseline([])


def test_cards_that_do_not_fit_together() -> None:
    feature = SMALL.features[0]
    with pytest.raises(DataError, match="expected every feature name once"):
        Scorecard(("a", "a"), (feature,), 0.0)
    with pytest.raises(DataError, match="features of the vector, each at most once"):
        Scorecard(("b",), (feature,), 0.0)
    with pytest.raises(DataError, match="features of the vector, each at most once"):
        Scorecard(("a",), (feature, feature), 0.0)
    with pytest.raises(DataError, match="expected a finite intercept"):
        Scorecard(("a",), (feature,), math.nan)
    with pytest.raises(DataError, match="a: expected 2 WOE and shares, came 1 and 2"):
        CardFeature("a", NumericBins(()), (0.0,), (1.0, 0.0), -1.0)
    with pytest.raises(DataError, match="a: expected finite numbers"):
        CardFeature("a", NumericBins(()), (0.0, math.inf), (1.0, 0.0), -1.0)


def test_scoring_does_not_load_what_only_learning_needs() -> None:
    """A serving process imports the package; a hundred megabytes are not its business."""
    heavy = {"sklearn", "scipy", "pandas", "duckdb"}
    code = f"import sys, credit.scorecard; sys.exit(bool({heavy} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
