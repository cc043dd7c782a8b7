"""The module under Node.js against the real service behind a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from credit.answer import Answer
from credit.contract import Contract
from credit.records import RecordReader
from serve_app.client import ScoringClient
from serve_app.typescript import typescript_client
from tests.loanbook import application, loan_book
from tests.serve_app.client.faults import Faulty, faulty_server
from tests.serve_app.typescript.driving import SWIFT, drive
from tests.service import TOKEN, Service


@pytest.fixture
def served(service: Service) -> Iterator[tuple[str, Faulty]]:
    with faulty_server(service.app) as (url, faulty):
        yield url, faulty


@pytest.fixture
def module(contract: Contract, tmp_path: Path) -> str:
    written, _ = typescript_client(contract).write(tmp_path / "client.mjs")
    return written.as_uri()


def applicants(n: int) -> list[dict[str, Any]]:
    """Made up, with missing values and codes among them."""
    table = loan_book(n, seed=11).drop(columns="defaulted")
    rows = json.loads(table.to_json(orient="records"))
    return [{**row, "applicant_id": f"P-{i}"} for i, row in enumerate(rows)]


def without_id(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name != "decision_id"}


def n_recorded(service: Service) -> int:
    with RecordReader(service.records, service.keys) as reader:
        return len(reader.after())


def test_it_is_told_what_the_python_client_is_told_to_the_bit(
    module: str, served: tuple[str, Faulty]
) -> None:
    """Numbers are compared as doubles; each client decides for itself, under keys of its own."""
    rows = applicants(20)

    told = drive(module, served[0], "score", rows=rows, named={"shapValues": True})

    with ScoringClient(served[0], TOKEN) as client:
        answers: list[Answer] = [client.score(row, shap_values=True) for row in rows]
    assert [without_id(answer) for answer in told] == [
        without_id(json.loads(msgspec.json.encode(answer))) for answer in answers
    ]
    assert len({answer["arm"] for answer in told}) == 2
    assert {answer["decision_id"] for answer in told}.isdisjoint(
        {answer.decision_id for answer in answers}
    )


@pytest.mark.parametrize("faults", [["die", "drop", 503], ["cut"]])
def test_whatever_is_lost_on_the_way_is_decided_once(
    module: str, served: tuple[str, Faulty], service: Service, faults: list[str | int]
) -> None:
    url, faulty = served
    faulty.due.extend(faults)

    [told] = drive(module, url, "score", rows=[application()])

    assert told["application_id"] == "A-1001"
    assert faulty.n_requests == len(faults) + 1
    assert n_recorded(service) == 1


def test_many_are_told_once_in_their_order_whatever_breaks(
    module: str, served: tuple[str, Faulty], service: Service
) -> None:
    url, faulty = served
    faulty.due.extend(["cut", 503])
    rows = applicants(9)
    rows[7]["age"] = 7

    told = drive(module, url, "scoreMany", rows=rows, named={"rowsPerRequest": 4})

    refused = told.pop(7)
    assert refused["row"] == 8
    assert [failure["field"] for failure in refused["errors"]] == ["age"]
    assert [answer["application_id"] for answer in told] == [
        row["application_id"] for row in rows if row["age"] != 7
    ]
    assert faulty.n_requests == 5
    assert n_recorded(service) == 8


def test_a_refusal_is_told_with_its_problem_and_not_repeated(
    module: str, served: tuple[str, Faulty]
) -> None:
    url, faulty = served

    [told] = drive(module, url, "score", rows=[application(age=7)])

    failed = told["failed"]
    assert (failed["name"], failed["status"]) == ("ServiceRefused", 422)
    assert "age: expected at least 18" in failed["message"]
    assert failed["problem"]["errors"][0]["field"] == "age"
    assert failed["problem"]["instance"].endswith(failed["requestId"])
    assert faulty.n_requests == 1


def test_a_service_that_asks_for_more_time_than_there_is_patience_is_left(
    module: str, served: tuple[str, Faulty]
) -> None:
    url, faulty = served
    faulty.retry_after = b"60"
    faulty.due.append(503)

    [told] = drive(module, url, "score", rows=[application()])

    assert told["failed"]["status"] == 503
    assert faulty.n_requests == 1


def test_attempts_end(module: str, served: tuple[str, Faulty]) -> None:
    url, faulty = served
    faulty.due.extend(["drop"] * 9)

    [told] = drive(module, url, "model", options={**SWIFT, "attempts": 3})

    assert told["failed"]["name"] == "ServiceUnreachable"
    assert faulty.n_requests == 3


def test_what_is_read(module: str, served: tuple[str, Faulty], service: Service) -> None:
    decision_id = service.score(application()).json()["decision_id"]

    [model] = drive(module, served[0] + "/", "model")
    [decision] = drive(module, served[0], "decision", values=[decision_id])

    assert model["generation"] == 5
    assert decision["decision_id"] == decision_id
