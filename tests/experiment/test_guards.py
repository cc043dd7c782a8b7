"""The four rails: what they count, when they trip, and that they say why."""

from __future__ import annotations

import itertools
import math
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.errors import DataError, SettingsInvalid
from credit.experiment.confidence import difference_bounds
from credit.experiment.guards import (
    RAILS,
    Arm,
    Decisions,
    GuardSettings,
    GuardState,
    RailSettings,
    Verdict,
    decisions,
    update,
    verdicts,
    with_requests,
)
from credit.experiment.rates import rate_difference_bounds
from credit.experiment.sums import Sums

OFF = RailSettings(0.1, weight=0)


def book(
    n: int = 4_000,
    *,
    seed: int = 1,
    share: float = 0.3,
    odds: float = 1.0,
    latency: float = 1.0,
    declines: float = 0.0,
) -> Decisions:
    """Decisions of which the challenger's differ as told."""
    generator = np.random.default_rng(seed)
    is_challenger = generator.random(n) < share
    log_odds = generator.normal(-3, 1, n) + math.log(odds) * is_challenger
    approved = (log_odds < -2.3) & ~(is_challenger & (generator.random(n) < declines))
    taken = generator.lognormal(6, 0.3, n) * np.where(is_challenger, latency, 1.0)
    return decisions(is_challenger, approved, 1 / (1 + np.exp(-log_odds)), taken)


def part(whole: Decisions, rows: slice) -> Decisions:
    return Decisions(
        whole.is_challenger[rows],
        whole.is_approved[rows],
        whole.default_probability[rows],
        whole.latency_us[rows],
    )


def tripped(state: GuardState, settings: GuardSettings | None = None) -> list[str]:
    found = verdicts(state, settings or GuardSettings(), arm="challenger")
    return [verdict.rail for verdict in found if verdict.tripped]


def of(rail: str, state: GuardState, settings: GuardSettings | None = None) -> Verdict:
    found = verdicts(state, settings or GuardSettings(), arm="challenger")
    return next(verdict for verdict in found if verdict.rail == rail)


def test_a_challenger_like_its_champion_trips_nothing() -> None:
    state = with_requests(
        update(GuardState(), book(20_000)), champion=(14_000, 7), challenger=(6_000, 4)
    )

    assert tripped(state) == []
    assert [v.sentence.rsplit(": ")[-1] for v in verdicts(state, GuardSettings(), arm="c")] == [
        "allowed"
    ] * 4


@pytest.mark.parametrize(
    ("rail", "how"),
    [
        ("latency", {"latency": 2.0}),
        ("approval", {"declines": 0.3}),
        ("score_shift", {"odds": 1.4}),
        ("score_shift", {"odds": 1 / 1.4}),
    ],
)
def test_a_challenger_that_is_worse_trips_the_rail_that_it_should(
    rail: str, how: dict[str, Any]
) -> None:
    state = update(GuardState(), book(10_000, **how))

    assert rail in tripped(state)


def test_a_challenger_that_fails_trips_before_anything_else_is_known() -> None:
    state = with_requests(GuardState(), champion=(40, 0), challenger=(10, 10))

    assert tripped(state) == ["errors"]


def test_faster_answers_and_fewer_failures_are_never_bad() -> None:
    state = update(GuardState(), book(10_000, latency=0.3))
    state = with_requests(state, champion=(7_000, 700), challenger=(3_000, 0))

    assert tripped(state) == []
    assert of("errors", state).high is not None
    assert of("errors", state).estimate == pytest.approx(-0.1)
    assert of("latency", state).estimate < 0


@pytest.mark.parametrize("more", [0.5, -0.5])
def test_approvals_may_neither_rise_nor_fall(more: float) -> None:
    is_challenger = np.arange(4_000) % 2 == 0
    draws = np.random.default_rng(1).random(4_000)
    approved = draws < np.where(is_challenger, 0.5 + more / 2, 0.5 - more / 2)
    batch = decisions(is_challenger, approved, np.full(4_000, 0.05), np.full(4_000, 900.0))

    assert tripped(update(GuardState(), batch)) == ["approval"]


def test_a_difference_within_its_tolerance_never_trips() -> None:
    state = update(GuardState(), book(20_000, odds=1.4))

    assert (
        tripped(state, GuardSettings(score_shift=RailSettings(0.5), approval=RailSettings(0.2)))
        == []
    )


