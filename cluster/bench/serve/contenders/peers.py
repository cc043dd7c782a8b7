"""Servers of other makers, each from an environment of its own; MLflow is the product's own already."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec

from cluster.bench.serve.contenders.contender import Contender, Place
from cluster.ports import free_port
from credit.errors import ServiceUnavailable

_HERE = Path(__file__).parent
_SHARED = ("handwork.py", "request_model.py")
PREPARE_DEADLINE_S = 300.0


def _copy(place: Place, script: str) -> None:
    """Put the handwork beside the script, so that nothing else of the product is in reach of it."""
    for name in (*_SHARED, script):
        shutil.copy(_HERE / name, place.work / name)


def _program(place: Place, peer: str, name: str) -> str:
    return str(place.peers / peer / "bin" / name)


def _mlserver(place: Place) -> list[str]:
    return [_program(place, "mlserver", "mlserver"), "start", "."]


def _prepare_mlserver(place: Place) -> None:
    _copy(place, "mlserver_model.py")
    settings = {
        "host": "127.0.0.1",
        "http_port": place.port,
        "grpc_port": free_port(),
        "metrics_port": free_port(),
        "parallel_workers": 0,  # one process, as the others
        "debug": False,
    }
    model = {"name": "credit", "implementation": "mlserver_model.Scoring"}
    (place.work / "settings.json").write_bytes(msgspec.json.encode(settings))
    (place.work / "model-settings.json").write_bytes(msgspec.json.encode(model))


def _bentoml(place: Place) -> list[str]:
    program = _program(place, "bentoml", "bentoml")
    where = ["--host", "127.0.0.1", "--port", str(place.port)]
    return [program, "serve", "bentoml_service:Scoring", *where]


def _mlflow(place: Place) -> list[str]:
    where = ["--host", "127.0.0.1", "--port", str(place.port), "--workers", "1"]
    serve = ["models", "serve", "--model-uri", "model", "--env-manager", "local", *where]
    return [sys.executable, "-m", "mlflow", *serve]


def _prepare_mlflow(place: Place) -> None:
    _copy(place, "mlflow_model.py")
    try:
        saved = subprocess.run(
            [sys.executable, "mlflow_model.py"],
            cwd=place.work,
            env=place.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=PREPARE_DEADLINE_S,
        )
    except subprocess.TimeoutExpired as error:
        raise ServiceUnavailable(
            f"the MLflow model was not saved within {PREPARE_DEADLINE_S:.0f} s; try again on a machine less busy"
        ) from error
    if saved.returncode:
        last = " / ".join(saved.stderr.strip().splitlines()[-3:])
        raise ServiceUnavailable(f"the MLflow model could not be saved: {last}")


def _listed(application: dict[str, Any]) -> Any:
    return {"inputs": [application]}


PEERS = (
    Contender(
        "mlserver",
        "MLServer",
        _mlserver,
        prepare=_prepare_mlserver,
        peer="mlserver",
    ),
    Contender(
        "bentoml",
        "BentoML",
        _bentoml,
        prepare=lambda place: _copy(place, "bentoml_service.py"),
        extra={"BENTOML_DO_NOT_TRACK": "True"},
        peer="bentoml",
    ),
    Contender(
        "mlflow",
        "mlflow models serve",
        _mlflow,
        path="/invocations",
        wrap=_listed,
        unwrap=lambda answer: answer["predictions"][0],
        prepare=_prepare_mlflow,
        extra={"MLFLOW_DISABLE_TELEMETRY": "true"},
        peer="mlflow",
    ),
)
