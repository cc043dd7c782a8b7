"""A whole service inside a Flask application."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import flask
import pytest
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from credit.errors import ServiceUnavailable, SettingsInvalid
from credit.records import LocalKeyFile, RecordReader
from credit.settings import Settings
from serve_app.auth import service_token
from serve_app.client import NO_RETRIES, ScoringClient
from serve_app.rollout.commands import Set, execute
from serve_app.wsgi import WsgiService, build_wsgi_app
from tests.loanbook import application
from tests.serve_app.live import PATIENCE_S
from tests.serve_app.rollout.conftest import PRODUCT, Place, place
from tests.serve_app.wsgi.serving import wsgi_server
from tests.service import Nodes, open_service

__all__ = ["place"]


@pytest.fixture
def settings(place: Place) -> Settings:
    return Settings(home=place.home)


@pytest.fixture
def embedded(settings: Settings) -> Iterator[WsgiService]:
    made = build_wsgi_app(settings, PRODUCT)
    yield made
    made.close()


@pytest.fixture
def url(embedded: WsgiService) -> Iterator[str]:
    """A shop that scores on the side."""
    shop = flask.Flask("shop")
    shop.add_url_rule("/", view_func=lambda: "the shop")
    with wsgi_server(DispatcherMiddleware(shop.wsgi_app, {"/scoring": embedded})) as address:
        yield address


def test_it_decides_records_and_shows_below_the_path_of_its_host(
    url: str, settings: Settings, nodes: Nodes, tmp_path: Path
) -> None:
    with ScoringClient(f"{url}/scoring", service_token(settings)) as client:
        told = client.score(application(applicant_id=None), shap_values=True)
        many = list(client.score_many([application(), application(age=7)]))
        shown = client.decision(str(told.decision_id))
        rollout = client.rollout()

    (tmp_path / "alone").mkdir()
    with open_service(nodes, tmp_path / "alone") as service:
        alone = service.score(application(applicant_id=None), "?shap_values=true").json()
    assert told.probability_of_default == alone["probability_of_default"]
    assert told.shap_values == alone["shap_values"]
    assert [type(each).__name__ for each in many] == ["Answer", "RefusedRow"]
    assert shown["decision_id"] == told.decision_id
    assert [member["role"] for member in rollout["members"]] == ["gateway"]
    with RecordReader(settings.records, LocalKeyFile(settings.key_path)) as reader:
        assert reader.count() == 2


def test_it_follows_the_rollout(
    url: str,
    settings: Settings,
    place: Place,
) -> None:
    with ScoringClient(f"{url}/scoring", service_token(settings)) as client:
        before = client.model()["generation"]
        command = Set(arm="challenger", bundle=place.challenger, share=300)
        execute(place.state, PRODUCT, command, by="ann", prepare=lambda name: name)

        ends_at = time.monotonic() + PATIENCE_S
        while client.model()["generation"] == before:
            assert time.monotonic() < ends_at, "the rollout was not followed"

        assert [arm["arm"] for arm in client.model()["arms"]] == ["champion", "challenger"]


def test_it_asks_for_its_token_and_has_no_drift_monitor(url: str, settings: Settings) -> None:
    stranger = ScoringClient(f"{url}/scoring", None)
    client = ScoringClient(f"{url}/scoring", service_token(settings), retry=NO_RETRIES)

    with stranger, pytest.raises(ServiceUnavailable, match="401"):
        stranger.model()
    with client, pytest.raises(ServiceUnavailable, match="does not run in this process: ask a"):
        client.drift()


def test_without_a_rollout_there_is_nothing_to_serve(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="there is no rollout of give_me_some_credit"):
        build_wsgi_app(Settings(home=tmp_path), PRODUCT)
