"""The winner is calibrated, verified on rows it never saw, and the same bundle each time."""

from __future__ import annotations

import numpy as np
import pytest

from credit.contract import Contract
from credit.decision import Bundle
from credit.metrics import auc, brier_score
from credit.models import Platt
from tests.conftest import BOOSTING, CARD, Winner
from tune.plan import split_holdout
from tune.rows import Rows
from tune.spec import Candidate
from tune.verification import flat_metrics
from tune.winner import make_winner


@pytest.mark.parametrize(("family", "parameters"), [("lightgbm", BOOSTING), ("scorecard", CARD)])
def test_the_same_training_gives_the_same_hash_and_figures(
    request: pytest.FixtureRequest,
    rows: Rows,
    contract: Contract,
    family: str,
    parameters: dict[str, float],
) -> None:
    first, figures = request.getfixturevalue(f"{family}_winner")

    second, figures_again = make_winner(
        *split_holdout(rows),
        contract,
        Candidate(family=family),
        parameters=parameters,
        seed=3,
        num_threads=1,
    )

    assert second.hash == first.hash
    assert figures_again == figures


@pytest.mark.parametrize("family", ["lightgbm", "scorecard"])
def test_the_figures_are_those_of_the_held_out_rows(
    request: pytest.FixtureRequest, rows: Rows, family: str
) -> None:
    winner: Winner = request.getfixturevalue(f"{family}_winner")
    bundle, verification = winner
    held_out = split_holdout(rows)[1]

    prob_default = probabilities(bundle, held_out)

    assert verification.auc.estimate == pytest.approx(auc(held_out.labels, prob_default))
    assert verification.brier.estimate == pytest.approx(brier_score(held_out.labels, prob_default))
    assert verification.approval_rate.estimate == np.mean(prob_default < 1 / 11)
    assert bundle.manifest.metrics == flat_metrics(verification)
    assert verification.auc.low < verification.auc.estimate < verification.auc.high


@pytest.mark.parametrize("family", ["lightgbm", "scorecard"])
def test_the_winner_learned_something_and_is_calibrated(
    request: pytest.FixtureRequest, rows: Rows, family: str
) -> None:
    """The mean PD of 800 held-out rows lies within three standard errors of their bad rate."""
    winner: Winner = request.getfixturevalue(f"{family}_winner")
    bundle, verification = winner
    held_out = split_holdout(rows)[1]

    prob_default = probabilities(bundle, held_out)

    assert verification.auc.low > 0.55
    error = np.sqrt((prob_default * (1 - prob_default)).sum()) / len(held_out)
    assert abs(prob_default.mean() - held_out.labels.mean()) < 3 * error
    assert prob_default.min() >= 1e-4


def test_the_calibrator_has_not_seen_margins_of_rows_the_model_learned_by_heart(
    lightgbm_winner: Winner, rows: Rows
) -> None:
    """On its own training rows the model is too sure of itself; a calibrator fitted there would be too."""
    bundle = lightgbm_winner[0]
    train, held_out = split_holdout(rows)

    learned = auc(train.labels, probabilities(bundle, train))
    unseen = auc(held_out.labels, probabilities(bundle, held_out))

    assert learned > unseen + 0.02
    assert isinstance(bundle.calibrator, Platt)
    assert bundle.calibrator.slope < 1.3


def probabilities(bundle: Bundle, rows: Rows) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    vectors = bundle.transform.matrix(rows.raw)
    found = bundle.calibrator.probabilities(bundle.model.margins(vectors))
    return np.asarray(found, dtype=np.float64)
