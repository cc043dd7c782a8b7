"""Bodies that are no application, and those that are one in spite of their looks."""

from __future__ import annotations

import gzip
import json

from tests.serve_app.contract.cases import GOOD, MEGABYTE, Case, posts, with_value

NOT_JSON = "the body is not valid JSON"
SCORES = "This service scores give_me_some_credit"

_BODIES: list[tuple[str, bytes, int, str | None]] = [
    ("good", GOOD, 200, None),
    ("whole number as a float", with_value("age", b"41.0"), 200, None),
    ("white space around", b" \r\n\t" + GOOD + b"\n ", 200, None),
    ("empty", b"", 400, f"{NOT_JSON}: Input data was truncated"),
    ("truncated", GOOD[:-9], 400, f"{NOT_JSON}: Input data was truncated"),
    ("a form", b"age=41&debt_ratio=1", 400, NOT_JSON),
    ("something behind", GOOD + b"{", 400, f"{NOT_JSON}.*trailing"),
    ("two applications", GOOD + b"\n" + GOOD, 400, f"{NOT_JSON}.*trailing"),
    ("single quotes", GOOD.replace(b'"', b"'"), 400, NOT_JSON),
    ("a comment", b"// good\n" + GOOD, 400, NOT_JSON),
    ("NaN", with_value("age", b"NaN"), 400, "NaN and Infinity are not JSON; send null"),
    ("Infinity", with_value("age", b"Infinity"), 400, "NaN and Infinity are not JSON"),
    ("-Infinity", with_value("age", b"-Infinity"), 400, "NaN and Infinity are not JSON"),
    ("1e999", with_value("debt_ratio", b"1e999"), 400, f"{NOT_JSON}: Number out of range"),
    ("10**400", with_value("debt_ratio", b"1" + b"0" * 400), 422, "debt_ratio: expected at most"),
    ("50,000 digits", with_value("age", b"9" * 50_000), 400, f"{NOT_JSON}: .*out of range"),
    ("leading zero", with_value("age", b"041"), 400, NOT_JSON),
    ("hexadecimal", with_value("age", b"0x29"), 400, NOT_JSON),
    ("nested 60,000 deep", b"[" * 60_000, 400, "nested too deeply"),
    ("nested 10,000 deep in a field", with_value("age", b"[" * 10_000), 400, "nested too deeply"),
    ("nested 100,000 deep", b"[" * 100_000, 413, "larger than 65536 bytes"),
    ("byte order mark", b"\xef\xbb\xbf" + GOOD, 400, "byte order mark: leave it out"),
    ("UTF-16", GOOD.decode().encode("utf-16"), 400, NOT_JSON),
    ("not UTF-8", with_value("application_id", b'"\xff\xfe"'), 400, "not UTF-8"),
    ("lone surrogate", with_value("application_id", b'"\\ud800x"'), 400, NOT_JSON),
    ("lone surrogate as a name", b'{"\\udcff": 1}', 400, NOT_JSON),
    ("raw control character", with_value("application_id", b'"A\x00"'), 400, NOT_JSON),
    ("escaped NUL", with_value("application_id", b'"A\\u0000"'), 422, "printable characters"),
    ("name twice", GOOD[:-1] + b', "age": 42}', 422, "age: given more than once; send each"),
    ("name twice, alike", GOOD[:-1] + b', "age": 41}', 422, "age: given more than once"),
    ("name twice, escaped", GOOD[:-1] + b', "\\u0061ge": 41}', 422, "age: given more than once"),
    ("array", b"[0.31, 41, 0, 0.35]", 422, "the fields application_id, .* got an array of 4"),
    ("array of one", b"[" + GOOD + b"]", 422, "expected one JSON object.* got an array of 1"),
    ("text", json.dumps(GOOD.decode()).encode(), 422, "expected one JSON object"),
    ("null", b"null", 422, "expected one JSON object"),
    ("unknown field", GOOD[:-1] + b', "defaulted": 0}', 422, f"defaulted: unknown.*{SCORES}"),
    ("other product", b'{"application_id": "A-1", "duration_months": 12}', 422, SCORES),
    ("text for a number", with_value("age", b'"41"'), 422, "age: expected a number, got a string"),
    ("true for a number", with_value("age", b"true"), 422, "age: expected a number, got a bool"),
    ("null where there is none", with_value("age", b"null"), 422, "age: may not be null"),
    ("out of range", with_value("age", b"7"), 422, "age: expected at least 18"),
    (
        "1,000 unknown fields",
        json.dumps({f"x{i}": 1 for i in range(1_000)}).encode(),
        422,
        "as are 980 more",
    ),
    ("64 KiB", GOOD + b" " * (65_536 - len(GOOD)), 200, None),
    ("64 KiB and a byte", GOOD + b" " * (65_537 - len(GOOD)), 413, "larger than 65536 bytes"),
    ("10 MB", b'{"x": "' + MEGABYTE * 10 + b'"}', 413, "larger than 65536 bytes"),
]

_TYPES: list[tuple[str, str | None, int]] = [
    ("no content type", None, 200),
    ("content type with charset", "application/json; charset=utf-8", 200),
    ("content type in capitals", "Application/JSON", 200),
    ("text/plain", "text/plain", 415),
    ("form", "application/x-www-form-urlencoded", 415),
    ("multipart", "multipart/form-data; boundary=x", 415),
    ("JSON of another kind", "application/vnd.api+json", 415),
    ("empty content type", "", 415),
]

_BOMB = gzip.compress(MEGABYTE * 10)

BODIES = [
    *(Case(name, posts(body), (status,), detail) for name, body, status, detail in _BODIES),
    *(
        Case(
            name,
            posts(content_type=kind),
            (status,),
            None if status == 200 else "expected content type application/json",
        )
        for name, kind, status in _TYPES
    ),
    Case("identity coding", posts(GOOD, "Content-Encoding: identity"), (200,)),
    Case("gzip", posts(gzip.compress(GOOD), "Content-Encoding: gzip"), (200,)),
    Case("gzip by its old name", posts(gzip.compress(GOOD), "Content-Encoding: X-Gzip"), (200,)),
    Case(
        "gzip in two members",
        posts(gzip.compress(GOOD[:40]) + gzip.compress(GOOD[40:]), "Content-Encoding: gzip"),
        (200,),
    ),
    Case(
        "gzip of 64 KiB and a byte",
        posts(gzip.compress(GOOD + b" " * (65_537 - len(GOOD))), "Content-Encoding: gzip"),
        (413,),
        "larger than 65536 bytes",
    ),
    *(
        Case(f"gzip, {name}", posts(body, "Content-Encoding: gzip"), (400,), "is not gzip")
        for name, body in (
            ("in name only", GOOD),
            ("cut off", gzip.compress(GOOD)[:-9]),
            ("with something behind", gzip.compress(GOOD) + b"{}"),
            ("of nothing", b""),
        )
    ),
    Case("a bomb", posts(_BOMB, "Content-Encoding: gzip"), (413,), "larger than 65536 bytes"),
    *(
        Case(
            f"{coding} of 10 MB",
            posts(_BOMB, f"Content-Encoding: {coding}"),
            (415,),
            "in the content coding gzip, or in none",
            ("accept-encoding", "gzip, identity"),
        )
        for coding in ("br", "deflate, gzip")
    ),
]