def test_bounds_are_those_of_the_sequences_with_a_quarter_of_alpha() -> None:
    whole = book(3_000)
    state = with_requests(update(GuardState(), whole), champion=(2_100, 9), challenger=(900, 2))
    log_odds = np.log(whole.default_probability / (1 - whole.default_probability))
    arms = [log_odds[whole.is_challenger], log_odds[~whole.is_challenger]]

    shift, errors = of("score_shift", state), of("errors", state)

    expected = difference_bounds(Sums().after(arms[0]), Sums().after(arms[1]), 0.01 / 4)
    assert shift.estimate == pytest.approx(arms[0].mean() - arms[1].mean(), rel=1e-9)
    assert (shift.low, shift.high) == pytest.approx(tuple(expected), rel=1e-9)
    exact = rate_difference_bounds((2, 900), (9, 2_100), 0.01 / 4)
    assert (errors.low, errors.high) == pytest.approx(tuple(exact), rel=1e-9)


def test_challengers_share_alpha() -> None:
    state = update(GuardState(), book(3_000))
    settings = GuardSettings()

    [one, three] = [
        next(v for v in verdicts(state, settings, arm="c", n_challengers=n) if v.rail == "approval")
        for n in (1, 3)
    ]

    assert sum(settings.alpha_of(rail, 3) for rail in RAILS) * 3 == pytest.approx(settings.alpha)
    assert one.low is not None
    assert three.low is not None
    assert three.low < one.low


def test_a_rail_without_weight_is_off_and_leaves_its_alpha_to_the_others() -> None:
    settings = GuardSettings(approval=RailSettings(0.05, weight=0))
    found = verdicts(update(GuardState(), book()), settings, arm="c")

    assert [verdict.rail for verdict in found] == ["errors", "latency", "score_shift"]
    assert settings.alpha_of("latency", 1) == pytest.approx(0.01 / 3)


@given(st.lists(st.integers(0, 900), max_size=6))
def test_however_a_log_is_cut_the_state_has_the_same_bits(cuts: list[int]) -> None:
    whole = book(900, seed=3)
    edges = [0, *sorted(cuts), 900]

    state = GuardState()
    for first, behind in itertools.pairwise(edges):
        state = update(state, part(whole, slice(first, behind)), n_learning=150)

    assert state == update(GuardState(), whole, n_learning=150)


def test_slow_is_what_the_champions_first_decisions_say() -> None:
    n = 100
    is_challenger = np.tile([False, True], n)
    latency = np.repeat(np.arange(1.0, n + 1), 2)
    batch = decisions(is_challenger, is_challenger, np.full(2 * n, 0.1), latency)

    state = update(GuardState(), batch, n_learning=40)

    # 38 of the first 40 of the champion took at most 38; after them come 60 of it and 61 of the other.
    assert state.slow_above_us == 38.0
    assert state.learning_us == ()
    assert (state.champion.n_timed, state.champion.n_slow) == (60, 60)
    assert (state.challenger.n_timed, state.challenger.n_slow) == (61, 61)


def test_latencies_that_nobody_took_count_neither_way() -> None:
    whole = book(3_000)
    latency = whole.latency_us.copy()
    latency[::2] = math.nan
    gaps = decisions(whole.is_challenger, whole.is_approved, whole.default_probability, latency)
    taken = part(gaps, slice(1, None, 2))

    with_gaps, without = update(GuardState(), gaps), update(GuardState(), taken)

    assert with_gaps.slow_above_us == without.slow_above_us
    assert with_gaps.challenger.n_timed == without.challenger.n_timed
    assert with_gaps.challenger.n_slow == without.challenger.n_slow
    assert with_gaps.challenger.n == whole.is_challenger.sum()


def test_certain_pds_do_not_swallow_the_mean() -> None:
    batch = decisions([False, True], [True, False], [0.0, 1.0], [1, 1])

    state = update(GuardState(), batch)

    assert state.champion.log_odds.total == pytest.approx(math.log(1e-6 / (1 - 1e-6)))
    assert state.challenger.log_odds.total == pytest.approx(-math.log(1e-6 / (1 - 1e-6)), rel=1e-9)


