"""Random bytes that are drawn for a whole batch."""

from __future__ import annotations

import os

import pytest

from credit.records.randomness import drawn_at_once


def test_each_byte_is_given_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "urandom", lambda n: bytes(range(n)))

    take = drawn_at_once(10)

    assert [take(3), take(4), take(3)] == [bytes([0, 1, 2]), bytes([3, 4, 5, 6]), bytes([7, 8, 9])]


def test_more_than_was_drawn_is_asked_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def urandom(n: int) -> bytes:
        asked.append(n)
        return bytes(n)

    monkeypatch.setattr(os, "urandom", urandom)
    take = drawn_at_once(10)

    assert [len(take(n)) for n in (8, 8, 8)] == [8, 8, 8]
    assert asked == [10, 8, 8]


def test_batches_draw_different_bytes() -> None:
    assert drawn_at_once(32)(32) != drawn_at_once(32)(32)
