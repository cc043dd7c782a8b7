"""The calls of the protocol, each answered by one request to the service."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import quote

import grpc
import msgspec

from serve_app.inference.answers import HEADER_LENGTH
from serve_app.inference_grpc.answers import infer_response, model_metadata, server_metadata
from serve_app.inference_grpc.refusals import CallRefused, refused
from serve_app.inference_grpc.requests import rest_request
from serve_app.inference_grpc.stubs import messages
from serve_app.inference_grpc.upstream import Context, Upstream

logger = logging.getLogger(__name__)

Call = Callable[[Any, Context], Awaitable[Any]]

_OK = 200
_NOT_READY = 503
_NOT_FOUND = 404
_HEADER_LENGTH = HEADER_LENGTH.decode()


class InferenceCalls:
    """Handlers of the calls, under the names of the protocol."""

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream

    def handlers(self) -> dict[str, grpc.RpcMethodHandler]:
        """Return the handlers by name; a call that is not among them is answered ``UNIMPLEMENTED``."""
        calls = {
            "ServerLive": self.server_live,
            "ServerReady": self.server_ready,
            "ModelReady": self.model_ready,
            "ServerMetadata": self.server_metadata,
            "ModelMetadata": self.model_metadata,
            "ModelInfer": self.infer,
        }
        stubs = messages()
        return {
            name: grpc.unary_unary_rpc_method_handler(
                _or_refusal(call),
                request_deserializer=getattr(stubs, f"{name}Request").FromString,
                response_serializer=getattr(stubs, f"{name}Response").SerializeToString,
            )
            for name, call in calls.items()
        }

    async def server_live(self, request: Any, context: Context) -> Any:
        """Whether the service answers at all."""
        response = await self._upstream.get(context, "/v2/health/live")
        return messages().ServerLiveResponse(live=response.status_code == _OK)

    async def server_ready(self, request: Any, context: Context) -> Any:
        """Whether decisions can be made and recorded."""
        response = await self._upstream.get(context, "/v2/health/ready")
        return messages().ServerReadyResponse(ready=response.status_code == _OK)

    async def model_ready(self, request: Any, context: Context) -> Any:
        """Whether the model can decide; of one that is not there it says so."""
        path = f"{_model_path(request.name, request.version)}/ready"
        response = await self._upstream.get(context, path)
        if response.status_code not in (_OK, _NOT_READY):
            raise refused(response)
        return messages().ModelReadyResponse(ready=response.status_code == _OK)

    async def server_metadata(self, request: Any, context: Context) -> Any:
        """What serves."""
        return server_metadata(await self._document(context, "/v2"))

    async def model_metadata(self, request: Any, context: Context) -> Any:
        """What the model reads and answers."""
        path = _model_path(request.name, request.version)
        return model_metadata(await self._document(context, path))

    async def infer(self, request: Any, context: Context) -> Any:
        """Decide all rows of a request, or none that is refused before."""
        asked = rest_request(request)
        path = f"{_model_path(request.model_name, request.model_version)}/infer"
        headers = {
            "content-type": "application/octet-stream",
            _HEADER_LENGTH: str(asked.header_length),
        }
        response = await self._upstream.post(context, path, asked.body, headers)
        if response.status_code != _OK:
            raise refused(response)
        header_length = int(response.headers[_HEADER_LENGTH])
        raw = bool(request.raw_input_contents)
        return infer_response(response.content, header_length, raw=raw)

    async def _document(self, context: Context, path: str) -> Any:
        response = await self._upstream.get(context, path)
        if response.status_code != _OK:
            raise refused(response)
        return msgspec.json.decode(response.content)


def _or_refusal(call: Call) -> Call:
    """Answer a call, or say why not; what nobody planned says nothing about its cause."""

    async def answer(request: Any, context: Context) -> Any:
        try:
            return await call(request, context)
        except CallRefused as refusal:
            code, said = refusal.code, str(refusal)
        except Exception as error:
            # The name alone: what a library says may quote values of the application.
            logger.error("a call failed: %s", type(error).__name__)  # noqa: TRY400
            code, said = grpc.StatusCode.INTERNAL, "the call could not be answered; see the log"
        return await context.abort(code, said)

    return answer


def _model_path(name: str, version: str) -> str:
    for part in (name, version or "1"):
        if part in ("", ".", ".."):  # steps of a path, which no quoting makes a name
            raise CallRefused(_NOT_FOUND, f"there is no model of the name {part!r} here")
    path = f"/v2/models/{quote(name, safe='')}"
    return f"{path}/versions/{quote(version, safe='')}" if version else path
