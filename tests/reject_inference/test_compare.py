"""Accepts-only and inferred models side by side, on a book of which the truth is known."""

from __future__ import annotations

import doctest
import sys
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from credit.errors import CreditError, DataError, SettingsInvalid
from credit.models.base import Labels, Matrix, Weights
from credit.reject_inference import (
    Method,
    RejectComparison,
    TrainingSet,
    compare_reject_inference,
    infer_rejects,
    reject_table,
    split_accepts,
)
from tests.reject_inference.book import Book, Margins, fit

METHODS: tuple[Method, ...] = ("parcelling", "fuzzy", "reweighting")
CUTOFF = 0.2


def compared(book: Book, method: Method, **change: Any) -> RejectComparison:
    learning, calibration, held_out = split_accepts(book.accepts, book.accept_labels, seed=0)
    asked: dict[str, Any] = {
        "fit": fit,
        "learning": learning,
        "calibration": calibration,
        "held_out": held_out,
        "rejects": book.rejects,
        "cutoff": CUTOFF,
        "method": method,
    }
    return compare_reject_inference(**{**asked, **change})


@pytest.mark.parametrize("method", METHODS)
def test_the_band_holds_the_truth_that_accepts_hide(method: Method, knowing_book: Book) -> None:
    """The lender saw more than the features say: rejects are worse than accepts who look alike."""
    truth = knowing_book.true_bad_rate_of_rejects

    found = compared(knowing_book, method)

    assert found.accepts_only.mean_pd_of_rejects < truth - 0.08
    assert truth in found.band("mean_pd_of_rejects")


@pytest.mark.parametrize("method", METHODS)
def test_no_worse_is_the_truth_of_a_lender_who_saw_the_features_only(
    method: Method, fair_book: Book
) -> None:
    truth = fair_book.true_bad_rate_of_rejects

    found = compared(fair_book, method, factors=(1.0, 3.0))

    assert found.inferred[0].mean_pd_of_rejects == pytest.approx(truth, abs=0.04)
    assert found.inferred[1].mean_pd_of_rejects > truth + 0.1


@pytest.mark.parametrize("method", METHODS)
def test_worse_rejects_have_higher_pds_and_fewer_approvals(
    method: Method, knowing_book: Book
) -> None:
    found = compared(knowing_book, method)
    mean_pds = [f.mean_pd_of_rejects for f in found.inferred]
    approvals = [f.approval_rate_of_rejects for f in found.inferred]

    assert [(f.method, f.factor) for f in found.inferred] == [
        (method, factor) for factor in (1.0, 1.5, 2.0, 3.0)
    ]
    assert (np.diff(mean_pds) > 0.02).all()
    assert (np.diff(approvals) < -0.02).all()
    band = found.band("approval_rate_of_rejects")
    assert (band.low, band.high) == (min(approvals), max(approvals))


def test_what_is_deployed_does_not_know_the_factor(knowing_book: Book) -> None:
    """Calibrated on accepts, the model goes on approving rejects as if they were no worse."""
    found = compared(knowing_book, "fuzzy")
    last = found.inferred[-1]
    as_deployed = found.band("approval_rate_as_deployed")

    assert as_deployed.high - as_deployed.low < 0.05
    assert last.approval_rate_as_deployed > last.approval_rate_of_rejects + 0.3


def test_auc_is_that_of_held_out_accepts(fair_book: Book) -> None:
    learning, _, held_out = split_accepts(fair_book.accepts, fair_book.accept_labels, seed=0)
    alone = fit(learning.vectors, learning.labels, learning.weights)

    found = compared(fair_book, "fuzzy").accepts_only

    golden = roc_auc_score(held_out.labels, alone.margins(held_out.vectors))
    assert found.auc.estimate == pytest.approx(golden, abs=1e-12)
    assert found.auc.n == len(held_out.labels)
    assert found.auc.low < golden < found.auc.high
    assert (found.method, found.factor) == ("none", 1.0)


def test_approvals_are_counted_below_the_cutoff(fair_book: Book) -> None:
    """With a cut-off that no PD reaches, everyone is approved; with one below all, nobody."""
    everyone = compared(fair_book, "fuzzy", cutoff=0.9999999, factors=(1.0,)).accepts_only
    nobody = compared(fair_book, "fuzzy", cutoff=1e-6, factors=(1.0,)).accepts_only

    assert everyone.approval_rate_of_rejects == everyone.approval_rate_as_deployed == 1
    assert nobody.approval_rate_of_rejects == nobody.approval_rate_as_deployed == 0


