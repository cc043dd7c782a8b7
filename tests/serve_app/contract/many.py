"""Requests with many applications, and those of other protocols, that are refused as a whole."""

from __future__ import annotations

import gzip
import json

from tests.serve_app.contract.cases import GOOD, MEGABYTE, ROW, Case, asks, post, posts

_BATCH = "/v1/score/batch"
_V2 = "/v2/models/credit-give-me-some-credit/infer"
_LINES = "application/x-ndjson"
_CSV = "text/csv"
_PARQUET = "application/vnd.apache.parquet"
_SHAPE = "expected an array of applications, or an object whose one member"
_ROWS = "the batch has more than 10,000 rows"
_COLUMNS = "the table does not fit contract give_me_some_credit: "
_LARGE = "larger than 16777216 bytes"

_HEADER = ",".join(ROW).encode()
_VALUES = ",".join(str(value) for value in ROW.values()).encode()
_TENSOR = {"name": "application", "shape": [1], "datatype": "BYTES", "data": [GOOD.decode()]}

_BODIES: list[tuple[str, str, bytes, int, str]] = [
    ("empty", "application/json", b"", 400, "Input data was truncated"),
    ("truncated", "application/json", b"[" + GOOD, 400, "Input data was truncated"),
    ("something behind", "application/json", b"[" + GOOD + b"] {", 400, "trailing"),
    ("NaN", "application/json", b'[{"age": NaN}]', 400, "NaN and Infinity are not JSON"),
    ("nested deeply", "application/json", b"[" * 60_000, 400, "nested too deeply|truncated"),
    ("byte order mark", "application/json", b"\xef\xbb\xbf[]", 400, "byte order mark"),
    ("one application", "application/json", GOOD, 422, _SHAPE),
    ("a text", "application/json", b'"x"', 422, _SHAPE),
    ("another member", "application/json", b'{"rows": []}', 422, _SHAPE),
    ("a member too many", "application/json", b'{"applications": [], "x": 1}', 422, _SHAPE),
    ("no list", "application/json", b'{"applications": {}}', 422, _SHAPE),
    (
        "applications twice",
        "application/json",
        b'{"applications": [{}], "\\u0061pplications": [{}]}',
        422,
        "applications: given more than once",
    ),
    ("no applications", "application/json", b"[]", 422, "at least one application, got none"),
    ("too many rows", "application/json", b"[" + b"{}," * 10_000 + b"{}]", 413, _ROWS),
    ("a million numbers", "application/json", b"[" + b"0," * 2**20 + b"0]", 413, _ROWS),
    ("no lines", _LINES, b"\n \r\n\n", 422, "at least one application, got none"),
    ("too many lines", _LINES, b"{}\n" * 10_001, 413, _ROWS),
    ("an empty table", _CSV, b"", 422, "the body cannot be read: expected a header and rows"),
    ("only a header", _CSV, _HEADER + b"\n", 422, "at least one application, got none"),
    (
        "a column that is missing",
        _CSV,
        b"application_id,age\nA-1,41\n",
        422,
        f"{_COLUMNS}missing col",
    ),
    (
        "a column too many",
        _CSV,
        _HEADER + b",shoe\n" + _VALUES + b",42\n",
        422,
        f"{_COLUMNS}1 unknown columns, the first at place 13",
    ),
    ("a person for a header", _CSV, _VALUES + b"\n" + _VALUES + b"\n", 422, _COLUMNS),
    ("no UTF-8", _CSV, _HEADER + b"\n\xff\xfe" + _VALUES + b"\n", 422, "in UTF-8"),
    ("too many rows of a table", _CSV, _HEADER + b"\n" + (_VALUES + b"\n") * 10_001, 413, _ROWS),
    ("no Parquet", _PARQUET, b"PAR1" + GOOD + b"PAR1", 422, "expected a Parquet file"),
    ("Parquet of nothing", _PARQUET, b"", 422, "expected a Parquet file"),
    (
        "a form",
        "application/x-www-form-urlencoded",
        GOOD,
        415,
        "expected content type application/json or",
    ),
    ("XML", "application/xml", GOOD, 415, "or text/csv or application/vnd.apache.parquet"),
]

