"""Random bytes for a batch, asked of the system once."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeAlias

RandomBytes: TypeAlias = Callable[[int], bytes]
"""Gives so many random bytes, as `os.urandom` does."""


def drawn_at_once(n_bytes: int) -> RandomBytes:
    """Draw `n_bytes` from the system now and hand them out piece by piece, each byte once.

    To ask the system for each piece hands the interpreter to another thread each time, which then keeps
    it. Once they are used up, every piece is asked for again.

    Use it within one batch and one thread, and do not keep it: a process that was forked in between
    would be given the same bytes, and so the same keys and nonces.
    """
    drawn, at = os.urandom(n_bytes), 0

    def take(n: int) -> bytes:
        nonlocal at
        begin, at = at, at + n
        return drawn[begin:at] if at <= n_bytes else os.urandom(n)

    return take
