"""Every calibrator rises strictly, stays in bounds, and is chosen by what the data can carry."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from credit.errors import BundleCorrupt, DataError, SettingsInvalid
from credit.metrics import expected_calibration_error
from credit.models.calibration import (
    FLOOR,
    Beta,
    Calibrator,
    Isotonic,
    Platt,
    at_long_run_rate,
    calibrator_from_json,
    calibrator_to_json,
    choose_calibrator,
)
from credit.models.calibration.choice import BADS_FOR_BETA, BADS_FOR_ISOTONIC

Values = npt.NDArray[np.float64]
Labels = npt.NDArray[np.int8]


def bent(n: int, seed: int) -> tuple[Values, Labels]:
    """Margins whose risk rises by another law than a straight line."""
    rng = np.random.default_rng(seed)
    margins = rng.normal(-1.5, 1.5, n)
    log_odds = np.where(margins < -1, 0.4 * margins - 1.2, 1.5 * margins - 0.1)
    return margins, (rng.random(n) < 1 / (1 + np.exp(-log_odds))).astype(np.int8)


@pytest.fixture(scope="module", params=["platt", "beta", "isotonic"])
def calibrator(request: pytest.FixtureRequest) -> Calibrator:
    margins, labels = bent(8_000, 1)
    return choose_calibrator(margins, labels, method=request.param)


@given(pair=st.tuples(st.floats(-12, 12), st.floats(1e-6, 5)))
def test_a_riskier_margin_has_a_higher_pd(
    calibrator: Calibrator, pair: tuple[float, float]
) -> None:
    low, more = pair
    below, above = calibrator.probability(low), calibrator.probability(low + more)

    assert FLOOR <= below < above <= 1 - FLOOR


@given(margin=st.floats(-1e6, 1e6))
def test_a_pd_is_bounded_however_extreme_the_margin(calibrator: Calibrator, margin: float) -> None:
    assert FLOOR <= calibrator.probability(margin) <= 1 - FLOOR


def test_one_and_many_have_the_same_bits(calibrator: Calibrator) -> None:
    margins, _ = bent(500, 2)

    alone = np.array([calibrator.probability(float(m)) for m in margins])

    assert calibrator.probabilities(margins).tobytes() == alone.tobytes()


def test_json_gives_the_same_bits_back(calibrator: Calibrator) -> None:
    again = calibrator_from_json(calibrator_to_json(calibrator))

    assert again == calibrator


def test_a_calibrator_of_an_older_bundle_is_platt() -> None:
    found = calibrator_from_json(b'{"slope":1.5,"intercept":-0.25}')

    assert found == Platt(slope=1.5, intercept=-0.25)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "this is no calibrator"),
        (b"[]", "this is no calibrator"),
        (b'{"method":"spline"}', "unknown calibrator 'spline'; this version knows platt, beta"),
        (b'{"slope":1.5}', "this is no calibrator"),
        (b'{"method":"beta","a":1,"b":-1,"c":0}', "slopes must be positive"),
        (b'{"method":"isotonic","margins":[0,1],"log_odds":[1,1]}', "finite and rising"),
        (b'{"method":"isotonic","margins":[0],"log_odds":[1]}', "two or more"),
    ],
)
def test_damaged_calibrators_are_refused(content: bytes, message: str) -> None:
    with pytest.raises(BundleCorrupt, match=message):
        calibrator_from_json(content)


def test_beta_finds_what_a_logistic_regression_on_its_two_logs_finds() -> None:
    margins, labels = bent(20_000, 3)
    inputs = np.column_stack([-np.logaddexp(0, -margins), np.logaddexp(0, margins)])
    golden = LogisticRegression(C=np.inf, tol=1e-10, max_iter=500).fit(inputs, labels)

    found = Beta.fit(margins, labels)

    assert golden.coef_.min() > 0
    np.testing.assert_allclose(
        found.probabilities(margins), golden.predict_proba(inputs)[:, 1], atol=2e-3
    )


def test_beta_with_equal_slopes_is_platt() -> None:
    beta, platt = Beta(a=0.8, b=0.8, c=-0.3), Platt(slope=0.8, intercept=-0.3)

    for margin in (-8.0, -0.5, 0.0, 3.0):
        assert beta.probability(margin) == pytest.approx(platt.probability(margin), rel=1e-12)


def test_isotonic_follows_pooled_rates() -> None:
    """At the middle of a large block it gives what scikit-learn's isotonic regression does."""
    margins, labels = bent(60_000, 4)
    golden = IsotonicRegression().fit(margins, labels)

    found = Isotonic.fit(margins, labels)

    inner = np.quantile(margins, np.linspace(0.05, 0.95, 30))
    np.testing.assert_allclose(found.probabilities(inner), golden.predict(inner), atol=0.03)


