"""A bag answers with the mean of its members, to the bit, and explains itself the same way."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.decision.members import load_model, make_explainer
from credit.errors import BundleCorrupt
from credit.explain.bag import BagExplainer
from credit.models.bag import FILE, BaggedModel
from credit.models.lightgbm import LightGBMModel, fit_lightgbm
from tests.models.samples import WITH_CATEGORY, sample_with_category

NAN = math.nan
X, Y = sample_with_category(800)
PARAMETERS = {"num_iterations": 8, "num_leaves": 5, "bagging_fraction": 0.5, "bagging_freq": 1}
FILL = (0.5, NAN, -0.25, 0.0, 1.0)


def member(seed: int) -> LightGBMModel:
    return fit_lightgbm(
        X, Y, features=WITH_CATEGORY, parameters=PARAMETERS, seed=seed, num_threads=1
    )


@pytest.fixture(scope="module")
def members() -> list[LightGBMModel]:
    return [member(seed) for seed in range(3)]


@pytest.fixture(scope="module", params=[None, FILL], ids=["as it is", "filled"])
def bag(request: pytest.FixtureRequest, members: list[LightGBMModel]) -> BaggedModel:
    return BaggedModel(members, request.param)


def filled(vector: Sequence[float], bag: BaggedModel) -> list[float]:
    return [
        v if bag.fill is None or not math.isnan(v) else f for v, f in zip(vector, FILL, strict=True)
    ]


def test_the_margin_is_the_mean_of_the_members(
    bag: BaggedModel, members: list[LightGBMModel]
) -> None:
    for vector in X[:50].tolist():
        own = [m.margin(filled(vector, bag)) for m in members]
        assert len(set(own)) > 1
        assert bag.margin(vector) == (own[0] + own[1] + own[2]) / 3


def test_the_family_is_that_of_the_members(bag: BaggedModel) -> None:
    assert bag.family == "lightgbm"


@given(places=st.lists(st.integers(0, len(X) - 1), min_size=1, max_size=12))
def test_a_table_gives_the_bits_of_its_rows(bag: BaggedModel, places: list[int]) -> None:
    rows = X[places]

    assert bag.margins(rows).tolist() == [bag.margin(row) for row in rows.tolist()]


def test_filling_touches_missing_values_only(members: list[LightGBMModel]) -> None:
    bag = BaggedModel(members, FILL)
    vector = [NAN, NAN, 3.0, 99.0, NAN]

    assert bag.filled(vector)[0] == 0.5
    assert math.isnan(bag.filled(vector)[1])
    assert list(bag.filled(vector)[2:]) == [3.0, 99.0, 1.0]
    np.testing.assert_array_equal(bag.filled_matrix(np.array([vector]))[0], bag.filled(vector))
    assert BaggedModel(members).filled(vector) is vector


def test_a_bag_comes_back_from_its_files_with_every_bit(bag: BaggedModel) -> None:
    again = load_model("lightgbm", bag.to_files())

    assert isinstance(again, BaggedModel)
    assert len(again.members) == 3
    assert again.to_files() == bag.to_files()
    assert again.margins(X).tobytes() == bag.margins(X).tobytes()


def test_more_than_ten_members_keep_their_own_files(members: list[LightGBMModel]) -> None:
    """`member-1.` is the beginning of no name of member 10."""
    many = BaggedModel([members[i % 3] for i in range(12)])

    again = BaggedModel.from_files(many.to_files(), LightGBMModel.from_files)

    assert [m.to_files() for m in again.members] == [m.to_files() for m in many.members]


def test_a_single_model_is_no_bag(members: list[LightGBMModel]) -> None:
    assert isinstance(load_model("lightgbm", members[0].to_files()), LightGBMModel)


def test_contributions_are_the_mean_of_the_members_and_add_up(bag: BaggedModel) -> None:
    background = X[100:130]
    explainer = make_explainer("lightgbm", bag, background)
    own = [make_explainer("lightgbm", m, bag.filled_matrix(background)) for m in bag.members]

    assert isinstance(explainer, BagExplainer)
    for vector in X[:10].tolist():
        found = explainer.explain(vector)
        parts = [each.explain(filled(vector, bag)) for each in own]
        expected = np.mean([part.contributions for part in parts], axis=0)
        assert found.contributions == pytest.approx(expected, abs=1e-12)
        assert found.base + math.fsum(found.contributions) == pytest.approx(
            bag.margin(vector), abs=1e-6
        )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "bag.json is not a bag of models"),
        (b"[]", "bag.json is not a bag of models"),
        (b'{"n_members": 1}', "bag.json is not a bag of models"),
        (b'{"n_members": 0, "fill": null}', "expected at least one member, came 0"),
        (b'{"n_members": 4, "fill": null}', "is not a LightGBM model"),
        (b'{"n_members": 3, "fill": null, "x": 1}', "bag.json is not a bag of models"),
    ],
)
def test_files_that_are_no_bag_are_refused(bag: BaggedModel, content: bytes, message: str) -> None:
    with pytest.raises(BundleCorrupt, match=message):
        load_model("lightgbm", bag.to_files() | {FILE: content})


def test_what_stands_for_nothing_is_null_in_the_file(members: list[LightGBMModel]) -> None:
    """JSON has no NaN."""
    document = json.loads(BaggedModel(members, FILL).to_files()[FILE])

    assert document == {"n_members": 3, "fill": [0.5, None, -0.25, 0.0, 1.0]}
