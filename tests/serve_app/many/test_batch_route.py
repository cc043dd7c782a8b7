"""``POST /v1/score/batch``: each row is what ``/v1/score`` makes of it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError

from credit.records import RecordReader
from credit.settings import Settings
from serve_app.limits import Limits
from serve_app.routes.batch import wants_lines
from tests.loanbook import application
from tests.serve_app.many.rows import Row, applications, as_csv, as_lines, as_parquet
from tests.serve_app.test_score_route import problem
from tests.service import Nodes, Service, open_service

JSON = "application/json"
LINES = "application/x-ndjson"
CSV = "text/csv"
PARQUET = "application/vnd.apache.parquet"
PATH = "/v1/score/batch"


def batch(
    service: Service, body: bytes | list[Row] | dict[str, Any], kind: str = JSON, **headers: str
) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    response: httpx.Response = service.client.post(
        PATH, content=content, headers={"content-type": kind, **named}
    )
    return response


def without_id(answer: Row) -> Row:
    return {name: value for name, value in answer.items() if name != "decision_id"}


@pytest.fixture
def alone(service: Service) -> list[Row]:
    """What 40 applicants are told one by one."""
    return [without_id(service.score(row).json()) for row in applications(40)]


BODIES = {
    "array": (as_lines(applications(40)).strip().replace(b"\n", b",").join([b"[", b"]"]), JSON),
    "wrapped": (json.dumps({"applications": applications(40)}).encode(), JSON),
    "lines": (as_lines(applications(40)), LINES),
    "lines with empty ones": (
        b"\r\n" + as_lines(applications(40)).replace(b"\n", b"\r\n \n"),
        LINES,
    ),
    "csv": (as_csv(40), CSV),
    "parquet": (as_parquet(40), PARQUET),
}


@pytest.mark.parametrize("name", BODIES)
def test_every_kind_of_body_is_answered_as_its_rows_are_alone(
    service: Service, alone: list[Row], name: str
) -> None:
    """To the bit: JSON numbers are written with all their digits."""
    body, kind = BODIES[name]

    whole = batch(service, body, kind)
    in_lines = batch(service, body, kind, accept=LINES)

    assert whole.status_code == in_lines.status_code == 200
    assert whole.json()["refused"] == []
    assert [without_id(answer) for answer in whole.json()["answers"]] == alone
    assert in_lines.headers["content-type"] == LINES
    assert "content-length" not in in_lines.headers
    told = [json.loads(line) for line in in_lines.text.splitlines()]
    assert [without_id(answer) for answer in told] == alone


def test_every_row_is_on_record_under_the_route(service: Service) -> None:
    answers = batch(service, applications(30)).json()["answers"]

    with RecordReader(service.records, service.keys) as reader:
        found = reader.after()
    assert [record.decision_id for record in found] == [a["decision_id"] for a in answers]
    assert {record.route for record in found} == {PATH}


def test_good_rows_are_decided_and_bad_ones_are_told_by_number(service: Service) -> None:
    good = applications(3)
    rows = [good[0], application(age=7, debt_ratio="x"), good[1], {"age": 41}, [1], good[2]]

    said = batch(service, rows).json()  # type: ignore[arg-type]

    assert [a["application_id"] for a in said["answers"]] == [r["application_id"] for r in good]
    assert [refused["row"] for refused in said["refused"]] == [2, 4, 5]
    assert said["refused"][0]["errors"] == [
        {"field": "age", "rule": "minimum", "message": "expected at least 18"},
        {"field": "debt_ratio", "rule": "type", "message": "expected a number, got a string"},
    ]
    assert said["refused"][0]["errors"] == service.score(rows[1]).json()["errors"]  # type: ignore[arg-type]
    assert said["refused"][2]["errors"][0]["rule"] == "invalid-input"
    assert len(service.reader.after()) == 3


def test_lines_come_in_the_order_of_the_rows(service: Service) -> None:
    rows = applications(20)
    body = as_lines(rows[:7]) + b'{"age": NaN}\n' + as_lines(rows[7:])

    told = [
        json.loads(line) for line in batch(service, body, LINES, accept=LINES).text.splitlines()
    ]

    assert told[7]["row"] == 8
    assert "NaN and Infinity are not JSON" in told[7]["errors"][0]["message"]
    assert [t["application_id"] for t in told[:7] + told[8:]] == [r["application_id"] for r in rows]


def test_a_batch_that_is_sent_again_gets_the_stored_answers(service: Service) -> None:
    rows: list[Row] = [*applications(5), {"age": 1}]

    first = batch(service, rows, idempotency_key="k")
    longer = batch(service, [*rows, *applications(2, seed=3)], idempotency_key="k", accept=LINES)
    again = batch(service, as_lines(rows), LINES, idempotency_key="k")

    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    told = [json.loads(line) for line in longer.text.splitlines()]
    assert told[:5] == first.json()["answers"]
    assert len(service.reader.after()) == 7


def test_a_key_for_another_row_refuses_that_row(service: Service) -> None:
    rows = applications(3)
    batch(service, rows, idempotency_key="k")

    said = batch(service, [rows[0], rows[2], rows[2]], idempotency_key="k").json()

    assert len(said["answers"]) == 2
    [refused] = said["refused"]
    assert (refused["row"], refused["errors"][0]["rule"]) == (2, "idempotency")


def test_contributions_come_when_asked_for(service: Service) -> None:
    row = applications(1)
    asked = service.client.post(f"{PATH}?shap_values=true", json=row).json()["answers"][0]

    assert without_id(asked) == without_id(service.score(row[0], "?shap_values=true").json())


def test_a_store_that_fails_means_no_answer_in_any_form(service: Service) -> None:
    service.writer.close()

    for accept in (JSON, LINES):
        response = batch(service, applications(5), accept=accept)

        assert problem(response, 503)["type"].endswith(":record-store")
        assert "probability" not in response.text


def test_a_compressed_batch_is_a_batch(service: Service, alone: list[Row]) -> None:
    body = gzip.compress(as_lines(applications(40)))

    said = batch(service, body, LINES, content_encoding="gzip").json()

    assert [without_id(answer) for answer in said["answers"]] == alone


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, False),
        (b"", False),
        (b"*/*", False),
        (b"application/json", False),
        (b"application/x-ndjson", True),
        (b"Application/X-NDJSON", True),
        (b"application/json;q=0.5, application/x-ndjson", True),
        (b"application/x-ndjson;q=0.3", True),
        (b"application/x-ndjson;q=0", False),
        (b"application/x-ndjson; q=0.000, application/json", False),
    ],
)
def test_lines_are_for_who_asks_for_them_by_name(accept: bytes | None, expected: bool) -> None:
    assert wants_lines(accept) == expected


def test_bounds_come_from_the_settings() -> None:
    settings = Settings(max_batch_rows=7, max_batch_bytes=2**17, max_large_bodies=2)

    limits = Limits.of(settings)

    assert (limits.max_batch_rows, limits.max_batch_bytes, limits.max_large_bodies) == (7, 2**17, 2)


@pytest.mark.parametrize(
    "setting", [{"max_batch_rows": 0}, {"max_batch_bytes": 1_000}, {"max_large_bodies": 0}]
)
def test_a_bound_has_bounds(setting: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(setting))):
        Settings(**setting)


def test_a_batch_beyond_its_bounds_is_refused_as_a_whole(nodes: Nodes, tmp_path: Path) -> None:
    limits = Limits(8, 8, 5.0, 10.0, max_batch_bytes=2**16, max_batch_rows=5)
    with open_service(nodes, tmp_path, limits) as service:
        long = problem(batch(service, applications(6)), 413)
        large = problem(batch(service, b"[" + b" " * 2**16), 413)
        assert batch(service, applications(5)).status_code == 200
        assert len(service.reader.after()) == 5

    assert long["detail"] == "the batch has more than 5 rows; send it in several requests"
    assert large["detail"] == "the body is larger than 65536 bytes"
