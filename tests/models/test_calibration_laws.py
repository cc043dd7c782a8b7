"""What holds for every calibrator: bounds, order, the same bits in any company, weights."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.errors import DataError
from credit.metrics.sample import FloatArray
from credit.models.calibration import FLOOR, Beta, Calibrator, Isotonic, Platt
from tests.models.calibrators import CALIBRATORS, bent_sample, sample

MARGINS = st.floats(-1e6, 1e6)
METHODS = [Platt, Beta, Isotonic]


@given(calibrator=CALIBRATORS, margin=MARGINS)
def test_a_pd_stays_within_its_bounds(calibrator: Calibrator, margin: float) -> None:
    assert FLOOR <= calibrator.probability(margin) <= 1 - FLOOR


@given(calibrator=CALIBRATORS, low=MARGINS, step=st.floats(0, 1e5))
def test_it_never_falls(calibrator: Calibrator, low: float, step: float) -> None:
    """But for the last bit of Platt's PD, whose form is that of the first bundles."""
    below, above = calibrator.probability(low), calibrator.probability(low + step)

    allowed = math.ulp(below) if isinstance(calibrator, Platt) else 0.0
    assert below <= above + allowed


@given(calibrator=CALIBRATORS.filter(lambda c: not isinstance(c, Platt)), margin=st.floats(-60, 60))
def test_it_does_not_fall_from_one_float_to_the_next(calibrator: Calibrator, margin: float) -> None:
    assert calibrator.probability(margin) <= calibrator.probability(math.nextafter(margin, 99.0))


@given(calibrator=CALIBRATORS, margin=st.floats(-12, 12), step=st.floats(1e-3, 1))
def test_it_rises_strictly_where_margins_lie(
    calibrator: Calibrator, margin: float, step: float
) -> None:
    """Where log-odds pass 25 a PD lies within 1e-11 of its bound, and float64 ends near 36."""
    low, high = calibrator.log_odds(margin), calibrator.log_odds(margin + step)

    assert low < high or isinstance(calibrator, Beta)
    if low > -25 and high < 25 and high - low > 1e-4:
        assert calibrator.probability(margin) < calibrator.probability(margin + step)


@given(calibrator=CALIBRATORS, margins=st.lists(MARGINS, min_size=1, max_size=20))
def test_many_have_the_bits_of_one_at_a_time(calibrator: Calibrator, margins: list[float]) -> None:
    found = calibrator.probabilities(np.array(margins))

    assert found.tolist() == [calibrator.probability(m) for m in margins]


@given(calibrator=CALIBRATORS, margin=st.floats(-30, 30), by=st.floats(-5, 5))
def test_a_shift_moves_every_margin_s_log_odds_alike(
    calibrator: Calibrator, margin: float, by: float
) -> None:
    moved = calibrator.shifted(by)

    assert type(moved) is type(calibrator)
    assert moved.log_odds(margin) == pytest.approx(calibrator.log_odds(margin) + by, abs=1e-9)


