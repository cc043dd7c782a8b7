"""Messages over a stream: each behind its length."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_length = struct.Struct("<I")


def frame(message: bytes) -> bytes:
    """Put the length of a message in front of it."""
    return _length.pack(len(message)) + message


class Frames:
    """Puts messages together again from pieces of any size."""

    def __init__(self) -> None:
        self._begun = bytearray()

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Add a piece; gives each message that is complete with it."""
        buffer = self._begun
        buffer += piece
        at = 0
        while len(buffer) - at >= _length.size:
            (size,) = _length.unpack_from(buffer, at)
            end = at + _length.size + size
            if end > len(buffer):
                break
            yield bytes(buffer[at + _length.size : end])
            at = end
        del buffer[:at]
