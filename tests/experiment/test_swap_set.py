"""The swap set, counted by hand on made-up decisions, and its laws."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credit.errors import DataError
from credit.experiment.differences import quantile_interval
from credit.experiment.pairedscores import DECISIONS, PairedScores
from credit.experiment.swapset import GROUPS, swap_set
from credit.metrics import LoanTerms, wilson_interval
from tests.experiment.made_up import paired

_WHAT = ("pd", "score", "decision")
TERMS = LoanTerms(interest_income=0.1, loss_given_default=0.6)


def turned(given_: PairedScores) -> PairedScores:
    """Exchange the two models."""
    return dataclasses.replace(
        given_,
        answered_pd=given_.shadow_pd,
        shadow_pd=given_.answered_pd,
        answered_score=given_.shadow_score,
        shadow_score=given_.answered_score,
        answered_decision=given_.shadow_decision,
        shadow_decision=given_.answered_decision,
        answered_reasons=given_.shadow_reasons,
        shadow_reasons=given_.answered_reasons,
    )


def test_counts_rates_and_money_are_those_of_counting_by_hand() -> None:
    book = paired(1_500, seed=1, exposure=True, outcomes=True)
    assert book.exposure is not None
    assert book.bad is not None
    group_of = {(True, True): 0, (False, True): 1, (True, False): 2, (False, False): 3}
    members: dict[str, list[int]] = {name: [] for name in GROUPS}
    matrix: Counter[tuple[str, str]] = Counter()
    for i in range(1_500):
        then, now = str(book.answered_decision[i]), str(book.shadow_decision[i])
        matrix[then, now] += 1
        members[GROUPS[group_of[then == "approve", now == "approve"]]].append(i)

    found = swap_set(book, TERMS)

    assert {(a, b): found.matrix[a][b] for a in DECISIONS for b in DECISIONS} == {
        (a, b): matrix[a, b] for a in DECISIONS for b in DECISIONS
    }
    for name in GROUPS:
        group, mine = found.group(name), members[name]
        assert group.n == len(mine) > 20
        assert group.answered_pd is not None
        assert group.shadow_pd is not None
        views = [
            sum(float(pd[i]) for i in mine) / len(mine) for pd in (book.answered_pd, book.shadow_pd)
        ]
        assert [group.answered_pd.estimate, group.shadow_pd.estimate] == pytest.approx(views)
        assert group.bracket == pytest.approx((min(views), max(views)))
        assert group.money is not None
        known = [i for i in mine if book.exposure[i] == book.exposure[i]]
        assert group.money.n_unknown == len(mine) - len(known)
        profit = sum(
            float(book.exposure[i] * (0.1 * (1 - book.shadow_pd[i]) - 0.6 * book.shadow_pd[i]))
            for i in known
        )
        loss = sum(float(book.exposure[i] * 0.6 * book.answered_pd[i]) for i in known)
        assert group.money.shadow_profit == pytest.approx(profit)
        assert group.money.answered_loss == pytest.approx(loss)
        outcomes = [int(book.bad[i]) for i in mine if book.bad[i] == book.bad[i]]
        if name in ("both approve", "swap-out"):
            assert group.observed == wilson_interval(sum(outcomes), len(outcomes))
        else:
            assert group.observed is None
    assert found.disagree.n_bads == sum(n for (a, b), n in matrix.items() if a != b)
    assert found.profit_change is not None
    swap_in, swap_out = (found.group(name).money for name in ("swap-in", "swap-out"))
    assert swap_in is not None
    assert swap_out is not None
    for change, view in zip(found.profit_change, ("answered_profit", "shadow_profit"), strict=True):
        assert change.estimate == pytest.approx(getattr(swap_in, view) - getattr(swap_out, view))


def test_reasons_that_differ_are_counted_by_hand() -> None:
    book = paired(300, seed=2)
    pairs = list(zip(book.answered_reasons, book.shadow_reasons, strict=True))

    everyone, refused = swap_set(book).reasons

    assert everyone.first is not None
    assert everyone.any_of_them is not None
    assert everyone.first.n_bads == sum(list(a)[:1] != list(b)[:1] for a, b in pairs)
    assert everyone.any_of_them.n_bads == sum(set(a) != set(b) for a, b in pairs)
    assert refused.n == swap_set(book).group("neither approves").n


def test_scores_exactly_a_point_apart_are_within_a_point() -> None:
    book = paired(4, seed=3)
    apart = dataclasses.replace(
        book,
        answered_score=np.array([600.1, 600.1, 600.1, 600.1]),
        shadow_score=np.array([601.1, 599.1, 605.11, 620.1]),
    )

    within = swap_set(apart).scores.within

    assert {limit: share.n_bads for limit, share in within.items()} == {"1": 2, "5": 2, "20": 4}


def test_the_histogram_holds_every_decision() -> None:
    assert sum(swap_set(paired(500, seed=4)).scores.counts) == 500


def test_models_that_agree_swap_nobody_and_change_no_money() -> None:
    book = paired(200, seed=5)
    alike = dataclasses.replace(
        book,
        shadow_pd=book.answered_pd,
        shadow_score=book.answered_score,
        shadow_decision=book.answered_decision,
    )

    found = swap_set(alike, TERMS)

    assert (found.group("swap-in").n, found.group("swap-out").n) == (0, 0)
    assert found.group("swap-in").bracket is None
    assert found.approval_change.estimate == 0
    assert found.profit_change is not None
    assert [change.estimate for change in found.profit_change] == [0, 0]
    assert [test.p_value for test in found.tests] == [1, 1, 1]


@settings(max_examples=20)
@given(st.integers(0, 10_000), st.integers(20, 150))
def test_exchanging_the_models_exchanges_everything(seed: int, n: int) -> None:
    book = paired(n, seed=seed)
    there, back = swap_set(book, TERMS), swap_set(turned(book), TERMS)

    assert there.group("swap-in").n == back.group("swap-out").n
    assert there.group("swap-in").bracket == back.group("swap-out").bracket
    assert there.approval_change.low == pytest.approx(-back.approval_change.high)
    assert there.scores.mean.estimate == pytest.approx(-back.scores.mean.estimate)
    assert there.tests[0].p_value == back.tests[0].p_value
    assert there.matrix["approve"]["decline"] == back.matrix["decline"]["approve"]


@settings(max_examples=20)
@given(st.integers(0, 10_000))
def test_groups_are_everybody_once_and_order_does_not_matter(seed: int) -> None:
    book = paired(80, seed=seed)
    order = np.random.default_rng(seed).permutation(80)
    columns: dict[str, Any] = {}
    for name in ("answered_reasons", "shadow_reasons"):
        columns[name] = [getattr(book, name)[i] for i in order]
    for name in (
        "applicants",
        *(f"{who}_{what}" for who in ("answered", "shadow") for what in _WHAT),
    ):
        columns[name] = getattr(book, name)[order]
    shuffled = PairedScores(**columns)

    found, again = swap_set(book), swap_set(shuffled)

    assert sum(group.n for group in found.groups) == found.n == 80
    assert found.matrix == again.matrix
    assert found.reasons == again.reasons
    assert found.scores.mean.low == pytest.approx(again.scores.mean.low)


def test_quantiles_lie_within_their_intervals_as_often_as_promised() -> None:
    rng = np.random.default_rng(6)
    held = dict.fromkeys((0.05, 0.5, 0.95), 0)
    for _ in range(400):
        values = rng.random(200)
        for share in held:
            found = quantile_interval(values, share)
            held[share] += found.low <= share <= found.high

    assert all(n >= 370 for n in held.values()), held


def test_what_is_no_decision_is_refused() -> None:
    book = paired(5, seed=7)
    with pytest.raises(
        DataError, match="shadow_decision: expected approve, review, decline, came maybe"
    ):
        dataclasses.replace(book, shadow_decision=np.array(["maybe"] * 5))
    with pytest.raises(DataError, match="expected columns of one length"):
        dataclasses.replace(book, shadow_pd=np.array([0.1]))
    one = dataclasses.replace(book, applicants=np.array(["s1"] * 5))
    with pytest.raises(DataError, match="on at least two applicants, came 1"):
        swap_set(one)
