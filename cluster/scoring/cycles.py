"""When a process that scores looks for reference cycles: between parts, never among their answers.

Answers and records hold no cycles. Looking for some among thousands at a time takes a fifth of all time, and more
the more the process holds besides, as a worker of Ray does.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cycles_sought_afterwards() -> Iterator[None]:
    """Score a part; what it left behind is looked through when the block ends."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.collect()
