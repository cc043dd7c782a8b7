"""Names of requests: a client's own, or drawn here, told in every answer and in every line that is logged."""

from __future__ import annotations

from random import getrandbits
from urllib.parse import quote

HEADER = b"x-request-id"
MAXIMUM_LENGTH = 128

ANSWERED_ELSEWHERE = "credit.request_id_is_answered"
"""In an ASGI scope: whoever stands in front tells the client the name, so that it is told once."""

_IN_A_URN = "!$&'()*+,;=:@/~"
"""What RFC 8141, section 2, lets stand in a name besides letters, digits, ``-``, ``.`` and ``_``."""


def request_id(given: bytes | None) -> bytes:
    """Name of a request: as given, if that is printable ASCII of 1 to 128 characters, else a new one."""
    if given is not None and 1 <= len(given) <= MAXIMUM_LENGTH and given.isascii():
        text = given.decode("ascii")
        if text.isprintable() and text == text.strip():
            return given
    # A name, not a secret. Unlike a counter it needs no care when a process forks.
    return b"%032x" % getrandbits(128)


def instance(name: bytes) -> str:
    """URN of a request, for the ``instance`` of a problem document (RFC 9457, section 3.1.5)."""
    return "urn:credit-cluster:request:" + quote(name, safe=_IN_A_URN)
