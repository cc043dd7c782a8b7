"""OpenML, spoken by a server in a thread; the client's own requests are sent there."""

from __future__ import annotations

import hashlib
import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from credit.data import read_source
from credit.errors import DataError

ARFF = b"""@RELATION loans
@ATTRIBUTE amount REAL
@ATTRIBUTE months INTEGER
@ATTRIBUTE home {own,rent,'for free'}
@ATTRIBUTE class {good,bad}
@DATA
0.30000000000000004,12,own,good
5e-324,24,'for free',bad
?,36,?,good
"""
COLUMNS = {"amount": "numeric", "months": "numeric", "home": "nominal", "class": "nominal"}
CATEGORIES = {"home": ["own", "rent", "for free"], "class": ["good", "bad"]}


@dataclass
class OpenML:
    """What the site answers, by path; everything else is unknown to it."""

    answers: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def add(self, data_id: int, *, target: str | None = "class", arff: bytes = ARFF) -> None:
        api = "/api/v1/json/data"
        description = {
            "id": str(data_id),
            "name": "loans",
            "version": "1",
            "status": "active",
            "format": "ARFF",
            "description": "made up",
            "url": f"https://www.openml.org/data/v1/download/{data_id}/loans.arff",
            "md5_checksum": hashlib.md5(ARFF).hexdigest(),  # noqa: S324 (what OpenML sends)
        }
        features = [
            {
                "index": str(i),
                "name": name,
                "data_type": kind,
                "is_target": str(name == target).lower(),
                "is_ignore": "false",
                "is_row_identifier": "false",
                "number_of_missing_values": "0",
                **({"nominal_value": CATEGORIES[name]} if kind == "nominal" else {}),
            }
            for i, (name, kind) in enumerate(COLUMNS.items())
        ]
        qualities = [{"name": "NumberOfInstances", "value": "3"}]
        self.answers |= {
            f"{api}/{data_id}": _json(data_set_description=description),
            f"{api}/features/{data_id}": _json(data_features={"feature": features}),
            f"{api}/qualities/{data_id}": _json(data_qualities={"quality": qualities}),
            f"/data/v1/download/{data_id}/loans.arff": arff,
        }


def _json(**content: Any) -> bytes:
    return json.dumps(content).encode()


class _ToLoopback(urllib.request.HTTPSHandler):
    """Sends what is meant for the site to the server, in clear."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port

    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        assert req.host == "www.openml.org"
        local = urllib.request.Request(f"http://127.0.0.1:{self.port}{req.selector}")
        answer: HTTPResponse = self.parent.open(local)
        return answer


@contextmanager
def requests_through(handler: urllib.request.HTTPSHandler) -> Iterator[None]:
    no_proxy = urllib.request.ProxyHandler({})
    urllib.request.install_opener(urllib.request.build_opener(no_proxy, handler))
    try:
        yield
    finally:
        urllib.request.install_opener(urllib.request.build_opener())


@pytest.fixture
def openml() -> Iterator[OpenML]:
    site = OpenML()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append(self.path)
            content = site.answers.get(self.path)
            self.send_response(412 if content is None else 200)  # 412: its way of saying unknown
            self.end_headers()
            self.wfile.write(content or b"{}")

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with requests_through(_ToLoopback(server.server_port)):
        yield site
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_data_set_comes_with_its_target_and_every_bit(openml: OpenML) -> None:
    openml.add(31)

    table = read_source("openml:31")

    assert list(table.columns) == list(COLUMNS)
    assert table["amount"].tolist()[:2] == [0.1 + 0.2, 5e-324]
    assert table["amount"].isna().tolist() == [False, False, True]
    assert table["months"].tolist() == [12, 24, 36]
    assert table["home"].tolist()[:2] == ["own", "for free"]
    assert table["class"].tolist() == ["good", "bad", "good"]


def test_what_was_fetched_is_kept_below_the_folder(openml: OpenML, tmp_path: Path) -> None:
    openml.add(31)
    first = read_source("openml:31", cache=tmp_path)
    openml.answers.clear()

    assert read_source("openml:31", cache=tmp_path).equals(first)
    assert [path.name for path in tmp_path.iterdir()] == ["openml"]
    with pytest.raises(DataError):  # the control: without the folder, it is asked again
        read_source("openml:31")


def test_a_damaged_file_of_the_cache_is_fetched_again(openml: OpenML, tmp_path: Path) -> None:
    openml.add(31)
    first = read_source("openml:31", cache=tmp_path)
    (kept,) = tmp_path.rglob("loans.arff.gz")
    kept.write_bytes(b"damaged")
    n_asked = len(openml.asked)

    assert read_source("openml:31", cache=tmp_path).equals(first)
    assert openml.asked[n_asked:] == ["/data/v1/download/31/loans.arff"]


def test_an_unknown_id_is_refused(openml: OpenML) -> None:
    with pytest.raises(DataError, match="^openml:32: OpenML has no such table: .* not found"):
        read_source("openml:32")


def test_a_data_set_without_a_target_is_refused(openml: OpenML) -> None:
    openml.add(31, target=None)

    with pytest.raises(DataError, match="^openml:31: OpenML names no target column; download"):
        read_source("openml:31")


def test_a_file_that_is_not_the_published_one_is_refused(openml: OpenML) -> None:
    openml.add(31, arff=ARFF.replace(b"24", b"25"))

    with pytest.raises(DataError, match="^openml:31: .* md5 checksum"):
        read_source("openml:31")


def test_an_answer_of_another_shape_is_refused(openml: OpenML) -> None:
    openml.answers["/api/v1/json/data/31"] = b"{}"

    with pytest.raises(DataError, match="^openml:31: OpenML has no such table"):
        read_source("openml:31")


def test_no_network_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    class Offline(urllib.request.HTTPSHandler):
        def https_open(self, req: urllib.request.Request) -> HTTPResponse:
            raise OSError("no route to host")

    monkeypatch.setattr(time, "sleep", lambda seconds: None)  # the client waits between its tries

    with (
        requests_through(Offline()),
        pytest.raises(
            DataError, match="^openml:31: OpenML does not answer .*; check the network, or download"
        ),
    ):
        read_source("openml:31")


@pytest.mark.parametrize("name", ["german", "", "0", "-1", "31x", "1" * 12])
def test_only_a_number_names_a_data_set(name: str) -> None:
    with pytest.raises(DataError, match="expected the number of a data set, such as openml:31"):
        read_source(f"openml:{name}")