_PREDICT: list[tuple[str, str, bytes, int, str]] = [
    (
        "too few values",
        "/predict",
        b'{"features": [1, 2]}',
        422,
        "in the order revolving_utilization",
    ),
    ("too many values", "/predict", b'{"features": [%b0]}' % (b"0," * 10), 422, "got 11 values"),
    ("NaN among values", "/predict", b'{"features": [NaN]}', 400, "NaN and Infinity"),
    ("another product", "/predict", b'{"duration": 12}', 422, "scores give_me_some_credit"),
    ("no list", "/predict/batch", b'{"rows": []}', 422, _SHAPE),
    ("too many rows", "/predict/batch", b"[" + b"{}," * 10_000 + b"{}]", 413, _ROWS),
    ("lines", "/predict/batch", GOOD + b"\n" + GOOD, 422, _SHAPE),
]

_TENSORS: list[tuple[str, object, int]] = [
    ("nothing", {}, 400),
    ("no list", {"inputs": _TENSOR}, 400),
    ("another shape", {"inputs": [{**_TENSOR, "shape": [2]}]}, 400),
    ("a huge shape", {"inputs": [{**_TENSOR, "shape": [10**12]}]}, 413),
    ("a shape beyond numbers", {"inputs": [{**_TENSOR, "shape": [10**30]}]}, 413),
    ("a bad row", {"inputs": [{**_TENSOR, "data": [GOOD.decode().replace("41", "7")]}]}, 422),
]

_QUERIES = ("limit=0", "limit=1e3", "before=%c3%bc", "decision=yes", "since=now", "shoe=42")

MANY = [
    *(
        Case(f"batch: {name}, {kind}", posts(body, path=_BATCH, content_type=kind), (status,), said)
        for name, kind, body, status, said in _BODIES
    ),
    *(
        Case(f"{path}: {name}", posts(body, path=path), (status,), said)
        for name, path, body, status, said in _PREDICT
    ),
    *(
        Case(f"inference: {name}", posts(json.dumps(asked).encode(), path=_V2), (status,))
        for name, asked, status in _TENSORS
    ),
    Case("inference: truncated", posts(GOOD[:-9], path=_V2), (400,)),
    Case("inference: a form", posts(GOOD, path=_V2, content_type="text/plain"), (415,)),
    Case("inference: another model", posts(path="/v2/models/credit-x/infer"), (404,)),
    Case(
        "inference: another version",
        posts(path="/v2/models/credit-give-me-some-credit/versions/0/infer"),
        (404,),
    ),
    Case(
        "inference: a length beyond the body",
        posts(GOOD, "Inference-Header-Content-Length: 99999999999", path=_V2),
        (400,),
    ),
    Case("inference: no token", lambda token: post(None, GOOD, path=_V2), (401,)),
    Case(
        "batch: 17 MB are announced",
        asks("POST", _BATCH, "Content-Type: application/json", f"Content-Length: {17 * 2**20}"),
        (413,),
        _LARGE,
    ),
    Case("batch: 17 MB", posts(MEGABYTE * 17, path=_BATCH), (413,), _LARGE),
    Case(
        "batch: gzip of 40 MB",
        posts(gzip.compress(MEGABYTE * 40), "Content-Encoding: gzip", path=_BATCH),
        (413,),
        _LARGE,
    ),
    Case(
        "batch: a long key",
        posts(b"[]", f"Idempotency-Key: {'k' * 129}", path=_BATCH),
        (400,),
        "Idempotency-Key: expected",
    ),
    Case("batch: a GET", asks("GET", _BATCH), (405,), None, ("allow", "POST")),
    Case("batch: no token", lambda token: post(None, GOOD, path=_BATCH), (401,)),
    *(
        Case(f"decisions: {query}", asks("GET", f"/v1/decisions?{query}"), (400,), "query")
        for query in _QUERIES
    ),
]
