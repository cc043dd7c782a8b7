"""FastAPI with msgspec for the JSON on both sides.

Started as ``uvicorn --factory cluster.bench.serve.contenders.fastapi_msgspec:make_app``.
"""

from __future__ import annotations

import msgspec
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from cluster.bench.serve.contenders.handwork import Handwork, work_folder
from cluster.bench.serve.contenders.struct_model import application_decoder


def make_app() -> FastAPI:
    """Load the model and wire the one route."""
    app = FastAPI()
    work = Handwork(work_folder())
    decode, encode = application_decoder(work.columns), msgspec.json.Encoder().encode

    async def score(request: Request) -> Response:
        try:
            application = decode(await request.body())
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            refused = encode({"detail": str(error)})
            return Response(refused, status_code=422, media_type="application/json")
        return Response(encode(work.decide(application)), media_type="application/json")

    score.__annotations__.update(request=Request, **{"return": Response})
    app.post("/v1/score")(score)
    return app
