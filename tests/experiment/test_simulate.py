"""The guards on simulated books, and that the simulation is of the guards that act."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy.stats import beta

from credit.errors import SettingsInvalid
from credit.experiment.books import SCENARIOS, Scenario, draw
from credit.experiment.guards import (
    RAILS,
    GuardSettings,
    GuardState,
    RailSettings,
    update,
    verdicts,
    with_requests,
)
from credit.experiment.simulate import LOOK_EVERY, clopper_pearson, simulate, watch

NOTHING_IS_HARMLESS = GuardSettings(
    0.05, RailSettings(0), RailSettings(0), RailSettings(0), RailSettings(0)
)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda s: s.name)
def test_what_is_simulated_is_what_the_guards_would_say(scenario: Scenario) -> None:
    """One book through the state and the verdicts that production uses, look by look."""
    settings = GuardSettings(0.05, tightest_at=300, n_learning=200)
    made = draw(scenario, np.random.default_rng(8), 1, 8_000, 0.5)
    first = dict.fromkeys(RAILS, math.inf)
    state, log = GuardState(), made.decisions(0)
    for look in range(LOOK_EVERY, 8_001, LOOK_EVERY):
        asked, failed = made.is_challenger[0, :look], made.has_failed[0, :look]
        decided = slice(state.champion.n + state.challenger.n, int((~failed).sum()))
        batch = type(log)(
            log.is_challenger[decided],
            log.is_approved[decided],
            log.default_probability[decided],
            log.latency_us[decided],
        )
        state = with_requests(
            update(state, batch, n_learning=settings.n_learning),
            champion=(int((~asked).sum()), int((~asked & failed).sum())),
            challenger=(int(asked.sum()), int((asked & failed).sum())),
        )
        for verdict in verdicts(state, settings, arm="challenger"):
            if verdict.tripped:
                rail = next(name for name in RAILS if name == verdict.rail)
                first[rail] = min(first[rail], float(asked.sum()))

    assert watch(made, settings)[0].tolist() == [first[name] for name in RAILS]
    assert (scenario.name == "healthy") == (min(first.values()) == math.inf)


def test_where_no_difference_is_harmless_healthy_challengers_are_taken_off_as_rarely_as_promised() -> (
    None
):
    """With tolerances, a healthy challenger is far from tripping; here alpha is all there is."""
    [healthy] = simulate(
        NOTHING_IS_HARMLESS,
        n_runs=200,
        horizon=8_000,
        scenarios=SCENARIOS[:1],
    )

    assert healthy.share <= 0.05


def test_a_guard_that_is_never_sure_enough_would_be_seen() -> None:
    """The control: at an alpha of nine in ten the same runs do have false alarms."""
    lax = dataclasses.replace(NOTHING_IS_HARMLESS, alpha=0.9)

    [healthy] = simulate(lax, n_runs=200, horizon=8_000, scenarios=SCENARIOS[:1])

    assert 0.05 < healthy.share <= 0.9


def test_bad_challengers_are_taken_off_by_the_rail_that_is_for_them() -> None:
    outcomes = simulate(GuardSettings(), n_runs=10, horizon=20_000)

    assert [outcome.n_tripped for outcome in outcomes] == [0, 10, 10, 10, 10]
    assert [outcome.first_rail for outcome in outcomes] == [
        {},
        {"approval": 10},
        {"score_shift": 10},
        {"latency": 10},
        {"errors": 10},
    ]
    for outcome in outcomes[1:]:
        assert outcome.delay_median is not None
        assert outcome.delay_90 is not None
        assert outcome.delay_median <= outcome.delay_90 < 4_000


def test_books_are_what_they_say() -> None:
    made = draw(Scenario("fewer", approvals=2 / 3), np.random.default_rng(1), 1, 200_000, 0.2)
    champion = made.is_approved[0][~made.is_challenger[0]].mean()
    challenger = made.is_approved[0][made.is_challenger[0]].mean()
    odds = np.exp(made.log_odds[0])

    assert made.is_challenger.mean() == pytest.approx(0.2, abs=0.005)
    assert champion == pytest.approx(0.797, abs=0.005)
    assert challenger / champion == pytest.approx(2 / 3, abs=0.01)
    assert (odds / (1 + odds)).mean() == pytest.approx(0.061, abs=0.002)
    assert np.array_equal(
        made.is_approved[0][~made.is_challenger[0]],
        (odds / (1 + odds) < 1 / 11)[~made.is_challenger[0]],
    )


def test_the_same_seed_makes_the_same_table_and_another_one_another() -> None:
    def told(seed: int) -> list[object]:
        return [
            (o.n_tripped, o.delay_median)
            for o in simulate(GuardSettings(), n_runs=3, horizon=4_000, seed=seed)
        ]

    assert told(4) == told(4)
    assert told(4) != told(5)


def test_each_run_that_is_done_is_told() -> None:
    done: list[int] = []

    simulate(
        GuardSettings(),
        n_runs=13,
        horizon=100,
        scenarios=SCENARIOS[:2],
        advance=lambda: done.append(1),
    )

    assert len(done) == 26


@pytest.mark.parametrize(("n_events", "n"), [(0, 200), (1, 200), (7, 30), (30, 30)])
def test_intervals_of_shares_are_exact(n_events: int, n: int) -> None:
    low, high = clopper_pearson(n_events, n)

    assert low == pytest.approx(beta.ppf(0.025, n_events, n - n_events + 1) if n_events else 0.0)
    assert high == pytest.approx(beta.ppf(0.975, n_events + 1, n - n_events) if n_events < n else 1)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"n_runs": 0}, "runs: expected at least 1, came 0"),
        ({"share_per_mille": 0}, "share: expected 1 to 999 per mille, came 0"),
        ({"share_per_mille": 1_000}, "share: expected 1 to 999 per mille, came 1000"),
        ({"horizon": 49}, "horizon: expected at least 50 requests, came 49"),
    ],
)
def test_simulations_of_nothing_are_refused(wrong: dict[str, int], said: str) -> None:
    with pytest.raises(SettingsInvalid, match=said):
        simulate(GuardSettings(), **wrong)  # type: ignore[arg-type]
