"""Paths, queries, methods and who asks."""

from __future__ import annotations

from tests.serve_app.contract.cases import GOOD, MEGABYTE, Case, asks, chunked, post, posts

_NOWHERE = "see /docs for the routes"
_TOKEN = "send the header Authorization"
_PATHS = (
    "/v1/score/",
    "//v1/score",
    "/V1/SCORE",
    "/v1/score%00",
    "/v1/../v1/score",
    "/%ff",
    "/v1/scores",
    "/",
)
_DECISIONS = (
    "nobody",
    "x" * 65,
    "%00",
    "%c3%bc",
    "%ff",
    "..%2fx",
    "018f0000-0000-7000-8000-000000000000",
)
_METHODS = ("GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE")
_PARAMETERS = "&".join(f"x{i}=" for i in range(100))

TARGETS = [
    *(Case(f"path {path}", posts(path=path), (404, 400), _NOWHERE) for path in _PATHS),
    *(
        Case(f"decision {name[:20]}", asks("GET", f"/v1/decisions/{name}"), (404,))
        for name in _DECISIONS
    ),
    *(
        Case(
            f"{method} on a score",
            asks(method, "/v1/score"),
            (405,),
            None if method == "HEAD" else _NOWHERE,
            ("allow", "POST"),
        )
        for method in _METHODS
    ),
    Case(
        "a score on a GET route",
        posts(path="/v1/model"),
        (405,),
        _NOWHERE,
        ("allow", "GET, HEAD"),
    ),
    Case(
        "a method nobody knows",
        lambda token: b"BREW /v1/score HTTP/1.1\r\nHost: s\r\n\r\n",
        (400, 405),
    ),
    Case(
        "no HTTP at all",
        lambda token: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        (400,),
    ),
    Case(
        "a flag of another kind",
        posts(path="/v1/score?shap_values=1"),
        (400,),
        "shap_values: expected true or false",
    ),
    Case(
        "a flag twice",
        posts(path="/v1/score?shap_values=true&shap_values=false"),
        (400,),
        "shap_values: given more than once",
    ),
    Case("a long query", posts(path="/v1/score?x=" + "y" * 2_000), (414,), "the query is longer"),
    Case("100 parameters", posts(path=f"/v1/score?{_PARAMETERS}"), (400,), "at most 16 parameters"),
    Case(
        "a page far away",
        asks("GET", "/v1/drift/reports?offset=" + "9" * 900),
        (400,),
        "offset: expected 0 to",
    ),
    Case(
        "no token",
        lambda token: post(None, GOOD),
        (401,),
        _TOKEN,
        ("www-authenticate", "Bearer"),
    ),
    Case("a wrong token", lambda token: post("wrong", GOOD), (401,), _TOKEN),
    Case("no token, 10 MB", lambda token: post(None, MEGABYTE * 10), (401,), _TOKEN),
    Case(
        "no token, chunked 10 MB",
        lambda token: chunked("wrong", *[MEGABYTE] * 10),
        (401,),
        _TOKEN,
    ),
]
