"""Decision ids sort by time and are unique."""

from __future__ import annotations

import re
import uuid

from hypothesis import given
from hypothesis import strategies as st

from credit.records import new_decision_id


@given(st.integers(0, 2**60), st.integers(245, 2**40))
def test_a_later_id_sorts_later(start_ns: int, wait_ns: int) -> None:
    """From 245 ns apart on: the resolution of the fraction, 1 ms / 4096."""
    earlier = new_decision_id(lambda: start_ns)
    later = new_decision_id(lambda: start_ns + wait_ns)

    assert earlier < later


def test_ids_of_one_moment_differ() -> None:
    assert len({new_decision_id(lambda: 1) for _ in range(10_000)}) == 10_000


def test_an_id_is_a_uuid_of_version_7_with_its_time() -> None:
    # The example of RFC 9562, appendix A.6: 2022-02-22 19:22:22 UTC is 017F22E2-79B0.
    made = new_decision_id(lambda: 1_645_557_742_000 * 1_000_000)

    assert re.fullmatch(r"017f22e2-79b0-7000-[89ab][0-9a-f]{3}-[0-9a-f]{12}", made)
    assert uuid.UUID(made).version == 7
    assert uuid.UUID(made).variant == uuid.RFC_4122