@pytest.mark.parametrize("method", METHODS)
def test_no_model_learns_from_calibration_or_held_out_rows(method: Method, fair_book: Book) -> None:
    """Also the cross-fitted models of parcelling and of acceptance see learning rows only."""
    _, calibration, held_out = split_accepts(fair_book.accepts, fair_book.accept_labels, seed=0)
    kept_back = {*calibration.vectors[:, 0].tolist(), *held_out.vectors[:, 0].tolist()}
    n_fits = 0

    def watched(vectors: Matrix, labels: Labels, weights: Weights, /) -> Margins:
        nonlocal n_fits
        n_fits += 1
        assert kept_back.isdisjoint(vectors[:, 0].tolist())
        return fit(vectors, labels, weights)

    compared(fair_book, method, fit=watched, factors=(1.0, 2.0))

    # Accepts only, two factors, and three folds where the method needs them.
    assert n_fits == 1 + 2 + (0 if method == "fuzzy" else 3)


@pytest.mark.parametrize(
    ("part", "use"),
    [("learning", "learning"), ("calibration", "calibration"), ("held_out", "metrics")],
)
def test_inferred_labels_are_refused_in_every_part(part: str, use: str, fair_book: Book) -> None:
    with_inferred = infer_rejects(
        "fuzzy",
        fair_book.accepts,
        fair_book.accept_labels,
        fair_book.rejects,
        pd_of_rejects=np.full(len(fair_book.rejects), 0.2),
    )

    with pytest.raises(DataError, match=f"^{use}: expected accepts whose outcome was seen"):
        compared(fair_book, "fuzzy", **{part: with_inferred})


def test_the_same_seed_gives_the_same_comparison(fair_book: Book) -> None:
    first, again, other = (compared(fair_book, "parcelling", seed=seed) for seed in (1, 1, 2))

    assert first == again
    assert first != other


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            {"method": "none"},
            SettingsInvalid,
            "nothing to hold against accepts only by 'none'; cho",
        ),
        ({"factors": ()}, SettingsInvalid, "factors: expected different numbers, at least one"),
        ({"factors": (1, 2, 1)}, SettingsInvalid, r"different numbers, .*, came \[1, 2, 1\]"),
        ({"factors": (1, -2)}, SettingsInvalid, "factor: expected a number above 0, came -2"),
        ({"cutoff": 1.0}, SettingsInvalid, r"cutoff: expected a PD within \(0, 1\), came 1.0"),
        ({"rejects": np.ones((3, 5))}, DataError, "expected the 2 features of the accepts, came 5"),
    ],
)
def test_what_cannot_be_compared(
    change: dict[str, Any], error: type[CreditError], message: str, fair_book: Book
) -> None:
    with pytest.raises(error, match=message):
        compared(fair_book, **{"method": "fuzzy", **change})


def test_accepts_are_split_without_a_row_in_common() -> None:
    """Each row twice: twins stay on one side."""
    vectors = np.repeat(np.arange(500.0), 2)[:, None]
    labels = np.repeat(np.arange(500) % 5 == 0, 2).astype(np.int8)

    parts = split_accepts(vectors, labels, seed=1)

    seen = [set(part.vectors[:, 0].tolist()) for part in parts]
    assert [len(part.labels) for part in parts] == [600, 200, 200]
    assert [part.labels.mean() for part in parts] == [0.2, 0.2, 0.2]
    assert set.union(*seen) == set(np.arange(500.0).tolist())
    assert sum(map(len, seen)) == 500


def test_the_table_shows_accepts_only_first_and_the_band_last(knowing_book: Book) -> None:
    found = compared(knowing_book, "fuzzy", factors=(1.0, 2.0))

    lines = reject_table(found).splitlines()

    assert lines[0].startswith("method        factor  AUC on held-out accepts")
    assert lines[1].startswith(f"accepts only  -       {found.accepts_only.auc}")
    assert lines[2].startswith("fuzzy         1       ")
    assert lines[3].startswith("fuzzy         2       ")
    assert lines[4].startswith("fuzzy, band")
    assert f"  {found.inferred[1].mean_pd_of_rejects:.4f}  " in lines[3]
    assert str(found.band("mean_pd_of_rejects")) in lines[4]
    assert lines[6] == (
        f"measured on {found.accepts_only.auc.n} held-out accepts with {found.accepts_only.auc.n_bads} "
        f"bads; {len(knowing_book.rejects)} rejects, approved below PD 0.2"
    )
    assert lines[7].endswith("the band shows what the factor does, not where the truth lies")


def test_the_example_runs() -> None:
    module = sys.modules[compare_reject_inference.__module__]

    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)

    assert result.attempted > 10
    assert result.failed == 0


def test_observed_rows_of_other_splits_serve_as_well(fair_book: Book) -> None:
    """A split by time: the first half, a quarter, the last quarter."""
    vectors, labels = fair_book.accepts, fair_book.accept_labels
    half, three_quarters = len(labels) // 2, len(labels) * 3 // 4
    parts = {
        "learning": TrainingSet.observed(vectors[:half], labels[:half]),
        "calibration": TrainingSet.observed(
            vectors[half:three_quarters], labels[half:three_quarters]
        ),
        "held_out": TrainingSet.observed(vectors[three_quarters:], labels[three_quarters:]),
    }

    found = compared(fair_book, "fuzzy", **parts)

    assert found.accepts_only.auc.n == len(labels) - three_quarters
