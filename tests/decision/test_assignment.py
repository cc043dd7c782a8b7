"""Who is in which arm: fixed by a salted hash, moved only where a share changes hands."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from credit.decision import Arm, Rollout, arm_for
from credit.decision.assignment import N_SLOTS, slot_of
from credit.decision.rollout_changes import with_share
from credit.errors import RolloutRefused


def rollout(*shares: int) -> Rollout:
    """A champion and as many challengers as there are shares."""
    names = [f"challenger_{i}" for i in range(len(shares))]
    arms = (Arm("champion", "c" * 64), *(Arm(name, name) for name in names))
    made = Rollout(product="p", generation=1, salt="pepper", arms=arms)
    for name, share in zip(names, shares, strict=True):
        made = with_share(made, name, share)
    return made


def owners(of: Rollout) -> list[str]:
    """Owner of each slot."""
    owner = {slot: arm.name for arm in of.arms[1:] for slot in arm.slots}
    return [owner.get(slot, of.champion.name) for slot in range(N_SLOTS)]


def test_a_slot_is_the_salted_hash_of_the_applicant() -> None:
    """Calculated here by itself: the first eight bytes of SHA-256 as a big-endian number."""
    digest = hashlib.sha256(b"pepper\x00P-1").hexdigest()

    assert slot_of("pepper", "P-1") == int(digest[:16], 16) % 1_000


def test_slots_are_filled_evenly() -> None:
    """A chi-squared of 999 degrees has mean 999 and a standard deviation of 45."""
    counts = np.bincount([slot_of("s", f"P-{i}") for i in range(50_000)], minlength=N_SLOTS)

    chi_squared = ((counts - 50) ** 2 / 50).sum()

    assert len(counts) == N_SLOTS
    assert 999 - 5 * 45 < chi_squared < 999 + 5 * 45


def test_another_salt_deals_anew() -> None:
    moved = sum(slot_of("s", f"P-{i}") != slot_of("t", f"P-{i}") for i in range(1_000))

    assert moved > 950


def test_without_an_applicant_the_champion_scores_outside_the_experiment() -> None:
    arm, slot = arm_for(rollout(1_000), None)

    assert (arm.name, slot) == ("champion", None)


def test_an_applicant_gets_the_arm_that_owns_its_slot() -> None:
    state = rollout(300, 200)
    found = owners(state)

    for i in range(500):
        arm, slot = arm_for(state, f"P-{i}")
        assert slot == slot_of("pepper", f"P-{i}")
        assert arm.name == found[slot]


def test_shares_are_those_of_the_slots() -> None:
    state = rollout(300, 200)

    assert [round(state.share(arm), 3) for arm in state.arms] == [0.5, 0.3, 0.2]


PER_MILLE = st.integers(0, N_SLOTS)


@given(steps=st.lists(st.tuples(st.integers(0, 1), PER_MILLE), max_size=8))
def test_only_slots_that_change_hands_move(steps: list[tuple[int, int]]) -> None:
    state = rollout(100, 100)
    for which, share in steps:
        name = f"challenger_{which}"
        other = state.arms[2 - which]
        room = N_SLOTS - len(other.slots)
        if share > room:
            with pytest.raises(RolloutRefused):
                with_share(state, name, share)
            continue
        before = owners(state)
        held = before.count(name)

        state = with_share(state, name, share)

        after = owners(state)
        moved = [(a, b) for a, b in zip(before, after, strict=True) if a != b]
        assert after.count(name) == share
        assert len(moved) == abs(share - held)
        expected = ("champion", name) if share > held else (name, "champion")
        assert set(moved) <= {expected}


@given(share=PER_MILLE, other=PER_MILLE)
def test_raising_a_share_and_taking_it_back_leaves_everybody_where_they_were(
    share: int, other: int
) -> None:
    before = rollout(min(share, other))

    after = with_share(
        with_share(before, "challenger_0", max(share, other)), "challenger_0", min(share, other)
    )

    assert after == before


@pytest.mark.parametrize(
    ("name", "share", "message"),
    [
        ("challenger_0", 801, "a share of 801 per mille for challenger_0: expected 0 to 800"),
        ("challenger_0", -1, "a share of -1 per mille for challenger_0: expected 0 to 800"),
        ("champion", 10, "the champion is no challenger"),
        ("somebody", 10, "there is no challenger 'somebody' in this rollout"),
    ],
)
def test_a_share_that_cannot_be_given_is_refused(name: str, share: int, message: str) -> None:
    with pytest.raises(RolloutRefused, match=message):
        with_share(rollout(300, 200), name, share)


MILLION = 1_000_000


@pytest.fixture(scope="module")
def slots() -> npt.NDArray[np.int64]:
    """Slots of a million applicants."""
    return np.fromiter((slot_of("pepper", f"P-{i}") for i in range(MILLION)), np.int64, MILLION)


def arms_of(state: Rollout, slots: npt.NDArray[np.int64]) -> npt.NDArray[np.str_]:
    return np.array(owners(state))[slots]


def test_a_million_applicants_are_shared_out_as_asked(slots: npt.NDArray[np.int64]) -> None:
    found = arms_of(rollout(100, 50), slots)

    for name, share in (("challenger_0", 0.1), ("challenger_1", 0.05), ("champion", 0.85)):
        three_sigma = 3 * np.sqrt(share * (1 - share) / MILLION)
        assert abs((found == name).mean() - share) < three_sigma


def test_of_a_million_a_larger_share_moves_only_those_who_change_hands(
    slots: npt.NDArray[np.int64],
) -> None:
    before = rollout(100, 100)
    after = with_share(before, "challenger_0", 200)

    was, is_ = arms_of(before, slots), arms_of(after, slots)

    moved = was != is_
    assert set(was[moved]) == {"champion"}
    assert set(is_[moved]) == {"challenger_0"}
    assert abs(moved.mean() - 0.1) < 3 * np.sqrt(0.09 / MILLION)
    assert ((was == "challenger_1") == (is_ == "challenger_1")).all()


def test_another_process_puts_everybody_into_the_same_slot(slots: npt.NDArray[np.int64]) -> None:
    program = (
        "from credit.decision.assignment import slot_of\n"
        "print(*(slot_of('pepper', f'P-{i}') for i in range(5000)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONHASHSEED": "4711"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert list(map(int, done.stdout.split())) == slots[:5000].tolist()
