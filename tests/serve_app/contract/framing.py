"""Lengths, chunks and header tricks."""

from __future__ import annotations

from tests.serve_app.contract.cases import GOOD, MEGABYTE, TYPED, Case, asks, posts, sends_chunks

_SCORE = ("POST", "/v1/score", TYPED)
_KEY = "Idempotency-Key: {}"
_KEY_EXPECTED = "Idempotency-Key: expected"
_TWICE = "header {}: given more than once"
_WEB_SOCKET = (
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)

FRAMING = [
    Case("chunked", sends_chunks(GOOD[:50], GOOD[50:]), (200,)),
    Case("chunked byte by byte", sends_chunks(*(bytes([b]) for b in GOOD)), (200,)),
    Case("chunked 10 MB", sends_chunks(*[MEGABYTE] * 10), (413,), "larger than 65536"),
    Case("chunked and empty", sends_chunks(), (400,), "the body is not valid JSON"),
    Case("no length", asks(*_SCORE), (400, 411)),
    Case(
        # By its length it is good, by its chunks, which take precedence, it is empty.
        "length and chunks",
        asks(
            *_SCORE,
            f"Content-Length: {len(GOOD) + 5}",
            "Transfer-Encoding: chunked",
            then=b"0\r\n\r\n" + GOOD,
        ),
        (400,),
    ),
    Case(
        "two lengths",
        asks(*_SCORE, f"Content-Length: {len(GOOD)}", "Content-Length: 3", then=GOOD),
        (400,),
    ),
    Case("a length below zero", asks(*_SCORE, "Content-Length: -1", then=GOOD), (400,)),
    Case("a length of 30 digits", asks(*_SCORE, "Content-Length: " + "9" * 30), (400, 413)),
    Case("a chunk of no number", sends_chunks(end=b"zz\r\n" + GOOD + b"\r\n0\r\n\r\n"), (400,)),
    Case(
        "an unknown transfer coding",
        asks(*_SCORE, "Transfer-Encoding: gzip", then=GOOD),
        (400, 501),
    ),
    Case(
        "continue is waited for, in vain",
        asks(*_SCORE, "Content-Length: 10000000", "Expect: 100-continue"),
        (413,),
        "larger than 65536 bytes",
    ),
]

HEADERS = [
    *(
        Case(
            f"x-request-timeout-seconds: {value}",
            posts(GOOD, f"x-request-timeout-seconds: {value}"),
            (200,),
        )
        for value in ("0", "-1", "nan", "inf", "1e-9", "1e300", "soon", "")
    ),
    Case("a timeout of no UTF-8", posts(GOOD, "x-request-timeout-seconds: \xff"), (200,)),
    Case("a request id of no UTF-8", posts(GOOD, "x-request-id: \xff\xfe"), (200,)),
    Case(
        "a request id",
        posts(b"{}", "X-Request-Id: call 7"),
        (422,),
        "",
        ("x-request-id", "call 7"),
    ),
    *(
        Case(
            f"a deadline of {value!r}",
            posts(GOOD, f"X-Request-Timeout-Ms: {value}"),
            (400,),
            "X-Request-Timeout-Ms: expected whole milliseconds, 1 to 600000",
        )
        for value in ("", "0", "-1", "1.5", "1e3", "soon", "600001", "9" * 400, "\xb2")
    ),
    Case("a deadline", posts(GOOD, "X-Request-Timeout-Ms: 600000"), (200,)),
    Case(
        "two deadlines",
        posts(GOOD, "X-Request-Timeout-Ms: 900", "X-Request-Timeout-Ms: 901"),
        (400,),
        _TWICE.format("x-request-timeout-ms"),
    ),
    Case("a trace context that is none", posts(GOOD, "traceparent: 00-\xff-1"), (200,)),
    Case(
        "two codings of answers", posts(GOOD, "Accept-Encoding: br", "Accept-Encoding: x"), (200,)
    ),
    Case("no watch for hang-ups", posts(GOOD, "x-request-disconnect-disabled: ?1"), (200,)),
    Case("a method in a header", posts(GOOD, "X-HTTP-Method-Override: DELETE"), (200,)),
    Case("only XML is accepted", posts(GOOD, "Accept: application/xml"), (200,)),
    Case("a long key", posts(GOOD, _KEY.format("k" * 129)), (400,), _KEY_EXPECTED),
    Case("an empty key", posts(GOOD, _KEY.format("")), (400,), _KEY_EXPECTED),
    Case("a key of no ASCII", posts(GOOD, _KEY.format("schl\xfcssel")), (400,), _KEY_EXPECTED),
    Case("a key with a tab", posts(GOOD, _KEY.format("a\tb")), (400,), _KEY_EXPECTED),
    Case(
        "two keys",
        posts(GOOD, _KEY.format("a"), _KEY.format("b")),
        (400,),
        _TWICE.format("idempotency-key"),
    ),
    Case(
        "two content types",
        posts(GOOD, "Content-Type: text/plain"),
        (400,),
        _TWICE.format("content-type"),
    ),
    Case(
        "two tokens",
        posts(GOOD, "Authorization: Bearer other"),
        (400,),
        _TWICE.format("authorization"),
    ),
    Case(
        "headers of 20 KB",
        posts(GOOD, *(f"x-{i}: {'y' * 100}" for i in range(200))),
        (400, 431),
    ),
    Case("a header of 200 KB", posts(GOOD, f"x-long: {'y' * 200_000}"), (400, 431)),
    Case("a NUL in a header", posts(GOOD, "x-a: b\x00c"), (400,)),
    Case("an upgrade to web sockets", asks("GET", "/v1/score", *_WEB_SOCKET), (400, 403, 405)),
]
