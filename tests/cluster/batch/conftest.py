"""The home with two arms of the tests of scoring, and a batch small enough that it has several blocks."""

from __future__ import annotations

import pytest

from cluster.batch import blocks
from credit.data import parts
from tests.cluster.scoring.conftest import (  # noqa: F401 - fixtures
    applicants,
    credit,
    file,
    home,
    made_home,
)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut files into blocks of 32 rows: 120 rows are four of them."""
    monkeypatch.setattr(parts, "ROWS_OF_A_PART", 16)
    monkeypatch.setattr(parts, "BLOCK_BYTES", 2_000)
    monkeypatch.setattr(blocks, "PARTS_OF_A_BLOCK", 2)
