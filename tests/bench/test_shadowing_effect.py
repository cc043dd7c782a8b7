"""What the bench of shadows says of the runs that it made."""

from __future__ import annotations

import pytest

from cluster.bench.shadowing.effect import Phase, measured


def runs(*p99_ms: float) -> list[Phase]:
    """Runs without a shadow and with one in turn, dead and slow ones by turns."""
    kinds = [None, "dead", None, "slow"]
    return [Phase(kinds[i % 4], ms / 2, ms, 100, i % 2) for i, ms in enumerate(p99_ms)]


def test_a_change_is_what_lies_between_the_runs_around_it() -> None:
    found = measured(runs(10, 13, 12, 30, 10, 14, 14, 32, 16), 100)

    dead, slow = found.effects
    assert (dead.shadow, dead.p99_ms, dead.change_ms) == ("dead", 13.5, 2.0)
    assert (slow.shadow, slow.p99_ms, slow.change_ms) == ("slow", 31.0, 18.0)
    assert (found.alone_p50_ms, found.alone_p99_ms) == (6.0, 12.0)
    assert found.median_noise_ms == 2.0
    assert found.noise_ms == pytest.approx(3.7)
    assert (dead.least_ms, dead.most_ms) == (2.0, 2.0)
    assert (found.n_answers, dead.n_errors, found.alone_n_errors) == (900, 2, 0)
    assert not found.is_unnoticed


def test_changes_within_the_noise_are_unnoticed() -> None:
    assert measured(runs(10, 10.5, 12, 11.5, 10), 100).is_unnoticed


@pytest.mark.parametrize("n", [0, 1, 2, 4])
def test_runs_that_are_not_in_turn_are_refused(n: int) -> None:
    with pytest.raises(ValueError, match="in turn, without at both ends"):
        measured(runs(*[10.0] * n), 100)
