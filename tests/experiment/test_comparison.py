"""Two arms: who counts, what differs, and when nothing may be said."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from credit.errors import DataError
from credit.experiment.arms import Decision, Experiment, Phase, collect
from credit.experiment.comparison import Comparison, compare, needed, sample_ratio
from credit.experiment.equalrisk import at_equal_risk
from credit.experiment.outcomes import compare_outcomes
from credit.experiment.samplesize import for_two_shares
from credit.metrics import newcombe_interval
from tests.experiment.made_up import EXPERIMENT, arm_decisions


def changed(one: Decision, /, **clear: object) -> Decision:
    return one._replace(clear=replace(one.clear, **clear))


def compared(decisions: list[Decision], experiment: Experiment = EXPERIMENT) -> Comparison:
    rows, counted = collect(experiment, "champion", decisions)
    return compare(experiment, rows, counted)


def test_who_does_not_belong_is_left_out_and_counted() -> None:
    good = arm_decisions(40, seed=1)
    decisions = [
        *good,
        *(changed(d, slot=None) for d in good[:3]),
        *(changed(d, generation=6) for d in good[:4]),
        *(changed(d, arm="challenger_2") for d in good[:5]),
        *(changed(d, contract="other") for d in good[:6]),
        good[0]._replace(decision_id="again"),
        changed(good[1], arm="champion" if good[1].clear.arm == "challenger" else "challenger"),
    ]

    rows, counted = collect(EXPERIMENT, "champion", decisions)

    assert (counted.n_read, counted.n_outside, counted.n_other_generations) == (54, 3, 4)
    assert (counted.n_other_arms, counted.n_repeated, counted.n_moved) == (5, 2, 1)
    assert rows.first().decision_ids.tolist() == [d.decision_id for d in good]


def test_only_the_first_decision_on_an_applicant_counts_but_for_latency() -> None:
    decisions = arm_decisions(600, seed=2)
    again = [
        changed(d, decision="approve", latency_us={"answer": 1_000_000})._replace(
            decision_id=f"x{i}"
        )
        for i, d in enumerate(decisions)
        if d.clear.arm == "challenger"
    ]

    once, twice = compared(decisions), compared(decisions + again)

    assert once.lines[0] == twice.lines[0]
    before, after = once.line("mean latency"), twice.line("mean latency")
    assert before is not None
    assert after is not None
    assert after.challenger.estimate > 400 > before.challenger.estimate
    assert after.at_every_look is None


def test_figures_are_those_of_counting_by_hand() -> None:
    decisions = arm_decisions(800, seed=3, odds=1.2)
    arms: dict[str, list[Decision]] = {"champion": [], "challenger": []}
    for decision in decisions:
        arms[decision.clear.arm].append(decision)
    counts = {
        arm: (sum(d.clear.decision == "approve" for d in mine), len(mine))
        for arm, mine in arms.items()
    }

    found = compared(decisions)

    approval, pd, _, latency = found.lines
    assert approval.difference == newcombe_interval(counts["challenger"], counts["champion"])
    for side, mine in ((pd.champion, arms["champion"]), (pd.challenger, arms["challenger"])):
        values = [d.clear.probability_of_default for d in mine]
        assert side.estimate == pytest.approx(np.mean(values))
        assert (side.high - side.low) / 2 / (
            np.std(values, ddof=1) / len(mine) ** 0.5
        ) == pytest.approx(1.96, abs=0.02)
    assert latency.champion.estimate == pytest.approx(
        np.mean([d.clear.latency_us["answer"] / 1000 for d in arms["champion"]])
    )


def test_a_planted_difference_is_seen_at_every_look_and_none_is_not() -> None:
    worse = compared(arm_decisions(4_000, seed=4, odds=1.8)).lines[0]
    alike = compared(arm_decisions(4_000, seed=4)).lines[0]

    assert worse.at_every_look is not None
    assert worse.at_every_look.high < 0
    assert alike.at_every_look is not None
    assert alike.at_every_look.low < 0 < alike.at_every_look.high
    assert alike.at_every_look.low < alike.difference.low


def test_nothing_is_said_at_every_look_about_few_applicants() -> None:
    assert compared(arm_decisions(300, seed=5)).lines[0].at_every_look is None


def test_decisions_that_were_not_timed_have_no_latency() -> None:
    decisions = [changed(d, latency_us={"model": 5}) for d in arm_decisions(50, seed=6)]

    assert compared(decisions).line("mean latency") is None


def test_arms_that_get_other_shares_than_their_slots_raise_the_alarm() -> None:
    assert compared(arm_decisions(3_000, seed=7, share=0.25)).ratio.failed
    assert not compared(arm_decisions(3_000, seed=7, share=0.30)).ratio.failed


def test_a_change_of_shares_is_no_broken_split() -> None:
    """Both phases hold their shares; pooled and held against either, they would not."""
    experiment = Experiment(
        product="retail",
        arm="challenger",
        champion="a" * 64,
        challenger="b" * 64,
        phases=(
            Phase(generation=7, champion_share=0.9, challenger_share=0.1),
            Phase(generation=8, champion_share=0.5, challenger_share=0.5),
            Phase(generation=9, champion_share=0.5, challenger_share=0.5),
        ),
    )
    first = arm_decisions(2_000, seed=8, share=0.1)
    later = [
        changed(d, generation=8 + i % 2)._replace(decision_id=f"l{i}", subject_ref=f"l{i}")
        for i, d in enumerate(arm_decisions(2_000, seed=9, share=0.5))
    ]

    found = compared(first + later, experiment)

    assert not found.ratio.failed
    assert len(found.ratio.phases) == 2  # two generations share one share
    rows, _ = collect(EXPERIMENT, "champion", first)
    assert sample_ratio(EXPERIMENT, rows.first()).failed


def test_a_third_arm_does_not_break_the_ratio_of_the_two() -> None:
    experiment = Experiment(
        product="retail",
        arm="challenger",
        champion="a" * 64,
        challenger="b" * 64,
        phases=(Phase(generation=7, champion_share=0.35, challenger_share=0.15),),
    )

    assert not compared(arm_decisions(3_000, seed=10), experiment).ratio.failed


def test_what_is_still_needed_is_what_is_needed_less_what_is_there() -> None:
    found = needed(0.42, 1_000, 10_000, 0.5, 0.02)
    assert found is not None
    most = max(for_two_shares(0.42, p, ratio=0.5) for p in (0.40, 0.44))

    assert found.champion == int(np.ceil(most))
    assert found.champion_still == found.champion - 1_000
    assert found.challenger_still == 0
    assert needed(1.0, 10, 10, 1, 0.02) is None
    assert needed(0.4, 10, 10, 0, 0.02) is None


def test_an_arm_that_answered_nobody_cannot_be_compared() -> None:
    with pytest.raises(DataError, match="came 30 of the champion and 0 of challenger"):
        compared(arm_decisions(30, seed=11, share=0))
    with pytest.raises(
        DataError, match=r"no decision of retail belongs .*\(2 were read, 2 of them"
    ):
        compared([changed(d, slot=None) for d in arm_decisions(2, seed=1)])


def test_equal_risk_by_sorting() -> None:
    rng = np.random.default_rng(12)
    pd = rng.beta(1.2, 12, 1_000)
    side = np.arange(1_000) >= 600
    approved = pd < np.where(side, 0.06, 0.09)

    found = at_equal_risk(pd, approved, side)

    assert found is not None
    champion, challenger = np.sort(pd[~side]), np.sort(pd[side])
    k = int(approved[side].sum())
    assert found.approval == k / 400
    assert found.bad_rate[1].estimate == pytest.approx(challenger[:k].mean())
    assert found.bad_rate[0].estimate == pytest.approx(
        np.interp(found.approval * 600, np.arange(601), np.append(0, np.cumsum(champion)))
        / (found.approval * 600)
    )
    assert found.risk == pytest.approx(pd[~side & approved].mean())
    assert found.approved[0].estimate == pytest.approx(approved[~side].mean())
    running = np.cumsum(challenger) / np.arange(1, 401)
    assert found.approved[1].estimate == pytest.approx(np.sum(running <= found.risk) / 400)


def test_equal_risk_intervals_hold_no_difference_as_often_as_promised() -> None:
    held = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        pd, side = rng.beta(1.2, 12, 600), rng.random(600) < 0.4
        found = at_equal_risk(pd, pd < 0.09, side, seed=seed)
        assert found is not None
        held += found.bad_rate[2].low <= 0 <= found.bad_rate[2].high

    assert held >= 33  # the 0.1% quantile of 40 draws at 95%


def test_nothing_is_said_at_equal_risk_when_an_arm_approves_nobody() -> None:
    pd, side = np.array([0.1, 0.2, 0.3]), np.array([False, True, True])

    assert at_equal_risk(pd, ~side, side) is None


@settings(max_examples=8)
@given(st.integers(0, 1_000))
def test_the_same_decisions_give_the_same_report(seed: int) -> None:
    decisions = arm_decisions(120, seed=seed)

    assert compared(decisions) == compared(decisions)


def test_outcomes_are_compared_only_where_both_models_approve() -> None:
    nan = np.nan
    side = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1], dtype=bool)
    approved = np.array([1, 1, 1, 1, 0, 1, 1, 1, 1, 0], dtype=bool)
    bad = np.array([1, 0, 0, nan, nan, 0, 1, 1, nan, nan])
    other = np.array([1, 1, 0, 1, 1, 1, 1, 0, 1, 0], dtype=float)

    found = compare_outcomes(bad, approved, side, other)

    assert found.both_approve is not None
    champion, challenger, difference = found.both_approve
    assert (champion.n_bads, champion.n) == (1, 2)
    assert (challenger.n_bads, challenger.n) == (1, 2)
    assert difference.estimate == 0
    assert (found.champion.n_approved, found.champion.n_known, found.champion.n_bad) == (4, 3, 1)
    assert found.champion.bracket == (1 / 4, 2 / 4)
    assert found.challenger.bracket == (2 / 4, 3 / 4)


def test_without_shadow_scores_outcomes_are_only_bracketed_and_it_says_why() -> None:
    side = np.array([False, True])
    one = np.ones(2, dtype=bool)

    found = compare_outcomes(np.array([1.0, 0.0]), one, side, np.array([1.0, np.nan]))

    assert found.both_approve is None
    assert "no shadow scores of the challenger's applicants by the champion" in found.note
    assert found.champion.bracket == (1.0, 1.0)
