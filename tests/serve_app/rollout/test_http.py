"""The rollout over HTTP: shown to clients, changed by admins, in the words of the commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from credit.records import LocalKeyFile, RecordReader, RecordWriter
from credit.settings import Settings
from serve_app.auth import TokenGuard
from serve_app.fused import local_links
from serve_app.gateway import Gateway
from serve_app.rollout import RolloutFollower
from serve_app.rollout.control import RolloutControl
from serve_app.routes import build_http_app
from serve_app.scoring import Scoring
from serve_app.shelf import BundleShelf
from tests.loanbook import application
from tests.serve_app.rollout.conftest import PRODUCT, Place
from tests.service import StandInMonitor

CLIENT, ADMIN = "a-client", "an-admin"


class Served:
    """A service in this process that follows the rollout."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def get(self, path: str = "/v1/rollout", token: str = CLIENT) -> httpx.Response:
        found: httpx.Response = self._client.get(path, headers=_bearer(token))
        return found

    def change(self, command: Any, token: str = ADMIN) -> httpx.Response:
        found: httpx.Response = self._client.post(
            "/v1/rollout", json=command, headers=_bearer(token)
        )
        return found

    def score(self, applicant: str) -> dict[str, Any]:
        row = application(applicant_id=applicant)
        found = self._client.post("/v1/score", json=row, headers=_bearer(CLIENT))
        assert found.status_code == 200, found.text
        return dict(found.json())


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


@pytest.fixture
def served(place: Place) -> Iterator[Served]:
    shelf = BundleShelf(place.bundles)
    records, keys = place.home / "records.db", LocalKeyFile(place.home / "keys.json")
    follower = RolloutFollower(
        place.open_state(),
        PRODUCT,
        shelf,
        role="gateway",
        adopt=lambda r: gateway.adopt(r),  # noqa: PLW0108 - made below
    )
    with RecordWriter(records, keys) as writer, RecordReader(records, keys) as reader:
        scoring = Scoring(shelf, local_links(shelf))
        gateway = Gateway(follower.active, shelf, scoring, writer, reader)
        control = RolloutControl(Settings(home=place.home), place.state, PRODUCT)
        app = build_http_app(gateway, TokenGuard(CLIENT, ADMIN), StandInMonitor(), control=control)
        follower.start()
        with TestClient(app) as client:
            yield Served(client)
        follower.close()


def test_a_change_answers_when_every_replica_answers_with_it(served: Served, place: Place) -> None:
    done = served.change(
        {"action": "set", "arm": "challenger", "bundle": place.challenger, "share": 1000}
    )

    assert done.status_code == 200, done.text
    assert done.json()["active"]["generation"] == 2
    told = served.score("P-1")
    assert (told["arm"], told["bundle"], told["generation"]) == ("challenger", place.challenger, 2)
    assert served.change({"action": "promote", "arm": "challenger"}).status_code == 200
    assert served.score("P-1")["arm"] == "champion"
    assert served.change({"action": "rollback", "note": "too strict"}).status_code == 200
    assert served.score("P-1")["bundle"] == place.challenger
    history = served.get("/v1/rollout/history?limit=2").json()
    assert [past["change"]["action"] for past in history] == [
        "rollback to 2",
        "promote challenger",
    ]
    assert history[0]["change"]["note"] == "too strict"
    assert history[0]["change"]["by"] == "an admin, over HTTP"


def test_clients_may_look_and_only_admins_change(served: Served) -> None:
    assert served.get().json()["active"]["generation"] == 1
    assert served.get(token=ADMIN).status_code == 200
    assert served.get(token="nobody's").status_code == 401
    refused = served.change({"action": "pause"}, token=CLIENT)
    assert refused.status_code == 403
    assert refused.json()["title"] == "The token does not allow this"
    assert served.change({"action": "pause"}, token="nobody's").status_code == 401
    assert served.get().json()["active"]["generation"] == 1


@pytest.mark.parametrize(
    ("command", "status", "why"),
    [
        ({"action": "dance"}, 422, "Invalid value 'dance'"),
        ({"action": "promote"}, 422, "missing required field `arm`"),
        ({"action": "pause", "really": True}, 422, "unknown field `really`"),
        ({"action": "set", "arm": "challenger", "share": "half"}, 422, "Expected `int"),
        ({"action": "set", "arm": "challenger", "share": 10}, 409, "there is no challenger"),
        ({"action": "promote", "arm": "challenger"}, 409, "there is no challenger"),
        ({"action": "rollback"}, 409, "there is no earlier generation"),
        (
            {"action": "set", "arm": "c", "bundle": "../../etc"},
            409,
            "an alias or a hash, no folder",
        ),
        ({"action": "set", "arm": "c", "bundle": "nothing"}, 409, "there is no registry"),
    ],
)
def test_what_cannot_be_done_is_refused_with_its_reason(
    served: Served, command: Any, status: int, why: str
) -> None:
    refused = served.change(command)

    assert refused.status_code == status, refused.text
    assert why in refused.json()["detail"]
    assert served.get().json()["active"]["generation"] == 1


def test_a_bundle_that_was_changed_reaches_nobody(served: Served, place: Place) -> None:
    file: Path = place.bundles / place.challenger / "manifest.json"
    file.write_bytes(file.read_bytes().replace(b"0", b"1", 1))

    refused = served.change({"action": "set", "arm": "challenger", "bundle": place.challenger})

    assert refused.status_code == 409
    assert "at least one file was changed" in refused.json()["detail"]
    assert served.score("P-1")["bundle"] == place.champion
