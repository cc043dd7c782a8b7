"""FastAPI as one would write it: a pydantic model with ranges, a dictionary as answer.

Started as ``uvicorn --factory cluster.bench.serve.contenders.fastapi_app:make_app``.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from cluster.bench.serve.contenders.handwork import Handwork, work_folder
from cluster.bench.serve.contenders.request_model import application_model


def make_app() -> FastAPI:
    """Load the model and wire the one route."""
    app = FastAPI()
    work = Handwork(work_folder())

    async def score(application: Any) -> dict[str, Any]:
        return work.decide(application.model_dump())

    # FastAPI reads the model of the body from here; this one is made from the contract.
    score.__annotations__["application"] = application_model(work.columns)
    score.__annotations__["return"] = dict[str, Any]
    app.post("/v1/score")(score)
    return app
