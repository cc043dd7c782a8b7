"""Learning a scorecard."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.metrics import roc_auc_score

from credit.errors import DataError
from credit.metrics import FewBadsWarning
from credit.scorecard import Scorecard
from credit.scorecard.fit import fit_scorecard

from .applicants import Applicants, applicants_of


def probabilities(card: Scorecard, applicants: Applicants) -> NDArray[np.float64]:
    return 1 / (1 + np.exp(-card.margins(applicants.vectors)))


def test_it_ranks_rows_that_it_has_not_seen(card: Scorecard) -> None:
    """Nearly as well as the cause itself, which knows the incomes that the card does not see."""
    fresh = applicants_of(4000, seed=2)

    best_possible = roc_auc_score(fresh.y, fresh.margin)

    assert (
        best_possible - 0.02 < roc_auc_score(fresh.y, card.margins(fresh.vectors)) < best_possible
    )


def test_mean_probability_is_the_bad_rate(card: Scorecard, applicants: Applicants) -> None:
    """The condition of the optimum for an intercept without penalty."""
    assert probabilities(card, applicants).mean() == pytest.approx(applicants.y.mean(), abs=1e-8)


def test_coefficients_minimise_the_penalised_likelihood(
    card: Scorecard, applicants: Applicants
) -> None:
    woe = np.column_stack(
        [
            np.asarray(f.woe)[
                f.bins.indices(applicants.vectors[:, card.feature_names.index(f.name)])
            ]
            for f in card.features
        ]
    )

    def loss(beta: NDArray[np.float64]) -> float:
        margin = beta[0] + woe @ beta[1:]
        likelihood = np.logaddexp(0, margin) - applicants.y * margin
        return float(likelihood.sum() + 0.5 * beta[1:] @ beta[1:])

    best = minimize(loss, np.zeros(woe.shape[1] + 1)).x

    fitted = [card.intercept, *(f.coefficient for f in card.features)]
    assert fitted == pytest.approx(best.tolist(), abs=1e-3)


def test_uninformative_features_are_left_out(card: Scorecard) -> None:
    assert card.feature_names == ("utilisation", "late_payments", "income", "shoe_size")
    assert [feature.name for feature in card.features] == ["utilisation", "late_payments", "income"]


def test_every_coefficient_is_negative(card: Scorecard) -> None:
    assert all(feature.coefficient < 0 for feature in card.features)


def test_a_coefficient_of_the_wrong_sign_drops_its_feature() -> None:
    """`echo` looks risky alone, since it follows `cause`; given `cause` it is a good sign."""
    rng = np.random.default_rng(3)
    cause = rng.normal(size=6000)
    echo = cause + 0.5 * rng.normal(size=6000)
    y = rng.random(6000) < 1 / (1 + np.exp(2 - 3 * cause + 1.5 * echo))
    both = np.column_stack([cause, echo])

    card = fit_scorecard(both, y, feature_names=("cause", "echo"), directions=(1, 1))
    alone = fit_scorecard(both[:, [1]], y, feature_names=("echo",), directions=(1,))

    assert [feature.name for feature in alone.features] == ["echo"]
    assert [feature.name for feature in card.features] == ["cause"]


def test_more_regularization_shrinks(card: Scorecard, applicants: Applicants) -> None:
    shrunk = fit_scorecard(
        applicants.vectors,
        applicants.y,
        feature_names=applicants.names,
        directions=applicants.directions,
        regularization=0.001,
    )

    size, shrunk_size = (sum(f.coefficient**2 for f in c.features) for c in (card, shrunk))
    assert shrunk_size < size / 2


def test_only_ratios_of_weights_count(card: Scorecard, applicants: Applicants) -> None:
    weighted = fit_scorecard(
        applicants.vectors,
        applicants.y,
        feature_names=applicants.names,
        directions=applicants.directions,
        sample_weight=np.full(applicants.y.size, 4.0),
    )

    assert weighted == card


def test_weights_move_the_bad_rate(applicants: Applicants) -> None:
    weight = np.where(applicants.y == 1, 3.0, 1.0)

    card = fit_scorecard(
        applicants.vectors,
        applicants.y,
        feature_names=applicants.names,
        directions=applicants.directions,
        sample_weight=weight,
    )

    predicted = np.average(probabilities(card, applicants), weights=weight)
    assert predicted == pytest.approx(np.average(applicants.y, weights=weight), abs=1e-8)


def test_same_rows_same_card(card: Scorecard, applicants: Applicants) -> None:
    again = fit_scorecard(
        applicants.vectors,
        applicants.y,
        feature_names=applicants.names,
        directions=applicants.directions,
    )

    assert again.to_json() == card.to_json()


def test_few_bads_are_warned_of() -> None:
    few = applicants_of(300, seed=4)
    assert few.y.sum() < 50

    with pytest.warns(FewBadsWarning, match=f"fitted on {int(few.y.sum())} bads; below 50"):
        fit_scorecard(few.vectors, few.y, feature_names=few.names, directions=few.directions)


def test_one_class_teaches_nothing(applicants: Applicants) -> None:
    with pytest.raises(DataError, match="target: expected both goods and bads"):
        fit_scorecard(
            applicants.vectors,
            np.zeros(applicants.y.size),
            feature_names=applicants.names,
            directions=applicants.directions,
        )


def test_noise_makes_no_card(applicants: Applicants) -> None:
    with pytest.raises(DataError, match=r"none of 1 features reaches .* of 0.02"):
        fit_scorecard(
            applicants.vectors[:, [3]], applicants.y, feature_names=("shoe_size",), directions=(0,)
        )


def test_one_direction_per_feature(applicants: Applicants) -> None:
    with pytest.raises(DataError, match="directions: expected 4, one per feature name, came 1"):
        fit_scorecard(
            applicants.vectors, applicants.y, feature_names=applicants.names, directions=(1,)
        )
