"""The Open Inference Protocol: for clients and gateways that speak it to any model server."""

from __future__ import annotations

import asyncio
import importlib.metadata
from contextlib import aclosing
from functools import partial

import msgspec
from msgspec.structs import replace

from credit.contract import Application
from serve_app.batch import RefusedRow
from serve_app.inference import OUTPUTS, TensorReader, encode_answers, parse_request
from serve_app.inference.answers import wanted_outputs
from serve_app.inference.message import InferRequest
from serve_app.openapi.inference import INFERENCE_SCHEMAS, inference_paths
from serve_app.problems import KINDS, MalformedRequest
from serve_app.reply import JSON, Reply
from serve_app.requests import Request
from serve_app.routes.desk import Desk, Group
from serve_app.routes.service import always
from serve_app.routes.visit import visit

SERVER = "credit-cluster"
EXTENSIONS = ("binary_tensor_data",)
CONTENT_TYPES = (JSON, b"application/octet-stream")

ROWS_IN_PLACE = 100
"""Writing more takes over a millisecond, in which the loop could answer others."""

MODEL = "/v2/models/{name}"
VERSION = f"{MODEL}/versions/{{version}}"

_STATUSES = {kind.name: kind.status for kind in KINDS.values()}


def inference_routes(desk: Desk) -> Group:
    """One model, named as in the registry, whose version is that of its contract."""
    routes = _InferenceRoutes(desk)
    of_models = [
        (method, model + path, endpoint)
        for model in (MODEL, VERSION)
        for method, path, endpoint in (
            ("GET", "", routes.model),
            ("GET", "/ready", routes.model_ready),
            ("POST", "/infer", routes.infer),
        )
    ]
    return Group(
        table=[
            ("GET", "/v2", routes.server),
            ("GET", "/v2/health/live", always(Reply(200, b'{"live":true}'))),
            ("GET", "/v2/health/ready", routes.ready),
            *of_models,
        ],
        paths=inference_paths([MODEL, VERSION], desk.contract.registry_name, list(OUTPUTS)),
        schemas=INFERENCE_SCHEMAS,
        translate=in_protocol,
    )


def in_protocol(refusal: Reply) -> Reply:
    """Say in the protocol's own form what a problem document says."""
    problem = msgspec.json.decode(refusal.body)
    said = {"error": f"{problem['title']}: {problem['detail']}"}
    return replace(refusal, body=msgspec.json.encode(said), content_type=JSON)


class _InferenceRoutes:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._reader = TensorReader(desk.contract, desk.limits.max_batch_rows)
        self._name = desk.contract.registry_name
        self._version = desk.contract.version
        self._server = importlib.metadata.version("credit-cluster")

    async def server(self, request: Request) -> Reply:
        """Say what serves, and which extensions of the protocol it knows."""
        self._desk.tenant(request)
        said = {"name": SERVER, "version": self._server, "extensions": EXTENSIONS}
        return Reply(200, msgspec.json.encode(said))

    async def ready(self, request: Request) -> Reply:
        """Answer 200 while decisions can be made and recorded."""
        await self._desk.gateway.require_ready()
        return Reply(200, b'{"ready":true}')

    async def model(self, request: Request) -> Reply:
        """Say what the model reads and answers."""
        self._desk.tenant(request)
        self._require_model(request)
        outputs = [
            {"name": name, "datatype": datatype, "shape": [-1]}
            for name, (datatype, _) in OUTPUTS.items()
        ]
        said = {
            "name": self._name,
            "versions": [self._version],
            "platform": SERVER,
            "inputs": self._reader.describe(),
            "outputs": outputs,
        }
        return Reply(200, msgspec.json.encode(said))

    async def model_ready(self, request: Request) -> Reply:
        """Answer 200 while the model can decide."""
        self._desk.tenant(request)
        self._require_model(request)
        await self._desk.gateway.require_ready()
        return Reply(200, msgspec.json.encode({"name": self._name, "ready": True}))

    async def infer(self, request: Request) -> Reply:
        """Decide all rows of a request, or none that is refused before."""
        with visit(self._desk, request) as visiting:
            self._require_model(request)
            body = await visiting.body(CONTENT_TYPES)
            length = request.headers.get(b"inference-header-content-length")
            asked, rows = await visiting.take_apart(partial(self._rows, length=length), body)
            recorded: list[bytes] = []
            async with aclosing(visiting.decide(rows, _as_it_is)) as outcomes:
                async for some in outcomes:
                    for outcome in some:
                        if isinstance(outcome, RefusedRow):
                            raise _refused(outcome)
                        recorded.append(outcome.answer)
        write = partial(encode_answers, asked, model=self._name, version=self._version)
        if len(recorded) <= ROWS_IN_PLACE:
            return write(recorded)
        return await asyncio.to_thread(write, recorded)

    def _rows(self, body: bytes, length: bytes | None) -> tuple[InferRequest, list[Application]]:
        asked, blobs = parse_request(body, length)
        wanted_outputs(asked)  # refused before anything is decided
        return asked, self._reader.read(asked, blobs)

    def _require_model(self, request: Request) -> None:
        name, version = request.path_params["name"], request.path_params.get("version")
        if name != self._name:
            raise MalformedRequest(
                404, f"there is no such model here; this service has {self._name}"
            )
        if version not in (None, self._version):
            raise MalformedRequest(
                404, f"{self._name} has no such version; this service has {self._version}"
            )


def _as_it_is(row: Application) -> Application:
    return row


def _refused(row: RefusedRow) -> MalformedRequest:
    said = "; ".join(f"{failure.field}: {failure.message}" for failure in row.errors)
    return MalformedRequest(
        _STATUSES.get(row.errors[0].rule, 422),
        f"row {row.row}: {said}. Other rows may have been decided and are recorded",
    )
