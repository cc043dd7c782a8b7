"""One unambiguous way to turn several byte strings into one."""

from __future__ import annotations

import struct

_length = struct.Struct(">Q").pack
# Nearly every part is shorter than this, and to look a length up takes a third of packing it.
_LENGTHS = [_length(n) for n in range(4096)]


def frame(*parts: bytes) -> bytes:
    """Join `parts`, each behind its length, so that no two lists of parts give the same bytes.

    Plain concatenation would let bytes move from one field to its neighbour without a trace:
    ``("ab", "c")`` and ``("a", "bc")`` must neither hash nor authenticate alike.
    """
    pieces: list[bytes] = []
    for part in parts:
        n = len(part)
        pieces += (_LENGTHS[n] if n < len(_LENGTHS) else _length(n), part)
    return b"".join(pieces)
