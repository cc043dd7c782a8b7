"""gzip in both directions: held against the standard library's own, and bounded."""

from __future__ import annotations

import asyncio
import gzip
import tracemalloc

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve_app.compression import NotGzip, TooLarge, in_coding, inflate, takes_gzip
from serve_app.reply import Reply
from tests.loanbook import application
from tests.service import Service


@pytest.mark.parametrize(
    ("accepted", "takes"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("*", True),
        ("deflate, gzip;q=0.5, br", True),
        ("gzip ; q=1.000", True),
        ("gzip;q=0.001", True),
        ("gzip;q=0.5, identity;q=0.5", True),
        ("", False),
        ("identity", False),
        ("br", False),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        ("identity, gzip;q=0.9", False),
        ("gzip;q=2", False),
        ("gzip;q=0.0001", False),
        ("gzip;q=", False),
        ("gzip;level=9", False),
        ("gzipped", False),
    ],
)
def test_weights_are_honoured(accepted: str, takes: bool) -> None:
    assert takes_gzip(accepted.encode()) == takes


def coded(body: bytes, accepted: bytes | None) -> Reply:
    return asyncio.run(in_coding(Reply(200, body), accepted))


@pytest.mark.parametrize("n", [1_025, 100_000])
def test_a_long_answer_is_compressed_for_who_takes_it(n: int) -> None:
    reply = coded(b"a" * n, b"gzip")

    assert gzip.decompress(reply.body) == b"a" * n
    assert (b"content-encoding", b"gzip") in reply.headers
    assert (b"vary", b"accept-encoding") in reply.headers
    assert coded(b"a" * n, b"gzip") == reply


@pytest.mark.parametrize("accepted", [None, b"br", b"gzip;q=0"])
def test_for_others_it_is_not_and_caches_are_told_that_it_may_be(accepted: bytes | None) -> None:
    reply = coded(b"a" * 2_000, accepted)

    assert reply.body == b"a" * 2_000
    assert reply.headers == ((b"vary", b"accept-encoding"),)


def test_what_is_coded_already_stays_as_it_is() -> None:
    reply = Reply(200, b"a" * 2_000, headers=((b"content-encoding", b"br"),))

    assert asyncio.run(in_coding(reply, b"gzip")) == reply


def test_an_answer_says_the_same_in_both_forms(service: Service) -> None:
    """httpx decompresses on its own."""
    plain = service.score(
        application(), "?shap_values=true", idempotency_key="k", accept_encoding="identity"
    )
    short = service.score(application(), accept_encoding="gzip")
    long: httpx.Response = service.score(
        application(), "?shap_values=true", idempotency_key="k", accept_encoding="gzip"
    )

    assert len(plain.content) > 1_024
    assert long.headers["content-encoding"] == "gzip"
    assert int(long.headers["content-length"]) < len(plain.content)
    assert long.content == plain.content
    assert ("content-encoding" in short.headers) == (len(short.content) > 1_024)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.integers(0, 600))
def test_members_are_joined_and_the_bound_is_that_of_what_comes_out(
    parts: list[bytes], maximum: int
) -> None:
    body, whole = b"".join(map(gzip.compress, parts)), b"".join(parts)

    if len(whole) <= maximum:
        assert inflate(body, maximum) == whole == gzip.decompress(body)
    else:
        with pytest.raises(TooLarge):
            inflate(body, maximum)


@given(st.binary(min_size=1, max_size=300), st.data())
def test_a_part_is_refused(content: bytes, data: st.DataObject) -> None:
    body = gzip.compress(content)
    cut = data.draw(st.integers(0, len(body) - 1))

    with pytest.raises(NotGzip):
        inflate(body[:cut], 1_000)
    with pytest.raises(NotGzip):
        inflate(body + b"x", 1_000)


def test_a_bomb_is_not_inflated_beyond_the_bound() -> None:
    """64 KB that would become 64 MB; the control is what inflating all of it takes."""
    bomb = gzip.compress(bytes(64 * 2**20))
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            inflate(bomb, 65_536)
        bounded = tracemalloc.get_traced_memory()[1]
        gzip.decompress(bomb)
        whole = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert bounded < 2**20 < 64 * 2**20 <= whole
