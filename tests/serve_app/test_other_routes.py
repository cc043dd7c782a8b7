"""Who is let in, what the other routes say, and what happens when something fails."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from credit.decision import Rollout
from credit.decision.assignment import Arm
from credit.errors import BundleUnknown
from serve_app.auth import TokenGuard
from serve_app.gateway import Gateway
from serve_app.routes import build_http_app
from serve_app.shelf import BundleShelf
from tests.loanbook import application
from tests.records.samples import tamper
from tests.serve_app.test_score_route import problem
from tests.service import TOKEN, Nodes, Service, StandInMonitor

GUARDED = [
    ("POST", "/v1/score"),
    ("GET", "/v1/decisions/{decision_id}"),
    ("GET", "/v1/model"),
    ("GET", "/v1/drift"),
    ("GET", "/v1/drift/reports"),
    ("GET", "/metrics"),
    ("POST", "/v1/score/batch"),
    ("GET", "/v1/decisions"),
    ("GET", "/v2"),
    ("GET", "/v2/models/{name}"),
    ("GET", "/v2/models/{name}/ready"),
    ("POST", "/v2/models/{name}/infer"),
    ("GET", "/v2/models/{name}/versions/{version}"),
    ("GET", "/v2/models/{name}/versions/{version}/ready"),
    ("POST", "/v2/models/{name}/versions/{version}/infer"),
    ("POST", "/predict"),
    ("POST", "/predict/batch"),
    ("GET", "/model-info"),
    ("GET", "/logs"),
    ("GET", "/drift-reports"),
]
OPEN = [
    *("/healthz", "/readyz", "/docs", "/openapi.json"),
    *("/v2/health/live", "/v2/health/ready", "/health"),
]


@pytest.fixture
def stranger(service: Service) -> TestClient:
    """A client without a token."""
    return TestClient(service.app)


@pytest.mark.parametrize(("method", "path"), GUARDED)
@pytest.mark.parametrize(
    "authorization",
    [None, "Bearer", "Bearer wrong", TOKEN, f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer tökén"],
)
def test_without_the_token_nobody_is_let_in(
    stranger: TestClient, method: str, path: str, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"authorization": authorization.encode("latin-1")}

    response: httpx.Response = stranger.request(method, path, json=application(), headers=headers)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert TOKEN not in response.text
    told = "send the header Authorization: Bearer <token>"
    if path.startswith("/v2"):
        assert response.json() == {"error": f"A valid token is required: {told}"}
    else:
        assert problem(response, 401)["detail"] == told


def test_the_token_is_asked_for_before_the_body_is_read(stranger: TestClient) -> None:
    problem(stranger.post("/v1/score", content=b"x" * 100_000), 401)


@pytest.mark.parametrize("path", OPEN)
def test_health_and_documents_are_open(stranger: TestClient, path: str) -> None:
    assert stranger.get(path).status_code == 200


def test_a_guard_without_a_token_lets_everybody_in() -> None:
    assert TokenGuard(None).tenant(None) == "default"


def test_every_route_is_either_guarded_or_open(service: Service) -> None:
    """A new route has to be put into one of the two lists above."""
    routes = {route.path for route in service.app.routes}

    assert routes == {path for _, path in GUARDED} | set(OPEN)


def test_an_unknown_path_is_a_problem_document(service: Service) -> None:
    said = problem(service.client.get("/v1/scores"), 404)

    assert said["detail"] == "see /docs for the routes"


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/score"), ("POST", "/v1/model")])
def test_another_method_is_a_problem_document_that_says_which_is_allowed(
    service: Service, method: str, path: str
) -> None:
    response: httpx.Response = service.client.request(method, path)

    problem(response, 405)
    allowed = set(response.headers["allow"].split(", "))
    assert ("POST" if method == "GET" else "GET") in allowed
    assert method not in allowed


def test_ready_means_that_a_decision_could_be_recorded(service: Service) -> None:
    assert service.client.get("/readyz").json() == {"status": "ready"}

    service.records.unlink()
    service.records.mkdir()

    assert problem(service.client.get("/readyz"), 503)["type"].endswith(":record-store")
    assert service.client.get("/healthz").json() == {"status": "alive"}


def test_the_model_route_says_which_bundles_answer_whom(service: Service, nodes: Nodes) -> None:
    said = service.client.get("/v1/model").json()

    assert said["product"] == "give_me_some_credit"
    assert said["generation"] == 5
    arms = [(arm["arm"], arm["model"], arm["share"]) for arm in said["arms"]]
    assert arms == [("champion", "lightgbm", 0.7), ("challenger", "scorecard", 0.3)]
    assert [arm["bundle"] for arm in said["arms"]] == [a.bundle for a in nodes.rollout.arms]
    assert all(0.5 < arm["metrics"]["auc"] < 1 for arm in said["arms"])


def test_the_drift_routes_pass_on_what_the_monitor_says(service: Service) -> None:
    assert service.client.get("/v1/drift").json() == {"state": "watching"}
    assert service.client.get("/v1/drift/reports").json() == {"limit": 20, "offset": 0}
    assert service.client.get("/v1/drift/reports?limit=5&offset=7").json() == {
        "limit": 5,
        "offset": 7,
    }
    assert service.client.get("/metrics").headers["content-type"].startswith("text/plain; version=")


@pytest.mark.parametrize("query", ["limit=-1", "limit=101", "limit=x", "limit=", "offset=1e3"])
def test_a_page_has_bounds(service: Service, query: str) -> None:
    said = problem(service.client.get(f"/v1/drift/reports?{query}"), 400)

    assert f"query parameter {query.split('=', maxsplit=1)[0]}: expected 0 to " in said["detail"]


def test_a_monitor_that_is_down_keeps_nobody_from_a_score(service: Service) -> None:
    service.monitor.fails = True

    assert problem(service.client.get("/v1/drift"), 503)["title"] == "The service is not available"
    assert service.score(application()).status_code == 200


SECRET = 7_654_321.25


def test_an_error_that_nobody_planned_tells_and_logs_no_value(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(*arguments: Any) -> None:
        raise RuntimeError(f"cannot divide {SECRET} of Erika Mustermann")

    monkeypatch.setattr(service.gateway._scoring, "score", fail)

    with caplog.at_level(logging.DEBUG):
        response = service.score(application(monthly_income=SECRET))

    said = problem(response, 500)
    assert said["detail"] == "see the service's log"
    assert "RuntimeError in /v1/score" in caplog.text
    for text in (response.text, caplog.text):
        assert str(SECRET) not in text
        assert "Mustermann" not in text


def test_no_value_of_an_application_reaches_a_log(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """Scores, refusals, a replay, a conflict and a store that fails."""
    personal = {"application_id": "A-Mustermann", "applicant_id": "P-Erika"}
    good = application(monthly_income=SECRET, **personal)
    with caplog.at_level(logging.DEBUG):
        texts = [
            service.score(good, idempotency_key="k").text,
            service.score(good, idempotency_key="k").text,
            service.score({**good, "age": 42}, idempotency_key="k").text,
            service.score({**good, "age": SECRET}).text,
            service.score({**good, "debt_ratio": [SECRET]}).text,
        ]
        tamper(service.records, "DROP TABLE records")
        texts.append(service.score(good).text)
        assert problem(service.score(good), 503)

    assert caplog.text  # the control: the failing store did log something
    for value in (str(SECRET), "Mustermann", "P-Erika"):
        assert value not in caplog.text
        assert all(value not in text for text in texts[2:])


def test_a_shelf_refuses_what_it_does_not_hold(nodes: Nodes, tmp_path: Path) -> None:
    with pytest.raises(BundleUnknown, match="bundle aaaaaaaaaaaa is not loaded here"):
        nodes.shelf.get("a" * 64)
    with pytest.raises(BundleUnknown, match="there is no bundle at"):
        BundleShelf(tmp_path, ["a" * 64])


def test_a_rollout_over_a_bundle_that_is_not_there_does_not_open(
    nodes: Nodes, service: Service
) -> None:
    rollout = Rollout(product="p", generation=1, salt="s", arms=(Arm("champion", "a" * 64),))

    with pytest.raises(BundleUnknown):
        Gateway(rollout, nodes.shelf, nodes.scoring, service.writer, service.reader)


def test_auth_can_be_switched_off(service: Service) -> None:
    app = build_http_app(service.gateway, TokenGuard(None), StandInMonitor())

    assert TestClient(app).post("/v1/score", json=application()).status_code == 200