def test_parts_that_were_counted_apart_can_be_merged() -> None:
    start = GuardState(slow_above_us=500.0)
    whole = book(2_000)

    both = update(start, part(whole, slice(0, 700))).merged(
        update(start, part(whole, slice(700, 2_000)))
    )

    union = update(start, whole)
    for one, other in ((both.champion, union.champion), (both.challenger, union.challenger)):
        assert one.n == other.n
        assert (one.n_approved, one.n_slow, one.n_timed) == (
            other.n_approved,
            other.n_slow,
            other.n_timed,
        )
        assert one.log_odds.total == pytest.approx(other.log_odds.total, rel=1e-12)


def test_parts_that_do_not_agree_on_what_is_slow_cannot() -> None:
    known = GuardState(slow_above_us=500.0)

    for other in (GuardState(slow_above_us=400.0), GuardState()):
        with pytest.raises(DataError, match="agree on what a slow answer is"):
            known.merged(other)


def test_a_state_is_kept_as_json() -> None:
    for state in (update(GuardState(), book(300)), update(GuardState(), book(3_000))):
        again = msgspec.json.decode(msgspec.json.encode(state), type=GuardState)

        assert again == state


def test_a_verdict_says_what_is_wrong_in_a_sentence() -> None:
    state = with_requests(GuardState(), champion=(40, 0), challenger=(10, 10))

    # A quarter of 1% is halved over two arms. 40 of 40 that do not fail: averaged over Jeffreys' rates their
    # likelihood is 0.0890, which is 800 times as much as (1 - p)^40 at p = 0.2036; that of 10 of 10 is 0.1762,
    # 800 times as much as p^10 at p = 0.4308.
    assert of("errors", state).low == pytest.approx(0.4308 - 0.2036, abs=1e-4)
    assert of("errors", state).sentence == (
        "challenger: failed requests +100.00 points against the champion (certainly between +22.72 and +100.00), "
        "+0.20 does no harm, 10 and 40 requests: beyond what is allowed"
    )
    assert of("score_shift", state).sentence == (
        "challenger: odds of default x1.00 against the champion, x1.11 does no harm, 0 and 0 decisions: "
        "too early to say"
    )
    assert of("score_shift", state).low is None


def test_one_value_only_is_no_certainty_of_shares() -> None:
    """With a variance as it is estimated, which is zero, bounds would have no width at all."""
    champion = Arm(n=300, n_approved=300, log_odds=Sums(300, 0.0, 300.0))

    found = of("approval", GuardState(champion=champion, challenger=champion))

    assert found.low is not None
    assert found.low < -0.02


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (([True], [True, False], [0.1], [1]), "expected columns of one length"),
        (([[True]], [[True]], [[0.1]], [[1]]), "expected columns of one length"),
        (([True], [True], [1.1], [1]), "default_probability: expected 0 to 1"),
        (([True], [True], [math.nan], [1]), "default_probability: expected 0 to 1"),
        (([True], [True], [0.1], [-1]), "latency_us: expected at least 0"),
        (([True], [True], [0.1], [math.inf]), "latency_us: expected at least 0"),
    ],
)
def test_columns_that_cannot_be_are_refused(columns: Any, said: str) -> None:
    with pytest.raises(DataError, match=said):
        decisions(*columns)


def test_more_failures_than_requests_are_refused() -> None:
    with pytest.raises(DataError, match="expected 0 <= failed <= asked, came 3 of 2"):
        with_requests(GuardState(), champion=(2, 3), challenger=(0, 0))


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: GuardSettings(alpha=0), "alpha: expected within"),
        (lambda: GuardSettings(least=1), "least: expected at least 2, came 1"),
        (lambda: GuardSettings(n_learning=0), "n_learning: expected at least 2, came 0"),
        (lambda: GuardSettings(tightest_at=math.nan), "tightest_at: expected at least 2, came nan"),
        (lambda: RailSettings(-0.1), "at least 0, came tolerance -0.1"),
        (lambda: RailSettings(0.1, weight=-1), "at least 0, came .* weight -1"),
        (
            lambda: GuardSettings(0.01, OFF, OFF, OFF, OFF),
            "expected a weight above 0 on one of them",
        ),
        (
            lambda: verdicts(GuardState(), GuardSettings(), arm="c", n_challengers=0),
            "n_challengers: expected at least 1, came 0",
        ),
    ],
)
def test_settings_that_make_no_guard_are_refused(make: Any, said: str) -> None:
    with pytest.raises(SettingsInvalid, match=said):
        make()
