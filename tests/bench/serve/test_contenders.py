"""Contenders are chosen by name, start on ports of their own, and end with all that they started."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from cluster.bench.serve import peers
from cluster.bench.serve.bench import chosen
from cluster.bench.serve.contenders.contender import Contender, Place
from cluster.bench.serve.contenders.every import EVERY
from cluster.bench.serve.driver import load_driver
from cluster.bench.serve.measure import Bench, Measured
from cluster.bench.serve.processes import Family
from cluster.bench.serve.running import running
from cluster.bench.serve.work import Work
from cluster.exits import exit_code
from credit.errors import ServiceUnavailable, SettingsInvalid

PARENT = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
print(child.pid, flush=True)
time.sleep(600)
"""


def _script(name: str, code: str) -> Contender:
    return Contender(name, name, lambda place: [sys.executable, "-c", code])


def _alive(number: int) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_without_names_all_but_the_peers_take_part() -> None:
    names = [c.name for c in chosen([], [])]

    assert {"fastapi", "fused", "fused2", "graph", "engine-uvicorn", "ray-documented"} <= set(names)
    assert not {"mlserver", "bentoml", "mlflow"} & set(names)
    assert set(EVERY) - set(names) == {"mlserver", "bentoml", "mlflow"}
    assert [c.name for c in chosen(["fused", "mlserver"], ["mlserver"])] == ["mlserver", "fused"]


@pytest.mark.parametrize(
    ("only", "asked", "said"),
    [
        (["fastapy"], [], "--only: fastapy is not known; choose from fastapi,"),
        (
            [],
            ["torchserve"],
            "--peers: torchserve is not known; choose from mlserver, bentoml, mlflow",
        ),
        (["mlflow"], [], "mlflow: runs from an environment of its own; add --peers mlflow"),
    ],
)
def test_a_name_that_cannot_take_part_is_refused(
    only: list[str], asked: list[str], said: str
) -> None:
    with pytest.raises(SettingsInvalid, match=said) as refused:
        chosen(only, asked)
    assert exit_code(refused.value) == 2


def test_nothing_that_a_contender_started_outlives_it(tmp_path: Path) -> None:
    bystander = Family(
        [sys.executable, "-c", "import time; time.sleep(600)"],
        environment=os.environ,
        folder=tmp_path,
        log=tmp_path / "other",
    )
    family = Family(
        [sys.executable, "-c", PARENT],
        environment=os.environ,
        folder=tmp_path,
        log=tmp_path / "log",
    )
    while not (printed := (tmp_path / "log").read_text().strip()):
        family.require_alive()
        time.sleep(0.01)
    child = int(printed)

    assert child in family.members()
    assert family.memory().rss > 5
    family.end()

    assert not _alive(child)
    assert family.members() == []
    assert len(bystander.members()) == 1
    bystander.end()


LEAVES_ITS_PARENT = """
import os, time
if not os.fork():
    os.setsid()
    if os.fork():
        os._exit(0)
    print(os.getpid(), flush=True)
time.sleep(600)
"""


def test_one_that_has_left_its_parent_counts_and_is_ended_as_well(tmp_path: Path) -> None:
    """As the process that writes the records of all gateways of a machine."""
    family = Family(
        [sys.executable, "-c", LEAVES_ITS_PARENT],
        environment=os.environ,
        folder=tmp_path,
        log=tmp_path / "log",
    )
    while not (printed := (tmp_path / "log").read_text().strip()):
        family.require_alive()
        time.sleep(0.01)

    assert int(printed) in family.members()
    family.end()

    assert not _alive(int(printed))


def test_a_program_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(
        ServiceUnavailable, match="bentoml could not be started .*: is it installed"
    ):
        Family([str(tmp_path / "bentoml")], environment={}, folder=tmp_path, log=tmp_path / "log")


def test_one_that_ends_is_reported_with_its_last_words_and_the_others_are_measured(
    work: Work, tmp_path: Path
) -> None:
    """A server that answers, but another application's PD, is not measured either."""
    liar = (
        "import http.server, sys\n"
        "class Handler(http.server.BaseHTTPRequestHandler):\n"
        "    protocol_version = 'HTTP/1.1'\n"
        "    def log_message(self, *_): pass\n"
        "    def do_POST(self):\n"
        "        self.rfile.read(int(self.headers['content-length']))\n"
        '        body = b\'{"probability_of_default": 0.5, "decision_id": "x"}\'\n'
        "        self.send_response(200); self.send_header('content-length', str(len(body)))\n"
        "        self.end_headers(); self.wfile.write(body)\n"
        "open('decisions.jsonl', 'w').close()\n"
        "http.server.ThreadingHTTPServer(('127.0.0.1', int(sys.argv[1])), Handler).serve_forever()\n"
    )
    contenders = [
        _script("quitter", "raise SystemExit('no such model')"),
        Contender("liar", "liar", lambda place: [sys.executable, "-c", liar, str(place.port)]),
        EVERY["asgi"],
    ]
    told: list[str] = []
    measured = Measured()

    with load_driver() as driver:
        bench = Bench(work, work.expected(3), driver, tmp_path, tmp_path, told.append)
        bench.rounds(contenders, measured, rounds=1, seconds=0.5)

    assert measured.failed["quitter"] == "it ended with code 1: no such model"
    assert (
        "liar does other work: probability_of_default of application 0" in measured.failed["liar"]
    )
    (turn,) = measured.turns["asgi"]
    assert turn.loads[1].n_errors == 0
    assert turn.loads[16].n_answers > 0
    assert turn.cpu_us[1] > 0
    assert turn.start_s > 0
    assert told == ["round 1: quitter", "round 1: liar", "round 1: asgi"]
    assert list(tmp_path.iterdir()) == []


def test_a_contender_sees_no_setting_of_this_process(
    work: Work, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDIT_RECORDS_URL", "postgresql://nowhere/records")
    monkeypatch.setenv("RAY_SERVE_ENABLE_HA_PROXY", "0")
    place = Place(tmp_path, work.folder, tmp_path / "home", 1, "secret", tmp_path)

    environment = place.environment()

    assert "CREDIT_RECORDS_URL" not in environment
    assert "RAY_SERVE_ENABLE_HA_PROXY" not in environment
    assert environment["CREDIT_HOME"] == str(tmp_path / "home")


def test_an_answer_that_waiting_cannot_mend_ends_the_waiting(work: Work, tmp_path: Path) -> None:
    wrong = Contender("asgi", "", EVERY["asgi"].command, wrap=lambda a: {**a, "wrong": 1})

    with (
        pytest.raises(ServiceUnavailable, match="the first answer has status 422"),
        running(wrong, work, tmp_path, tmp_path),
    ):
        raise AssertionError("it must not get here")


def test_an_environment_that_cannot_be_made_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nmkdir -p "$3"\necho the disk is full\nexit 1\n')
    python.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(python))

    with pytest.raises(
        ServiceUnavailable, match="bentoml could not be installed: the disk is full; it is left out"
    ):
        peers.install_peer("bentoml", tmp_path / "peers", lambda what: None)

    assert list((tmp_path / "peers").iterdir()) == []


def test_an_environment_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    (tmp_path / "mlserver").mkdir()
    done = ", ".join(f'"{pin}"' for pin in peers.pins("mlserver"))
    (tmp_path / "mlserver" / "installed.json").write_text(f"[{done}]")
    told: list[str] = []

    peers.install_peer("mlserver", tmp_path, told.append)
    peers.install_peer("mlflow", tmp_path, told.append)

    assert told == []
    assert peers.pins("mlserver")[0].startswith("mlserver==")
    assert peers.pins("mlflow") == ()
