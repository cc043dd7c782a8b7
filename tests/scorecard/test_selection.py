"""What is selected, what is not, and why."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from credit.errors import DataError, SettingsInvalid
from credit.scorecard import FeatureStrength, SuspiciousFeatureWarning, warn_suspicious
from credit.scorecard.fit import fit_scorecard
from credit.scorecard.strength import Verdict
from credit.scorecard.transformer import WoeTransformer

from .applicants import Applicants


def judged(applicants: Applicants, **columns: NDArray[np.float64]) -> dict[str, FeatureStrength]:
    """Strengths of the loan book with more columns."""
    vectors = np.column_stack([applicants.vectors, *columns.values()])
    names = (*applicants.names, *columns)
    card = fit_scorecard(
        vectors,
        applicants.y,
        feature_names=names,
        directions=(*applicants.directions, *[0] * len(columns)),
    )
    assert {f.name for f in card.features} == {s.feature for s in card.strengths if s.selected}
    return {strength.feature: strength for strength in card.strengths}


def test_kept_and_weak(applicants: Applicants) -> None:
    strengths = judged(applicants)

    assert [s.verdict for s in strengths.values()] == ["kept", "kept", "kept", "weak"]
    assert strengths["shoe_size"].vif is None
    assert "below 0.02" in strengths["shoe_size"].reason
    factors = [s.vif for s in strengths.values() if s.selected]
    assert all(factor is not None and 1 <= factor < 1.5 for factor in factors)


def test_a_constant_column_is_dropped(applicants: Applicants) -> None:
    n = applicants.y.size
    strengths = judged(applicants, branch=np.full(n, 7.0), blank=np.full(n, np.nan))

    for name in ("branch", "blank"):
        assert strengths[name].verdict == "constant"
        assert strengths[name].reason == "dropped: every row holds the same; check its source"


def test_a_constant_column_is_dropped_without_any_floor(applicants: Applicants) -> None:
    vectors = np.column_stack([applicants.vectors[:, 0], np.full(applicants.y.size, 7.0)])
    fitted = WoeTransformer(("a", "b"), (1, 1), minimum_iv=0.0).fit(vectors, applicants.y)

    assert [s.verdict for s in fitted.strengths_] == ["kept", "constant"]


def test_one_value_and_missing_are_two_things(applicants: Applicants) -> None:
    """That only bads filled it in is information, though there is one value."""
    filled = np.where(applicants.y == 1, 5.0, np.nan)

    assert judged(applicants, filled=filled)["filled"].verdict == "kept"


def test_a_copy_is_dropped_and_the_earlier_column_kept(applicants: Applicants) -> None:
    strengths = judged(
        applicants, again=applicants.vectors[:, 0], scaled=applicants.vectors[:, 0] * 9
    )

    assert strengths["utilisation"].verdict == "kept"
    for name in ("again", "scaled"):
        assert strengths[name].verdict == "collinear"
        assert strengths[name].vif is None
        assert strengths[name].reason == "dropped: earlier features say exactly the same"


def nearly_late_payments(applicants: Applicants) -> NDArray[np.float64]:
    """Another reading of the late payments that differs in one row of two hundred."""
    late = applicants.vectors[:, 1]
    return np.where(np.arange(late.size) % 200 == 0, late + 1, late)


def test_what_others_nearly_say_is_dropped(applicants: Applicants) -> None:
    """Of two readings of one cause the weaker goes."""
    strengths = judged(applicants, near=nearly_late_payments(applicants))

    near, late = strengths["near"], strengths["late_payments"]
    assert near.iv < late.iv
    assert (late.verdict, near.verdict) == ("kept", "collinear")
    assert near.vif is not None
    assert near.vif > 10
    assert near.reason == f"dropped: variance inflation factor {near.vif:.1f}, above 10"


def test_the_limit_of_variance_inflation_can_be_lifted(applicants: Applicants) -> None:
    """All but exact copies stay then."""
    near = nearly_late_payments(applicants)
    vectors = np.column_stack([applicants.vectors[:, 1], near, near])

    bound, free = (
        WoeTransformer(("a", "b", "copy"), (1, 1, 1), maximum_vif=limit)
        .fit(vectors, applicants.y)
        .selected_
        for limit in (10.0, None)
    )

    assert (bound, free) == ((0,), (0, 1))


def test_a_sign_that_turns_around_is_named() -> None:
    rng = np.random.default_rng(3)
    cause = rng.normal(size=6000)
    echo = cause + 0.5 * rng.normal(size=6000)
    y = rng.random(6000) < 1 / (1 + np.exp(2 - 3 * cause + 1.5 * echo))

    card = fit_scorecard(
        np.column_stack([cause, echo]), y, feature_names=("cause", "echo"), directions=(1, 1)
    )

    assert [(s.feature, s.verdict) for s in card.strengths] == [("cause", "kept"), ("echo", "sign")]
    assert "its coefficient turns around" in card.strengths[1].reason


def test_mostly_missing_is_kept_and_remarked(applicants: Applicants) -> None:
    hidden = np.where(np.arange(applicants.y.size) % 5 == 0, applicants.margin, np.nan)

    strengths = judged(applicants, hidden=hidden)

    assert strengths["hidden"].selected
    assert strengths["hidden"].missing_share == pytest.approx(0.8)
    assert strengths["hidden"].remarks == (
        "missing in 80% of the rows; check its source, or leave it out",
    )
    assert strengths["late_payments"].remarks == ()


def test_what_may_know_the_outcome_is_warned_of_once_and_by_name(applicants: Applicants) -> None:
    rng = np.random.default_rng(8)
    flip = rng.random(applicants.y.size) < 0.1
    leak, rumour = np.where(flip, 1 - applicants.y, applicants.y), applicants.margin
    strengths = tuple(judged(applicants, leak=leak, rumour=rumour).values())

    with pytest.warns(SuspiciousFeatureWarning) as caught:
        warn_suspicious(strengths)

    assert len(caught) == 1
    assert "a feature knows the outcome: leak (" in str(caught[0].message)
    assert "rumour (" in str(caught[0].message)
    assert "utilisation" not in str(caught[0].message)
    assert "may mean that it knows the outcome" in strengths[0].remarks[0]


def test_a_sound_card_warns_of_nothing(applicants: Applicants) -> None:
    warn_suspicious(judged(applicants).values())


@pytest.mark.parametrize("verdict", ["constant", "weak", "collinear", "sign"])
def test_a_dropped_feature_is_not_warned_of(verdict: Verdict) -> None:
    warn_suspicious([FeatureStrength("leak", 9.0, None, verdict, "dropped", 0.0)])


def test_settings_that_cannot_be() -> None:
    for limit in (1.0, 0.0, float("nan")):
        with pytest.raises(SettingsInvalid, match="maximum_vif: expected above 1, or None"):
            WoeTransformer(("a",), (1,), maximum_vif=limit).fit([[1.0], [2.0]], [0, 1])
    for name, lists in (
        ("categories", WoeTransformer(("a",), (1,), categories=[(), ()])),
        ("codes", WoeTransformer(("a",), (1,), codes=[{}, {}])),
    ):
        with pytest.raises(DataError, match=f"{name}: expected 1, one per feature name, came 2"):
            lists.fit([[1.0], [2.0]], [0, 1])
