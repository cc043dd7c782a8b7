"""Many at a time is one at a time: every bit, in any batch, in any order, and no applicant's data in another's."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from credit.contract import Application
from credit.decision import Arm, Bundle, Rollout, score
from credit.decision.assignment import arm_for
from credit.decision.batch import BatchScorer, Decided, score_many
from credit.decision.rollout_changes import with_share
from credit.decision.score import Score
from credit.decision.scorer import answer
from credit.errors import ApplicationInvalid, SettingsInvalid
from credit.explain.base import Explanation, Matrix
from credit.models.bag import BaggedModel
from tests.twosources import SOURCES
from tune.rows import Rows

BundleOf = Callable[[str], Bundle]


@pytest.fixture(scope="module")
def applications(rows: Rows) -> list[Application]:
    """Applicants with gaps and codes, each under a reference of its own."""
    return [
        Application(f"A-{i}", f"P-{i % 150}", None, tuple(values))
        for i, values in enumerate(rows.raw[:200].tolist())
    ]


@pytest.fixture(scope="module")
def bag(bundle_of: BundleOf) -> Bundle:
    """Two different ensembles as one, which fills what is missing."""
    one = bundle_of("lightgbm")
    fill = [0.5 * i for i in range(len(one.transform.names))]
    return Bundle(
        hash_="bag",
        contract=one.contract,
        transform=one.transform,
        model=BaggedModel([one.model, one.model], fill),
        calibrator=one.calibrator,
        scale=one.scale,
        background=one.background,
        golden=one.golden,
        manifest=one.manifest,
    )


@pytest.fixture(scope="module", params=["lightgbm", "scorecard", "bag"])
def one_bundle(request: pytest.FixtureRequest, bundle_of: BundleOf, bag: Bundle) -> Bundle:
    return bag if request.param == "bag" else bundle_of(request.param)


def bits(found: Score) -> bytes:
    """A score as bytes; NaN has none, and there must be none."""
    return msgspec.msgpack.encode(found)


@pytest.fixture(scope="module")
def alone(one_bundle: Bundle, applications: list[Application]) -> list[bytes]:
    return [bits(score(one_bundle, one_bundle.explainer, a)) for a in applications]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.lists(st.integers(0, 199), min_size=1, max_size=120))
def test_any_batch_in_any_order_gives_the_bits_of_one_at_a_time(
    one_bundle: Bundle, applications: list[Application], alone: list[bytes], order: list[int]
) -> None:
    found = score_many(one_bundle, one_bundle.explainer, [applications[i] for i in order])

    assert list(map(bits, found.scores)) == [alone[i] for i in order]


def test_every_family_scores_a_batch_as_one_by_one(
    any_bundle: Bundle, applications: list[Application]
) -> None:
    some = applications[:40]

    found = score_many(any_bundle, any_bundle.explainer, some)

    expected = [score(any_bundle, any_bundle.explainer, a) for a in some]
    assert list(map(bits, found.scores)) == list(map(bits, expected))
    vectors = [any_bundle.transform.row(a.values) for a in some]
    assert np.array_equal(np.array(found.vectors), np.array(vectors), equal_nan=True)
    assert found.engine == any_bundle.explainer.explain(vectors[0]).engine


class _OffByABit:
    """An engine whose batch differs from one at a time in the last bit of one number."""

    engine = "bent/1"

    def __init__(self, bundle: Bundle) -> None:
        self._true = bundle.explainer

    def explain(self, vector: Sequence[float]) -> Explanation:
        return self._true.explain(vector)

    def explain_many(self, vectors: Matrix) -> Matrix:
        found = self._true.explain_many(vectors).copy()
        found[3, 0] = math.nextafter(found[3, 0], math.inf)
        return found


def test_the_comparison_sees_one_bit(
    one_bundle: Bundle, applications: list[Application], alone: list[bytes]
) -> None:
    """The control of the tests above."""
    found = score_many(one_bundle, _OffByABit(one_bundle), applications[:10])

    same = [bits(f) == a for f, a in zip(found.scores, alone[:10], strict=True)]
    assert same == [i != 3 for i in range(10)]


def test_stages_are_timed(bundle_of: BundleOf, applications: list[Application]) -> None:
    bundle = bundle_of("scorecard")

    found = score_many(bundle, bundle.explainer, applications)

    assert list(found.stage_us) == ["transform", "model", "explainer", "decide"]
    assert all(isinstance(took, int) and took >= 0 for took in found.stage_us.values())


# Arms and fallbacks.


def rollout(champion: Bundle, challenger: Bundle) -> Rollout:
    arms = (Arm("champion", champion.hash), Arm("challenger", challenger.hash))
    return with_share(Rollout("p", 3, "pepper", arms), "challenger", 300)


@pytest.fixture(scope="module")
def scorer(bundle_of: BundleOf) -> BatchScorer:
    bundles = [bundle_of("lightgbm"), bundle_of("scorecard")]
    return BatchScorer(rollout(*bundles), {b.hash: b for b in bundles})


def expected_of(scorer: BatchScorer, bundle_of: BundleOf, application: Application) -> bytes:
    """What the service would say, put together here from one applicant alone."""
    arm, _ = arm_for(scorer.rollout, application.applicant_id)
    bundle = bundle_of("lightgbm" if arm.name == "champion" else "scorecard")
    found = score(bundle, bundle.explainer, application)
    told = answer(
        bundle,
        application,
        found,
        arm=arm.name,
        generation=3,
        decision_id=None,
        with_shap_values=True,
    )
    return msgspec.json.encode(told)


def told(found: Decided | ApplicationInvalid) -> bytes:
    assert isinstance(found, Decided)
    return msgspec.json.encode(
        answer(
            found.pinned.bundle,
            found.application,
            found.score,
            arm=found.pinned.arm.name,
            generation=3,
            decision_id=None,
            with_shap_values=True,
        )
    )


def test_arms_stand_side_by_side_in_a_batch_and_each_applicant_keeps_its_own(
    scorer: BatchScorer, bundle_of: BundleOf, applications: list[Application]
) -> None:
    asked = [*applications, *(msgspec.structs.replace(a, applicant_id=None) for a in applications)]

    found = scorer.decide(asked)

    assert [told(f) for f in found] == [expected_of(scorer, bundle_of, a) for a in asked]
    arms = [f.pinned.arm.name for f in found if isinstance(f, Decided)]
    assert set(arms[:200]) == {"champion", "challenger"}
    assert set(arms[200:]) == {"champion"}


def check_interleaved(
    scorer: BatchScorer, bundle_of: BundleOf, applications: list[Application], n_rows: int
) -> None:
    """Applicants come again and again in a drawn order and in batches of drawn sizes."""
    expected = [expected_of(scorer, bundle_of, a) for a in applications]
    draw = np.random.default_rng(17)
    order = draw.integers(0, len(applications), n_rows)
    n_done = 0
    for members in _batches(order, draw):
        found = scorer.decide([applications[i] for i in members])
        for i, one in zip(members, found, strict=True):
            assert isinstance(one, Decided)
            assert one.application is applications[i]
            assert told(one) == expected[i]
        n_done += len(members)
    assert n_done == n_rows


def _batches(order: npt.NDArray[np.int64], draw: np.random.Generator) -> Iterable[list[int]]:
    begin = 0
    while begin < len(order):
        size = int(draw.integers(1, 3_000))
        yield order[begin : begin + size].tolist()
        begin += size


def test_20_000_interleaved_rows_are_never_mixed(
    scorer: BatchScorer, bundle_of: BundleOf, applications: list[Application]
) -> None:
    check_interleaved(scorer, bundle_of, applications, 20_000)


@pytest.mark.full
def test_a_million_interleaved_rows_are_never_mixed(
    scorer: BatchScorer, bundle_of: BundleOf, applications: list[Application]
) -> None:
    check_interleaved(scorer, bundle_of, applications, 1_000_000)


def test_arms_of_two_contracts_are_refused(bundle_of: BundleOf) -> None:
    one, other = bundle_of("lightgbm"), bundle_of("scorecard")
    moved = Bundle(
        hash_=other.hash,
        contract=other.contract.model_copy(update={"version": "2"}),
        transform=other.transform,
        model=other.model,
        calibrator=other.calibrator,
        scale=other.scale,
        background=other.background,
        golden=other.golden,
        manifest=other.manifest,
    )

    with pytest.raises(SettingsInvalid, match="was made with another contract than the champion"):
        BatchScorer(rollout(one, moved), {one.hash: one, moved.hash: moved})


def test_who_withholds_what_no_model_does_without_gets_an_error_in_place(
    scorer: BatchScorer, applications: list[Application]
) -> None:
    """The bundles of this product have no fallbacks at all."""
    withholds = msgspec.structs.replace(applications[1], withheld=(SOURCES[0],))

    first, second, third = scorer.decide([applications[0], withholds, applications[2]])

    assert isinstance(first, Decided)
    assert isinstance(third, Decided)
    assert third.application is applications[2]
    assert isinstance(second, ApplicationInvalid)
    assert "cannot be scored without consent" in str(second)


def test_no_applications_are_no_answers(scorer: BatchScorer) -> None:
    assert scorer.decide([]) == []
