"""Framing; that no two lists of parts frame alike is in `tests.records.proof.test_chain`."""

from __future__ import annotations

import pytest

from credit.records.framing import frame


@pytest.mark.parametrize("length", [0, 1, 255, 4095, 4096, 70_000])
def test_each_part_stands_behind_its_length_in_eight_bytes(length: int) -> None:
    assert frame(b"a", b"x" * length) == (
        b"\0\0\0\0\0\0\0\1a" + length.to_bytes(8, "big") + b"x" * length
    )
