"""PSI tells how far a feature moved, and how much of that chance does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import SettingsInvalid
from drift import DetectorLevels, PsiDetector
from drift.psi import PsiLimits, expected_by_chance, psi_level, psi_limits, reached_by_chance

LEVELS = DetectorLevels()
SIZES = st.integers(50, 100_000)


def test_psi_of_a_known_shift() -> None:
    """0.1 ln(0.6/0.5) - 0.1 ln(0.4/0.5) = 0.1 (0.182322 + 0.223144) = 0.040547."""
    reference = np.repeat([0.0, 1.0], 500).reshape(-1, 1)
    current = np.repeat([0.0, 1.0], [300, 200]).reshape(-1, 1)

    [found] = PsiDetector(reference, ["home_owner"], LEVELS).check(current).features

    assert found.feature == "home_owner"
    assert found.statistic == pytest.approx(0.040547, abs=1e-6)
    assert found.p_value is None


def test_chance_follows_the_chi_squared_table() -> None:
    """Tables give 16.919 for 9 degrees of freedom at 5%; 1/500 + 1/2000 = 0.0025."""
    assert expected_by_chance(10, 2000, 500) == pytest.approx(9 * 0.0025)
    assert reached_by_chance(10, 2000, 500, 0.05) == pytest.approx(16.919 * 0.0025, abs=1e-5)


def test_one_bin_leaves_nothing_to_chance() -> None:
    assert reached_by_chance(1, 2000, 500, 0.05) == 0


@given(n_bins=st.integers(1, 20), n_features=st.integers(1, 200), sizes=st.tuples(SIZES, SIZES))
def test_limits_lie_above_the_bands_and_above_the_noise(
    n_bins: int, n_features: int, sizes: tuple[int, int]
) -> None:
    n_reference, n_current = sizes

    limits = psi_limits(
        LEVELS, n_features=n_features, n_bins=n_bins, n_reference=n_reference, n_current=n_current
    )

    noise = expected_by_chance(n_bins, n_reference, n_current)
    assert limits.warning >= max(0.10, noise)
    assert limits.alarm >= max(0.25, noise)
    assert limits.alarm >= limits.warning


def test_large_samples_get_the_customary_bands() -> None:
    limits = psi_limits(LEVELS, n_features=14, n_bins=10, n_reference=50_000, n_current=10_000)

    assert limits == PsiLimits(warning=0.10, alarm=0.25)


@pytest.mark.parametrize(
    ("value", "level"),
    [(0.0999, "none"), (0.10, "warning"), (0.2499, "warning"), (0.25, "alarm")],
)
def test_each_band_begins_at_its_limit(value: float, level: str) -> None:
    assert psi_level(value, PsiLimits(warning=0.10, alarm=0.25)) == level


@given(seed=st.integers(0, 2**32 - 1))
def test_the_reference_does_not_drift_from_itself_in_any_order(seed: int) -> None:
    reference = np.random.default_rng(0).lognormal(size=(400, 2))
    reference[::7, 1] = np.nan
    shuffled = np.random.default_rng(seed).permutation(reference)

    result = PsiDetector(reference, ["income", "debt"], LEVELS).check(shuffled)

    assert [feature.statistic for feature in result.features] == [0, 0]
    assert result.level == "none"


def test_a_small_window_is_shown_and_not_judged() -> None:
    """Bins that are empty by chance would look like a catastrophe."""
    reference = np.random.default_rng(0).normal(size=(2000, 1))

    result = PsiDetector(reference, ["income"], LEVELS).check(reference[:100] + 9)

    assert result.features[0].statistic > 1
    assert result.level == "none"
    assert "not judged: 100 decisions against 2000 reference rows" in result.note


def test_the_note_shows_bands_sizes_and_noise() -> None:
    reference = np.random.default_rng(0).normal(size=(2000, 1))

    result = PsiDetector(reference, ["income"], LEVELS).check(reference[:500])

    for part in ("0.1 ", "0.25 ", "Siddiqi", "500 decisions", "2000 reference rows", "0.022"):
        assert part in result.note
    assert (result.reference_size, result.current_size) == (2000, 500)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"psi_warning": 0.3}, "psi_warning=0.3 and psi_alarm=0.25"),
        ({"psi_warning": 0.0}, "0 < psi_warning"),
        ({"p_alarm": 0.1}, "p_alarm=0.1 and p_warning=0.05"),
        ({"p_warning": 1.0}, "p_warning < 1"),
        ({"p_alarm": float("nan")}, "p_alarm=nan"),
    ],
)
def test_levels_that_contradict_each_other_are_refused(
    settings: dict[str, float], message: str
) -> None:
    with pytest.raises(SettingsInvalid, match=message):
        DetectorLevels(**settings)
