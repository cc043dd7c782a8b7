"""The examples of docs/clients.md do what they say, against the real service behind a real server."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from credit.contract import Contract
from credit.records import RecordReader
from serve_app.problems import KINDS
from serve_app.typescript import typescript_client
from tests.loanbook import application
from tests.serve_app.live import live_server
from tests.serve_app.many.door import open_door
from tests.serve_app.typescript.driving import NODE
from tests.service import TOKEN, Service

PAGE = (Path(__file__).parents[2] / "docs" / "clients.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def url(service: Service, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with live_server(service.app) as address:
        monkeypatch.setenv("CREDIT_URL", address)
        monkeypatch.setenv("CREDIT_TOKEN", TOKEN)
        yield address


def n_recorded(service: Service) -> int:
    with RecordReader(service.records, service.keys) as reader:
        return reader.count()


def test_python(url: str, service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    synchronous, asynchronous = blocks("python")

    exec(compile(synchronous, "docs/clients.md", "exec"), {})  # noqa: S102
    exec(compile(asynchronous, "docs/clients.md", "exec"), {})  # noqa: S102

    said = capsys.readouterr().out
    assert said.startswith(("approve", "review", "decline"))
    assert "RefusedRow(row=2, errors=(Failure(field='age', rule='minimum'" in said
    assert n_recorded(service) == 2


def test_grpc(url: str, service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    [example] = [block for block in blocks("py") if "tritonclient" in block]

    with open_door(url) as address:
        code = example.replace("127.0.0.1:8001", address) + "client.close()\n"
        exec(compile(code, "docs/clients.md", "exec"), {"application": application()})  # noqa: S102

    assert re.fullmatch(r"\[\d+\.\d+\] \[b'(approve|review|decline)'\]\n", capsys.readouterr().out)
    assert n_recorded(service) == 1


def test_javascript(url: str, service: Service, contract: Contract, tmp_path: Path) -> None:
    [example] = blocks("js")
    typescript_client(contract).write(tmp_path / "scoring.mjs")
    (tmp_path / "example.mjs").write_text(example)

    done = subprocess.run(
        [NODE, "example.mjs"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert done.stderr == ""
    assert "application_id: 'A-1002'" in done.stdout
    assert n_recorded(service) == 2


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl here")
def test_curl(url: str, service: Service) -> None:
    [script] = blocks("sh")

    done = subprocess.run(
        ["/bin/sh", "-c", script], capture_output=True, text=True, check=True, timeout=120
    )

    assert '"application_id":"A-1003"' in done.stdout
    assert n_recorded(service) == 1


def test_every_status_of_a_refusal_is_in_the_table() -> None:
    listed = set(
        re.findall(r"\b[2-5]\d\d\b", "\n".join(re.findall(r"^\| ([\d, ]+) \|", PAGE, re.M)))
    )

    assert {str(kind.status) for kind in KINDS.values()} <= listed
