"""Both clients against the real service behind a real server, whose answers go wrong on the way."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from credit.answer import Answer
from credit.errors import (
    ApplicationInvalid,
    DecisionUnknown,
    IdempotencyConflict,
    ServiceUnavailable,
)
from credit.records import RecordReader
from serve_app.client import NO_RETRIES, RefusedRow, RetryPolicy, ScoringClient, ServiceRefused
from tests.loanbook import application
from tests.serve_app.client.faults import SWIFT, Faulty, Kind, ask, ask_many, faulty_server
from tests.service import TOKEN, Service


@pytest.fixture
def served(service: Service) -> Iterator[tuple[str, Faulty]]:
    with faulty_server(service.app) as (url, faulty):
        yield url, faulty


def recorded(service: Service) -> list[str]:
    with RecordReader(service.records, service.keys) as reader:
        return [record.decision_id for record in reader.after()]


def test_an_answer_is_that_of_the_service(
    kind: Kind, served: tuple[str, Faulty], service: Service
) -> None:
    told = ask(kind, served[0], "score", application(), idempotency_key="k", shap_values=True)

    again = service.score(application(), "?shap_values=true", idempotency_key="k").json()
    assert isinstance(told, Answer)
    assert told.decision_id == again["decision_id"]
    assert told.probability_of_default == again["probability_of_default"]
    assert told.shap_values == again["shap_values"]


@pytest.mark.parametrize(
    "faults", [["drop"], ["die"], ["cut"], [502, 504, 503], ["die", "drop", 503, "cut"]]
)
def test_whatever_is_lost_on_the_way_is_decided_once(
    kind: Kind, served: tuple[str, Faulty], service: Service, faults: list[str | int]
) -> None:
    """Also when the service dies after it recorded and before it answered."""
    url, faulty = served
    faulty.due.extend(faults)

    told = ask(kind, url, "score", application())

    assert faulty.n_requests == len(faults) + 1
    assert len(set(faulty.keys)) == 1
    assert recorded(service) == [told.decision_id]


def test_without_retries_the_same_loss_is_told(
    kind: Kind, served: tuple[str, Faulty], service: Service
) -> None:
    """The control: the fault is one, and what it hides was recorded."""
    url, faulty = served
    faulty.due.append("die")

    with pytest.raises(ServiceUnavailable, match="no answer from http"):
        ask(kind, url, "score", application(), retry=NO_RETRIES)

    assert len(recorded(service)) == 1


def test_calls_have_keys_of_their_own(kind: Kind, served: tuple[str, Faulty]) -> None:
    url, faulty = served

    ids = {ask(kind, url, "score", application()).decision_id for _ in range(3)}

    assert len(ids) == len(set(faulty.keys)) == 3


def test_retry_after_is_waited_for(
    kind: Kind, served: tuple[str, Faulty], monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def pause_async(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr("serve_app.client.synchronous.sleep", pauses.append)
    monkeypatch.setattr("serve_app.client.asynchronous.sleep", pause_async)
    url, faulty = served
    faulty.retry_after = b"7"
    faulty.due.extend([503, 503])

    ask(kind, url, "score", application())

    assert len(pauses) == 2
    assert all(7 <= pause <= 7.01 for pause in pauses)


def test_patience_ends(kind: Kind, served: tuple[str, Faulty]) -> None:
    """A service that asks to come again in a minute is not waited for with half a minute of patience."""
    url, faulty = served
    faulty.retry_after = b"60"
    faulty.due.append(503)

    with pytest.raises(ServiceRefused, match="503 no problem document") as caught:
        ask(kind, url, "score", application())

    assert caught.value.retry_after_s == 60
    assert faulty.n_requests == 1


def test_attempts_end(kind: Kind, served: tuple[str, Faulty]) -> None:
    url, faulty = served
    faulty.due.extend(["drop"] * 9)
    retry = RetryPolicy(attempts=3, first_pause_s=0.001)

    with pytest.raises(ServiceUnavailable, match="is `credit serve` running"):
        ask(kind, url, "score", application(), retry=retry)

    assert faulty.n_requests == 3


def test_nothing_that_is_wrong_is_repeated(kind: Kind, served: tuple[str, Faulty]) -> None:
    url, faulty = served
    ask(kind, url, "score", application(), idempotency_key="k")

    with pytest.raises(ApplicationInvalid, match="age: expected at least 18"):
        ask(kind, url, "score", application(age=7))
    with pytest.raises(IdempotencyConflict, match="was used on /v1/score for another application"):
        ask(kind, url, "score", application(age=42), idempotency_key="k")
    with pytest.raises(DecisionUnknown, match="is not found for tenant"):
        ask(kind, url, "decision", "none of these")
    faulty.due.append(500)
    with pytest.raises(ServiceRefused, match="500"):
        ask(kind, url, "model")
    assert faulty.n_requests == 5


def test_an_address_that_cannot_work_is_told_at_once(kind: Kind) -> None:
    with pytest.raises(ServiceUnavailable, match="UnsupportedProtocol"):
        ask(kind, "ftp://127.0.0.1", "model", retry=RetryPolicy(first_pause_s=2.0))


def test_what_is_read(kind: Kind, served: tuple[str, Faulty]) -> None:
    url, faulty = served
    told = ask(kind, url, "score", application())
    faulty.due.extend(["drop", 502])

    assert ask(kind, url, "decision", told.decision_id)["decision_id"] == told.decision_id
    assert ask(kind, url, "model")["generation"] == 5
    assert ask(kind, url, "drift") == {"state": "watching"}
    assert ask(kind, url, "get", "/v1/drift/reports?limit=3") == {"limit": 3, "offset": 0}
    with pytest.raises(ServiceRefused, match="404"):  # this service has no rollout to look at
        ask(kind, url, "rollout")


def rows(n: int) -> list[dict[str, Any]]:
    return [
        application(application_id=f"A-{i}", applicant_id=f"P-{i}", age=7 if i == 4 else 41)
        for i in range(n)
    ]


def test_many_are_decided_in_their_order(
    kind: Kind, served: tuple[str, Faulty], service: Service
) -> None:
    told = ask_many(kind, served[0], rows(7), rows_per_request=3)

    refused = told.pop(4)
    assert isinstance(refused, RefusedRow)
    assert refused.row == 5
    assert [(failure.field, failure.rule) for failure in refused.errors] == [("age", "minimum")]
    answers = [answer for answer in told if isinstance(answer, Answer)]
    assert [answer.application_id for answer in answers] == [f"A-{i}" for i in (0, 1, 2, 3, 5, 6)]
    assert sorted(recorded(service)) == sorted(str(answer.decision_id) for answer in answers)


@pytest.mark.parametrize("faults", [["drop"], ["die"], [503], ["cut"], ["cut", "die", "cut"]])
def test_a_batch_that_breaks_is_told_and_decided_once(
    kind: Kind, served: tuple[str, Faulty], service: Service, faults: list[str | int]
) -> None:
    url, faulty = served
    faulty.due.extend(faults)

    told = ask_many(kind, url, rows(12), idempotency_key="night")

    assert len(told) == 12
    assert faulty.n_requests == len(faults) + 1
    ids = [answer.decision_id for answer in told if isinstance(answer, Answer)]
    assert len(ids) == 11
    assert sorted(recorded(service)) == sorted(str(decision_id) for decision_id in ids)
    assert told == ask_many(kind, url, rows(12), idempotency_key="night")


def test_a_batch_that_is_refused_is_an_error(
    kind: Kind, served: tuple[str, Faulty], service: Service
) -> None:
    service.writer.close()

    with pytest.raises(ServiceRefused, match="503"):
        ask_many(kind, served[0], rows(3), retry=NO_RETRIES)


def test_of_no_applications_nothing_is_asked(kind: Kind, served: tuple[str, Faulty]) -> None:
    assert ask_many(kind, served[0], []) == []
    assert served[1].n_requests == 0


def test_threads_share_a_client(served: tuple[str, Faulty], service: Service) -> None:
    url, faulty = served
    faulty.due.extend(["drop", 503] * 6)
    ready = threading.Barrier(8)

    def one(i: int) -> Answer:
        ready.wait(30)
        return client.score(application(application_id=f"A-{i}"))

    with ScoringClient(url, TOKEN, retry=SWIFT) as client, ThreadPoolExecutor(8) as pool:
        told = list(pool.map(one, range(8)))

    assert [answer.application_id for answer in told] == [f"A-{i}" for i in range(8)]
    assert len(recorded(service)) == 8


def test_the_client_takes_httpx_and_msgspec_and_none_of_the_product_that_scores() -> None:
    script = "import serve_app.client, sys; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    )
    loaded = set(done.stdout.split())

    assert {"httpx", "msgspec", "credit.answer"} <= loaded
    assert loaded.isdisjoint({"ray", "starlette", "numpy", "pandas", "pydantic", "sqlalchemy"})
    assert loaded.isdisjoint({"credit.decision", "credit.contract", "serve_app.gateway"})