def test_isotonic_mends_a_bend_that_platt_cannot() -> None:
    margins, labels = bent(60_000, 5)
    fresh, outcome = bent(60_000, 6)

    error = {
        method: expected_calibration_error(
            outcome, choose_calibrator(margins, labels, method=method).probabilities(fresh)
        )
        for method in ("platt", "beta", "isotonic")
    }

    assert error["isotonic"] < error["platt"] / 2
    assert error["beta"] < error["platt"]


def test_the_number_of_bads_chooses() -> None:
    margins, labels = bent(60_000, 7)
    bads, goods = np.flatnonzero(labels == 1), np.flatnonzero(labels == 0)

    def kind(n_bads: int) -> type:
        kept = np.concatenate([bads[:n_bads], goods[:40_000]])
        return type(choose_calibrator(margins[kept], labels[kept]))

    assert kind(BADS_FOR_BETA - 1) is Platt
    assert kind(BADS_FOR_BETA) is Beta
    assert kind(BADS_FOR_ISOTONIC - 1) is Beta
    assert kind(BADS_FOR_ISOTONIC) is Isotonic


def test_a_weight_counts_as_rows(calibrator: Calibrator) -> None:
    margins, labels = bent(3_000, 8)
    twice = np.random.default_rng(0).random(3_000) < 0.4
    weights = np.where(twice, 2.0, 1.0)
    method = {Platt: "platt", Beta: "beta", Isotonic: "isotonic"}[type(calibrator)]  # type: ignore[index]

    weighted = choose_calibrator(margins, labels, weights=weights, method=method)  # type: ignore[arg-type]
    repeated = choose_calibrator(
        np.concatenate([margins, margins[twice]]),
        np.concatenate([labels, labels[twice]]),
        method=method,  # type: ignore[arg-type]
    )

    np.testing.assert_allclose(
        weighted.probabilities(margins), repeated.probabilities(margins), atol=2e-5
    )


@pytest.mark.parametrize("rate", [0.01, 0.2, 0.5])
def test_the_mean_pd_becomes_the_long_run_rate(calibrator: Calibrator, rate: float) -> None:
    margins, _ = bent(4_000, 9)

    shifted = at_long_run_rate(calibrator, margins, rate)

    found = shifted.probabilities(margins)
    assert math.fsum(found) / len(found) == pytest.approx(rate, abs=1e-9)
    assert (np.argsort(found, kind="stable") == np.argsort(margins, kind="stable")).all()


def test_a_rate_that_no_pd_can_have_is_refused(calibrator: Calibrator) -> None:
    with pytest.raises(SettingsInvalid, match="long-run default rate 0: expected a share between"):
        at_long_run_rate(calibrator, np.zeros(3), 0)


@pytest.mark.parametrize("method", ["platt", "beta", "isotonic"])
def test_a_model_that_ranks_the_wrong_way_is_refused(method: str) -> None:
    margins, labels = bent(4_000, 10)

    with pytest.raises(DataError, match="risk does not rise with the model's margin"):
        choose_calibrator(-margins, labels, method=method)  # type: ignore[arg-type]


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(SettingsInvalid, match="no calibrator 'spline'; choose auto, platt, beta"):
        choose_calibrator(np.zeros(2), np.array([0, 1], np.int8), method="spline")  # type: ignore[arg-type]
