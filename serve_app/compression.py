"""gzip (RFC 1952): of answers that are long, and of bodies that come so, never beyond their bound."""

from __future__ import annotations

import asyncio
import gzip
import re
import zlib
from functools import lru_cache

from msgspec.structs import replace

from serve_app.etags import tag_of_coded
from serve_app.reply import Reply

CODING = b"gzip"
MINIMUM_BYTES = 1024
"""Answers up to this length gain less than the work costs."""

_IN_A_THREAD_BYTES = 32 * 1024
"""Longer ones take over a millisecond, in which a loop could begin several decisions."""

_LEVEL = 6
_GZIP_WINDOW = 31
"""zlib's way to say: 32 KiB of history, between the header and the trailer of gzip."""

_Q_VALUE = re.compile(rb"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


class NotGzip(Exception):
    """Bytes that should be gzip are not, or end too early."""


class TooLarge(Exception):
    """Bytes that are gzip of more than their bound."""


@lru_cache(maxsize=64)
def takes_gzip(accept_encoding: bytes) -> bool:
    """Tell whether a client would rather have gzip than the plain form (RFC 9110, section 12.5.3).

    A weight that is none takes the coding out of the list.
    """
    weights: dict[bytes, float] = {}
    for part in accept_encoding.lower().split(b","):
        coding, _, parameters = part.partition(b";")
        weights[coding.strip()] = _weight(parameters)
    gzip_weight = weights.get(CODING, weights.get(b"x-gzip", weights.get(b"*", 0.0)))
    return gzip_weight > 0 and gzip_weight >= weights.get(b"identity", 0.0)


def _weight(parameters: bytes) -> float:
    name, _, value = parameters.strip().partition(b"=")
    if not name:
        return 1.0
    value = value.strip()
    return float(value) if name.strip() == b"q" and _Q_VALUE.fullmatch(value) else 0.0


async def in_coding(reply: Reply, accept_encoding: bytes | None) -> Reply:
    """Compress a long answer for who takes it so, in a thread if it is very long."""
    if any(name == b"content-encoding" for name, _ in reply.headers):
        return reply
    if accept_encoding is None or not takes_gzip(accept_encoding):
        return replace(reply, headers=(*reply.headers, (b"vary", b"accept-encoding")))
    if len(reply.body) > _IN_A_THREAD_BYTES:
        body = await asyncio.to_thread(_compress, reply.body)
    else:
        body = _compress(reply.body)
    headers = [
        (name, tag_of_coded(value)) if name == b"etag" else (name, value)
        for name, value in reply.headers
    ]
    coded = ((b"content-encoding", CODING), (b"vary", b"accept-encoding"))
    return replace(reply, body=body, headers=(*headers, *coded))


def _compress(body: bytes) -> bytes:
    return gzip.compress(body, _LEVEL, mtime=0)


def inflate(body: bytes, maximum: int) -> bytes:
    """Decompress gzip, one member or several.

    Parameters
    ----------
    maximum
        Bytes that may come out. One more is made at most, however many there would be.

    Raises
    ------
    NotGzip
        When it is not gzip, or not all of it.
    TooLarge
        When more would come out.
    """
    inflated = bytearray()
    rest = body
    while rest:
        member = zlib.decompressobj(_GZIP_WINDOW)
        try:
            # zlib takes a maximum of 0 for none at all; here it is at least 1.
            inflated += member.decompress(rest, maximum - len(inflated) + 1)
        except zlib.error:
            raise NotGzip from None
        if len(inflated) > maximum:
            raise TooLarge
        if not member.eof:
            raise NotGzip
        rest = member.unused_data
    if not body:
        raise NotGzip
    return bytes(inflated)
