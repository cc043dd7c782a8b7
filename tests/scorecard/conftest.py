"""The scorecard most tests look at, fitted once, as production fits it."""

from __future__ import annotations

import pytest

from credit.scorecard import Scorecard
from credit.scorecard.fit import fit_scorecard

from .applicants import Applicants, applicants_of


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