@settings(max_examples=25)
@given(seed=st.integers(0, 10_000), n=st.integers(60, 600), decimals=st.integers(0, 3))
@pytest.mark.parametrize("method", METHODS)
def test_whatever_is_learned_rises(
    method: type[Calibrator], seed: int, n: int, decimals: int
) -> None:
    """Also from small samples, and from margins with many ties."""
    margins, labels = sample(seed, n=n, intercept=1.0)
    margins = np.round(margins, decimals)

    prob = method.fit(margins, labels).probabilities(np.linspace(-9, 4, 400))

    # A bound that is reached to nine digits may be met by float64, too.
    within = (prob[:-1] > FLOOR + 1e-9) & (prob[1:] < 1 - FLOOR - 1e-9)
    assert np.all(np.diff(prob) >= 0)
    assert np.all(np.diff(prob)[within] > 0)
    assert within.sum() > 100


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("draw", [sample, bent_sample])
def test_mean_pd_is_the_share_of_bads(method: type[Calibrator], draw: object) -> None:
    """The score equation of the intercept; the bounds move it by 1e-4 at most."""
    assert callable(draw)
    margins, labels = draw(14, n=4_000)

    mean_pd = method.fit(margins, labels).probabilities(margins).mean()

    assert mean_pd == pytest.approx(labels.mean(), abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_fitting_again_gives_the_same_bits(method: type[Calibrator]) -> None:
    margins, labels = sample(13)

    assert method.fit(margins, labels) == method.fit(margins, labels)


@pytest.mark.parametrize(("method", "near"), [(Platt, 1e-6), (Beta, 1e-4), (Isotonic, 0.01)])
def test_a_weight_of_three_is_three_rows(method: type[Calibrator], near: float) -> None:
    """Isotonic blocks need so many bads each, of a total that is the number of rows."""
    margins, labels = sample(16, n=3_000)
    times = np.where(np.arange(3_000) % 4 == 0, 3, 1)
    points = np.linspace(-5, 0, 50)

    weighted = method.fit(margins, labels, weights=times.astype(np.float64))
    repeated = method.fit(np.repeat(margins, times), np.repeat(labels, times))

    np.testing.assert_allclose(
        weighted.probabilities(points), repeated.probabilities(points), atol=near
    )


@pytest.mark.parametrize("method", METHODS)
def test_only_ratios_of_weights_matter(method: type[Calibrator]) -> None:
    margins, labels = sample(17, n=2_000)
    weights = np.random.default_rng(1).uniform(0.5, 2, 2_000)
    points = np.linspace(-5, 0, 50)

    np.testing.assert_allclose(
        method.fit(margins, labels, weights=weights).probabilities(points),
        method.fit(margins, labels, weights=weights * 1_000).probabilities(points),
        rtol=1e-5,
    )


@pytest.mark.parametrize("method", METHODS)
def test_a_model_that_ranks_the_wrong_way_round_is_refused(method: type[Calibrator]) -> None:
    margins, labels = sample(15)

    with pytest.raises(DataError, match="risk does not rise with the model's margin .slope -"):
        method.fit(-margins, labels)


@pytest.mark.parametrize("method", METHODS)
def test_a_model_with_one_answer_for_all_is_refused(method: type[Calibrator]) -> None:
    _, labels = sample(15)

    with pytest.raises(DataError, match="gives every row one margin; nothing was learned"):
        method.fit(np.full(labels.size, -2.0), labels)


FOUR = np.array([-3.0, -2.0, -1.0, 0.0])
OUTCOMES = np.array([0, 1, 0, 1], dtype=np.int8)


@pytest.mark.parametrize(
    ("margins", "labels", "weights", "message"),
    [
        (FOUR, np.zeros(4, dtype=np.int8), None, "expected both goods and bads"),
        (FOUR[:3], OUTCOMES, None, "margin: expected one number per row of the target"),
        (np.array([0, 1, 2, np.nan]), OUTCOMES, None, "margin: 1 of 4 rows are NaN"),
        (np.array([0, 1, 2, np.inf]), OUTCOMES, None, "margin: 1 of 4 rows are infinite"),
        (FOUR, OUTCOMES, np.ones(3), "weight: expected one per row, came 3 for 4 rows"),
        (FOUR, OUTCOMES, np.array([1.0, 1, 1, 0]), "weight: expected positive finite .* 1 of 4"),
        (FOUR, OUTCOMES, np.array([1, np.nan, 1, -1]), "weight: expected positive finite .* 2 of"),
    ],
)
@pytest.mark.parametrize("method", METHODS)
def test_samples_that_cannot_be_learned_from_are_refused(
    method: type[Calibrator],
    margins: FloatArray,
    labels: np.ndarray[tuple[int], np.dtype[np.int8]],
    weights: FloatArray | None,
    message: str,
) -> None:
    with pytest.raises(DataError, match=message):
        method.fit(margins, labels, weights=weights)
