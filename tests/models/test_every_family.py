"""What holds for every model family."""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.contract import Contract
from credit.decision import Bundle
from credit.decision.families import family
from credit.errors import BundleCorrupt, BundleIncompatible
from credit.features import FeatureSpec
from credit.models.scorecard import FILE as CARD_FILE
from credit.models.scorecard import ScorecardModel
from tests.conftest import CARD
from tune.rows import Rows

Matrix = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def vectors(any_bundle: Bundle, rows: Rows) -> Matrix:
    """Feature vectors with missing values and codes among them."""
    found = any_bundle.transform.matrix(rows.raw[:400])
    assert np.isnan(found).any()
    return found


@pytest.fixture(scope="module")
def alone(any_bundle: Bundle, vectors: Matrix) -> Matrix:
    """Margin of each vector, asked for by itself."""
    return np.array([any_bundle.model.margin(tuple(vector)) for vector in vectors.tolist()])


def test_a_batch_gives_each_row_the_bits_it_has_alone(
    any_bundle: Bundle, vectors: Matrix, alone: Matrix
) -> None:
    assert any_bundle.model.margins(vectors).tobytes() == alone.tobytes()
    assert len(set(alone.tolist())) > 100


@given(data=st.data())
def test_neither_order_nor_split_of_a_batch_matters(
    any_bundle: Bundle, vectors: Matrix, alone: Matrix, data: st.DataObject
) -> None:
    order = np.array(data.draw(st.permutations(range(60))))
    cuts = sorted(data.draw(st.sets(st.integers(1, 59), max_size=6)))

    batches = np.split(vectors[order], cuts)
    found = np.concatenate([any_bundle.model.margins(np.asarray(batch)) for batch in batches])

    assert found.tobytes() == alone[order].tobytes()


def test_the_margin_follows_the_contract_s_directions(
    any_bundle: Bundle, contract: Contract, vectors: Matrix
) -> None:
    """Each constrained feature is moved through its range while all others stay."""
    if not family(any_bundle.manifest.family).monotone:
        pytest.skip("the family promises no directions")
    moved = 0
    for j, direction in enumerate(contract.directions):
        if direction == 0:
            continue
        grid = np.unique(vectors[:, j][~np.isnan(vectors[:, j])])[::direction]
        for vector in vectors[:40]:
            changed = np.tile(vector, (len(grid), 1))
            changed[:, j] = grid
            margins = any_bundle.model.margins(changed)
            assert (np.diff(margins) >= 0).all(), contract.feature_names[j]
            moved += int((np.diff(margins) > 0).sum())
    assert moved > 100


def test_a_free_feature_may_go_either_way(lightgbm_bundle: Bundle, rows: Rows) -> None:
    """The control of the test above: without a constraint the margin rises here and falls there."""
    contract = lightgbm_bundle.contract
    vectors = lightgbm_bundle.transform.matrix(rows.raw[:200])
    steps = []
    for j in np.flatnonzero(np.array(contract.directions) == 0):
        grid = np.unique(vectors[:, j][~np.isnan(vectors[:, j])])
        changed = np.tile(vectors[0], (len(grid), 1))
        changed[:, j] = grid
        steps += np.diff(lightgbm_bundle.model.margins(changed)).tolist()

    assert min(steps) < 0 < max(steps)


def test_a_model_comes_back_from_its_files_bit_by_bit(
    any_bundle: Bundle, vectors: Matrix, alone: Matrix, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = any_bundle.model.to_files()

    monkeypatch.setenv("CREDIT_ALLOW_PICKLE", "1")
    again = family(any_bundle.manifest.family).load(files)

    assert again.to_files() == files
    assert again.margins(vectors).tobytes() == alone.tobytes()


def test_an_unknown_family_is_refused_with_those_known() -> None:
    with pytest.raises(
        BundleIncompatible, match="unknown model family 'forest'.*lightgbm, logistic, random_forest"
    ):
        family("forest")


def test_fitting_a_scorecard_again_gives_the_same_card(
    rows: Rows, contract: Contract, scorecard_bundle: Bundle
) -> None:
    vectors = scorecard_bundle.transform.matrix(rows.raw)

    cards = [
        family("scorecard")
        .fit(
            vectors,
            rows.labels,
            features=FeatureSpec.of(contract),
            parameters=CARD,
            seed=1,
            num_threads=threads,
        )
        .to_files()
        for threads in (1, 2)
    ]

    assert cards[0] == cards[1]


@pytest.mark.parametrize(
    "change",
    [
        lambda t: "",
        lambda t: t[: len(t) // 2],
        lambda t: t.replace('"intercept"', '"intersept"', 1),
        lambda t: re.sub(r'"version": \d+', '"version": 99', t, count=1),
        lambda t: t.replace('"shares": [', '"shares": [0.5,', 1),
    ],
)
def test_a_damaged_scorecard_is_refused(scorecard_bundle: Bundle, change: object) -> None:
    assert callable(change)
    text = scorecard_bundle.model.to_files()[CARD_FILE].decode()
    damaged: str = change(text)
    assert damaged != text

    with pytest.raises(BundleCorrupt, match=f"{CARD_FILE} is not a scorecard: "):
        ScorecardModel.from_files({CARD_FILE: damaged.encode()})
