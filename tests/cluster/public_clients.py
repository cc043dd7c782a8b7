"""Clients that others made, or that run elsewhere, score applicants through a service."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import tritonclient.grpc
import tritonclient.http

from credit.contract import Contract
from serve_app.typescript import typescript_client
from tests.cluster.processes import START_DEADLINE_S, Process, Service
from tests.serve_app.typescript.driving import drive

Row = dict[str, Any]

TOLD = ("probability_of_default", "score", "decision", "risk_level", "reason_codes")
"""What is compared of an answer."""


def by_curl(service: Service, rows: list[Row], contract: Contract, room: Path) -> list[Row]:
    """Ask with a plain script of curl, one request a row."""
    curl = shutil.which("curl")
    assert curl is not None, "there is no curl on this machine"
    said = []
    for row in rows:
        done = subprocess.run(
            [
                *(curl, "--fail-with-body", "--silent", "--show-error", f"{service.url}/v1/score"),
                *("-H", f"Authorization: Bearer {service.token}"),
                *("-H", "Content-Type: application/json", "--data-binary", "@-"),
            ],
            input=json.dumps(row),
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
        said.append(json.loads(done.stdout))
    return said


def by_typescript(service: Service, rows: list[Row], contract: Contract, room: Path) -> list[Row]:
    """Ask with the generated client under Node.js."""
    module, _ = typescript_client(contract).write(room / "client.mjs")
    return drive(module.as_uri(), service.url, "score", token=service.token, rows=rows)


def by_triton_rest(service: Service, rows: list[Row], contract: Contract, room: Path) -> list[Row]:
    """Ask with NVIDIA's client over HTTP."""
    client = tritonclient.http.InferenceServerClient(urlsplit(service.url).netloc)
    try:
        return _infer(tritonclient.http, client, service, rows, contract)
    finally:
        client.close()


def by_triton_grpc(service: Service, rows: list[Row], contract: Contract, room: Path) -> list[Row]:
    """Ask with NVIDIA's client over gRPC, through ``credit grpc``."""
    door = Process(service.home, "grpc", "--to", service.url, "--port", "0")
    try:
        address = door.wait_for(r"gRPC at (\S+?),", START_DEADLINE_S).group(1)
        client = tritonclient.grpc.InferenceServerClient(address)
        said = _infer(tritonclient.grpc, client, service, rows, contract)
        client.close()
        assert door.interrupt() == 0
    finally:
        door.end()
    assert not re.search("Traceback|Error", door.output), door.output
    return said


def _infer(
    library: Any, client: Any, service: Service, rows: list[Row], contract: Contract
) -> list[Row]:
    tensor = library.InferInput("application", [len(rows)], "BYTES")
    texts = [json.dumps(row).encode() for row in rows]
    tensor.set_data_from_numpy(np.array(texts, dtype=np.object_))
    headers = {"authorization": f"Bearer {service.token}"}
    answer = client.infer(contract.registry_name, [tensor], headers=headers)
    columns = {name: answer.as_numpy(name).tolist() for name in TOLD}
    said = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    for row in said:
        row.update(reason_codes=json.loads(row["reason_codes"]))
        row.update({name: row[name].decode() for name in ("decision", "risk_level")})
    return said


PUBLIC_CLIENTS: list[Callable[[Service, list[Row], Contract, Path], list[Row]]] = [
    by_curl,
    by_typescript,
    by_triton_rest,
    by_triton_grpc,
]
