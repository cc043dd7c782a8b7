"""A booster gives one row the same bits alone and in company, obeys its signs, and survives its text."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from credit.contract import Contract
from credit.errors import BundleCorrupt
from credit.features import FeatureSpec, FeatureTransform
from credit.models.lightgbm import FILE, LightGBMModel, fit_lightgbm
from tests.conftest import BOOSTING
from tune.rows import Rows

BAGGING = {**BOOSTING, "bagging_fraction": 0.7, "bagging_freq": 1, "feature_fraction": 0.6}


def fitted(rows: Rows, contract: Contract, *, num_threads: int, seed: int = 1) -> LightGBMModel:
    vectors = FeatureTransform.fit(contract, rows.raw).matrix(rows.raw)
    return fit_lightgbm(
        vectors,
        rows.labels,
        features=FeatureSpec.of(contract),
        parameters=BAGGING,
        seed=seed,
        num_threads=num_threads,
    )


@pytest.fixture(scope="module")
def text(rows: Rows, contract: Contract) -> str:
    return fitted(rows, contract, num_threads=1).to_files()[FILE].decode()


@pytest.mark.parametrize("num_threads", [1, 2])
def test_a_fit_depends_on_its_arguments_alone_not_on_threads(
    rows: Rows, contract: Contract, text: str, num_threads: int
) -> None:
    again = fitted(rows, contract, num_threads=num_threads)

    assert again.to_files() == {FILE: text.encode()}


def test_another_seed_fits_another_model(rows: Rows, contract: Contract, text: str) -> None:
    """The control of the test above: bagging does draw."""
    assert fitted(rows, contract, num_threads=1, seed=2).to_files() != {FILE: text.encode()}


def _replace(old: str, new: str) -> object:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, 1)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: "", "does not begin with a header"),
        (lambda t: "a lightgbm model", "does not begin with a header"),
        (lambda t: t[5:], "does not begin with a header"),
        (lambda t: t[: len(t) // 2], r"tree \d+ is not where the header says"),
        (lambda t: t[:-400], "it was cut off"),
        (_replace("Tree=3\n", ""), "tree 2|tree 3"),
        (_replace("tree_sizes=", "sizes="), "no 'tree_sizes'"),
        (_replace("tree_sizes=", "tree_sizes=9"), "tree [01] is not"),
        (_replace("end of trees", "end of wood"), "do not end after the last one"),
        (_replace("num_leaves=8", "num_leaves=9"), r"tree 0 is not a tree \(leaves\)"),
        (_replace("num_leaves=8", "num_leaves=x"), "tree 0 is not a tree"),
        (_replace("split_feature=0", "split_feature=-"), r"tree \d+ is not a tree"),
        (_replace("split_feature=0", "split_feature=99"), r"tree \d+ is not"),
        (_replace("left_child=1", "left_child=7"), r"tree 0 is not a tree \(children\)"),
        (_replace("left_child=1", "left_child=0"), r"tree 0 is not a tree \(children\)"),
        (_replace("leaf_value=", "leaf_valeu="), "tree 0 is not a tree"),
        (_replace("leaf_value=-", "leaf_value=x"), "tree 0 is not a tree"),
    ],
)
def test_a_damaged_text_is_refused(text: str, change: object, message: str) -> None:
    """LightGBM itself would end the process on most of these."""
    assert callable(change)
    damaged: str = change(text)

    with pytest.raises(BundleCorrupt, match=f"{FILE} is not a LightGBM model: .*({message})"):
        LightGBMModel.from_files({FILE: damaged.encode()})


@pytest.mark.parametrize("files", [{}, {FILE: b"\xff\xfe"}])
def test_a_missing_or_binary_file_is_refused(files: dict[str, bytes]) -> None:
    with pytest.raises(BundleCorrupt, match=f"{FILE} is not a LightGBM model"):
        LightGBMModel.from_files(files)


def test_a_booster_without_a_split_still_reads(contract: Contract) -> None:
    """Trees of one leaf have no children to check."""
    vectors: npt.NDArray[np.float64] = np.zeros((200, 2))
    labels = np.array([0, 1] * 100, dtype=np.int8)
    model = fit_lightgbm(
        vectors,
        labels,
        features=FeatureSpec.numbers(["a", "b"]),
        parameters={"num_iterations": 3},
        seed=0,
        num_threads=1,
    )

    again = LightGBMModel.from_files(model.to_files())

    assert again.margin([0.0, 0.0]) == model.margin([0.0, 0.0])
