"""Reviews and outcomes are added to decisions that the tenant has; the newest counts."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from credit.followup import Outcome, Review, latest_outcomes, latest_reviews, record_outcome
from credit.records import open_state
from credit.records.lineage.later import added_later
from serve_app.auth import TokenGuard
from serve_app.routes import build_http_app
from serve_app.routes.followup import StoredFollowUp
from tests.loanbook import application
from tests.service import TOKEN, Service, StandInMonitor

OUTCOME = {"defaulted": True, "observed_on": "2027-11-30"}
REVIEW = {"decision": "approve", "reason_code": "INCOME_VERIFIED", "reviewer": "officer-17"}


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Engine]:
    engine = open_state(tmp_path / "state.db")
    yield engine
    engine.dispose()


@pytest.fixture
def client(service: Service, state: Engine) -> TestClient:
    app = build_http_app(
        service.gateway,
        TokenGuard(TOKEN),
        StandInMonitor(),
        followup=StoredFollowUp(state, service.reader),
    )
    return TestClient(app, headers={"authorization": f"Bearer {TOKEN}"})


@pytest.fixture
def decision_id(client: TestClient) -> str:
    return str(client.post("/v1/score", json=application()).json()["decision_id"])


def test_an_outcome_is_kept_and_corrected(
    client: TestClient, state: Engine, decision_id: str, tmp_path: Path
) -> None:
    path = f"/v1/decisions/{decision_id}/outcome"
    first = client.post(path, json=OUTCOME)
    again = client.post(path, json=OUTCOME)

    assert first.status_code == 200, first.text
    assert again.json() == first.json()  # the same again adds nothing
    assert client.post(path, json={**OUTCOME, "defaulted": False}).status_code == 200
    corrected = Outcome(False, datetime.date(2027, 11, 30))
    assert latest_outcomes(state, "default", [decision_id]) == {decision_id: corrected}
    kept = added_later(tmp_path / "state.db", "outcomes", tenant="default", decision_id=decision_id)
    assert [row["defaulted"] for row in kept] == [1, 0]


def test_a_review_is_kept(client: TestClient, state: Engine, decision_id: str) -> None:
    done = client.post(f"/v1/decisions/{decision_id}/review", json=REVIEW)

    assert done.status_code == 200, done.text
    assert latest_reviews(state, "default", [decision_id]) == {
        decision_id: Review("approve", "INCOME_VERIFIED", "officer-17")
    }
    assert latest_reviews(state, "another tenant", [decision_id]) == {}


@pytest.mark.parametrize("kind", ["outcome", "review"])
def test_nothing_is_added_to_a_decision_that_is_not_there(client: TestClient, kind: str) -> None:
    body = OUTCOME if kind == "outcome" else REVIEW
    path = f"/v1/decisions/01a1fe39-b660-7779-85a6-ec2da2e9f518/{kind}"

    assert client.post(path, json=body).status_code == 404
    none = client.post(path, json=body, headers={"authorization": "Bearer wrong"})
    assert none.status_code == 401


@pytest.mark.parametrize(
    ("kind", "body", "why"),
    [
        ("outcome", {"defaulted": "yes", "observed_on": "2027-11-30"}, "Expected `bool`"),
        ("outcome", {"defaulted": True, "observed_on": "soon"}, "Invalid RFC3339"),
        ("outcome", {"defaulted": True}, "missing required field `observed_on`"),
        ("outcome", {**OUTCOME, "name": "x"}, "unknown field `name`"),
        ("review", {**REVIEW, "decision": "perhaps"}, "Invalid enum value 'perhaps'"),
        ("review", {**REVIEW, "reason_code": "she said so"}, "matching regex"),
        ("review", {**REVIEW, "reviewer": ""}, "length >= 1"),
    ],
)
def test_what_is_not_understood_is_refused(
    client: TestClient, decision_id: str, kind: str, body: Any, why: str
) -> None:
    refused = client.post(f"/v1/decisions/{decision_id}/{kind}", json=body)

    assert refused.status_code == 422
    assert why in refused.json()["detail"]


def test_no_more_than_a_page_is_asked_for_at_a_time(state: Engine) -> None:
    record_outcome(state, "default", "d", Outcome(True, datetime.date(2027, 1, 1)))

    with pytest.raises(ValueError, match="expected at most 1000, came 1001"):
        latest_outcomes(state, "default", ["d"] * 1001)
