"""How often a fault strikes: ten times in every run of the tests, a hundred times in a proof."""

from __future__ import annotations

import pytest

ROUNDS = pytest.mark.parametrize("n_rounds", [10, pytest.param(100, marks=pytest.mark.full)])
