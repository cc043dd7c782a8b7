"""Rejects are drawn at the bad rate of the accepts in their band, times the factor."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.metrics.sample import FloatArray
from credit.models.base import Labels
from credit.reject_inference.parcelling import MINIMUM_ACCEPTS, band_edges, parcelled_labels

# 100 accepts at PD 0.1, 10 of them bad; 100 at PD 0.5, 40 of them bad.
PD_OF_ACCEPTS = np.repeat([0.1, 0.5], 100)
LABELS = np.repeat(np.array([1, 0, 1, 0], dtype=np.int8), [10, 90, 40, 60])
# 50 rejects of each: bands are told apart by the middle of all 300.
PD_OF_REJECTS = np.repeat([0.1, 0.5], 50)


def parcelled(*, factor: float = 1.0, seed: int = 0, n_bands: int = 2) -> Labels:
    return parcelled_labels(
        PD_OF_ACCEPTS, LABELS, PD_OF_REJECTS, factor=factor, seed=seed, n_bands=n_bands
    )


@pytest.mark.parametrize(
    ("factor", "bads"),
    [
        # 0.10 of 50 and 0.40 of 50, times the factor.
        (1.0, (5, 20)),
        (2.0, (10, 40)),
        # No band has more bads than rejects.
        (3.0, (15, 50)),
        (100.0, (50, 50)),
    ],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_bads_of_each_band_by_hand(factor: float, bads: tuple[int, int], seed: int) -> None:
    drawn = parcelled(factor=factor, seed=seed)

    assert (drawn[:50].sum(), drawn[50:].sum()) == bads


def test_one_band_takes_the_rate_of_all_accepts() -> None:
    assert parcelled(n_bands=1).sum() == 0.25 * 100


def test_rounding_evens_out_over_seeds() -> None:
    """0.11 and 0.44 of 50 rejects are 5.5 and 22: the first is 5 as often as 6."""
    drawn = [parcelled(factor=1.1, seed=seed)[:50].sum() for seed in range(400)]

    assert set(drawn) == {5, 6}
    assert np.mean(drawn) == pytest.approx(5.5, abs=3 * 0.5 / np.sqrt(400))


def test_chance_picks_the_bads_and_a_seed_repeats_it() -> None:
    first, again, other = parcelled(seed=1), parcelled(seed=1), parcelled(seed=2)

    assert first.tolist() == again.tolist()
    assert first.tolist() != other.tolist()


@given(
    low=st.floats(0.1, 5), more=st.floats(0, 3), seed=st.integers(0, 100), n_bands=st.integers(1, 8)
)
def test_whoever_is_bad_stays_bad_at_a_higher_factor(
    low: float, more: float, seed: int, n_bands: int
) -> None:
    at_low = parcelled(factor=low, seed=seed, n_bands=n_bands)
    at_high = parcelled(factor=low + more, seed=seed, n_bands=n_bands)

    assert (at_low <= at_high).all()


@given(
    accepts=st.lists(st.floats(0, 1), min_size=1, max_size=400),
    rejects=st.lists(st.floats(0, 1), min_size=1, max_size=200),
    n_bands=st.integers(1, 12),
)
def test_every_band_has_enough_accepts(
    accepts: list[float], rejects: list[float], n_bands: int
) -> None:
    prob = np.array(accepts)

    edges = band_edges(prob, np.array(rejects), n_bands)

    in_band = np.bincount(np.searchsorted(edges, prob, side="right"), minlength=len(edges) + 1)
    assert (np.diff(edges) > 0).all()
    assert len(edges) < n_bands
    assert len(edges) == 0 or in_band.min() >= MINIMUM_ACCEPTS


def test_bands_are_kept_where_accepts_allow() -> None:
    """1,000 accepts and 1,000 rejects spread alike: ten bands of 100 accepts each."""
    prob: FloatArray = (np.arange(1_000) + 0.5) / 1_000

    assert band_edges(prob, prob, 10) == pytest.approx(np.arange(1, 10) / 10, abs=1e-3)
