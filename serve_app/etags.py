"""Entity tags: who has the newest state of something already is told so instead of being sent it again.

RFC 9110, sections 8.8.3 and 13.1.2. Tags are strong, so each content coding has one of its own.
"""

from __future__ import annotations

import hashlib
import re

from msgspec.structs import replace

from serve_app.reply import NOT_MODIFIED, Reply

_TAG = re.compile(rb'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_CODED = b'-gzip"'


def entity_tag(body: bytes, *state: str) -> bytes:
    """Strong tag of a body and of the state that it shows, for two states may look alike."""
    digest = hashlib.sha256(body)
    for part in state:
        digest.update(b"\x00" + part.encode())
    return b'"%s"' % digest.hexdigest()[:32].encode()


def tag_of_coded(tag: bytes) -> bytes:
    """Tag of the same content, compressed."""
    return tag[:-1] + _CODED


def unless_known(reply: Reply, tag: bytes, if_none_match: bytes | None) -> Reply:
    """Answer with the tag; without the body when the client says that it has it.

    Parameters
    ----------
    if_none_match
        The header's value; several are compared without regard to weakness or coding.
    """
    headers = (*reply.headers, (b"etag", tag))
    if if_none_match is not None and _names(if_none_match, tag):
        vary = (b"vary", b"accept-encoding")
        return replace(reply, status=NOT_MODIFIED, body=b"", headers=(*headers, vary))
    return replace(reply, headers=headers)


def _names(if_none_match: bytes, tag: bytes) -> bool:
    if if_none_match.strip() == b"*":
        return True
    return any(given in (tag, tag_of_coded(tag)) for given in _TAG.findall(if_none_match))
