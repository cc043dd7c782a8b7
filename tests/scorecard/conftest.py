"""The scorecard most tests look at, fitted once, as production fits it."""

from __future__ import annotations

import pytest

from credit.scorecard import Scorecard
from credit.scorecard.fit import fit_scorecard

from .applicants import Applicants, Mixed, applicants_of, mixed_of


@pytest.fixture(scope="session")
def applicants() -> Applicants:
    return applicants_of(4000, seed=1)


@pytest.fixture(scope="session")
def card(applicants: Applicants) -> Scorecard:
    return fit_scorecard(
        applicants.vectors,
        applicants.y,
        feature_names=applicants.names,
        directions=applicants.directions,
    )


@pytest.fixture(scope="session")
def mixed() -> Mixed:
    return mixed_of(6000, seed=5)


@pytest.fixture(scope="session")
def mixed_card(mixed: Mixed) -> Scorecard:
    return fit_scorecard(
        mixed.vectors,
        mixed.y,
        feature_names=mixed.names,
        directions=mixed.directions,
        categories=mixed.categories,
        codes=mixed.codes,
    )
