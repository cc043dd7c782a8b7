"""The explainable boosting machine answers from our tables as it answers in its library."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from credit.errors import DataError
from credit.models.additive import AdditiveModel
from credit.models.ebm import fit_ebm
from credit.models.terms import Pair, Steps
from tests.models.samples import SIGNED, WITH_CATEGORY, sample, sample_with_category

glassbox = pytest.importorskip("interpret.glassbox")

SMALL: dict[str, Any] = {"outer_bags": 2, "max_rounds": 150, "max_bins": 64}


@pytest.fixture(scope="module")
def with_pairs() -> AdditiveModel:
    return fit_ebm(
        *sample(), features=SIGNED, parameters={**SMALL, "interactions": 1}, seed=5, num_threads=2
    )


def test_tables_equal_the_library_in_every_bin(with_pairs: AdditiveModel) -> None:
    vectors, labels = sample()
    golden = glassbox.ExplainableBoostingClassifier(
        **SMALL,
        interactions=1,
        feature_types=["continuous"] * 4,
        monotone_constraints=[1, 0, -1, 0],
        random_state=5,
        n_jobs=1,
    )
    edges = [t.axis.edges for t in with_pairs.terms if isinstance(t, Steps)]
    rng = np.random.default_rng(1)
    at_edges = np.column_stack(
        [rng.choice([*e, *np.nextafter(e, -np.inf), np.nan], 300) for e in edges]
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Missing values detected")
        golden.fit(vectors, labels)
        for tested in (vectors, at_edges):
            expected = golden.decision_function(tested)
            np.testing.assert_allclose(with_pairs.margins(tested), expected, atol=1e-9)


def test_pairs_are_only_made_of_features_without_a_direction(with_pairs: AdditiveModel) -> None:
    """The second and fourth are the free ones, and they do act together."""
    pairs = [term for term in with_pairs.terms if isinstance(term, Pair)]

    assert [pair.places for pair in pairs] == [(1, 3)]
    assert np.ptp(pairs[0].values) > 0.1


def test_tables_follow_the_directions(with_pairs: AdditiveModel) -> None:
    rising, _, falling, free = (t.values[1:] for t in with_pairs.terms if isinstance(t, Steps))

    assert (np.diff(rising) >= 0).all()
    assert (np.diff(falling) <= 0).all()
    assert min(np.diff(free)) < 0 < max(np.diff(free))


def test_a_category_is_a_table_and_one_never_seen_adds_nothing() -> None:
    vectors, labels = sample_with_category()

    model = fit_ebm(
        vectors,
        labels,
        features=WITH_CATEGORY,
        parameters={**SMALL, "interactions": 3},
        seed=5,
        num_threads=1,
    )

    term = model.terms[4]
    assert isinstance(term, Steps)
    _, p, q, r, never = term.values
    assert never == 0.0
    assert min(p, q) > r
    pairs = [t for t in model.terms if isinstance(t, Pair) and 4 in t.places]
    assert pairs
    for pair in pairs:
        table = np.reshape(pair.values, (pair.first.n_bins, pair.second.n_bins))
        assert not (table[:, 4] if pair.second.place == 4 else table[4]).any()
        assert table.any()


def test_a_fit_depends_on_its_arguments_alone_not_on_threads(with_pairs: AdditiveModel) -> None:
    def files(seed: int) -> dict[str, bytes]:
        return fit_ebm(
            *sample(),
            features=SIGNED,
            parameters={**SMALL, "interactions": 1},
            seed=seed,
            num_threads=1,
        ).to_files()

    assert files(5) == with_pairs.to_files()
    assert files(6) != with_pairs.to_files()


def test_terms_of_three_features_are_refused() -> None:
    parameters = {**SMALL, "max_rounds": 5, "interactions": [(0, 1, 3)]}
    free = WITH_CATEGORY.numbers(SIGNED.names)

    with (
        pytest.warns(UserWarning, match="3 or more terms"),
        pytest.raises(DataError, match="terms of one feature and of pairs; ask for no larger"),
    ):
        fit_ebm(*sample(300), features=free, parameters=parameters, seed=5, num_threads=1)


def test_one_class_is_refused() -> None:
    vectors, labels = sample(100)

    with pytest.raises(DataError, match="expected both goods and bads"):
        fit_ebm(
            vectors, np.zeros_like(labels), features=SIGNED, parameters=SMALL, seed=5, num_threads=1
        )
