"""Contenders that are written by hand and run under uvicorn."""

from __future__ import annotations

import sys

from cluster.bench.serve.contenders.contender import Contender, Place

_MODULES = "cluster.bench.serve.contenders"


def _uvicorn(module: str, place: Place, *, workers: int = 1) -> list[str]:
    more = ["--workers", str(workers)] if workers > 1 else []
    quiet = ["--no-access-log", "--log-level", "warning"]
    where = ["--host", "127.0.0.1", "--port", str(place.port)]
    application = f"{_MODULES}.{module}:make_app"
    return [sys.executable, "-m", "uvicorn", "--factory", application, *where, *quiet, *more]


BY_HAND = (
    Contender(
        "fastapi", "FastAPI, pydantic, pred_contrib", lambda place: _uvicorn("fastapi_app", place)
    ),
    Contender(
        "fastapi2",
        "FastAPI, two workers",
        lambda place: _uvicorn("fastapi_app", place, workers=2),
    ),
    Contender(
        "fastapi-msgspec", "FastAPI, msgspec", lambda place: _uvicorn("fastapi_msgspec", place)
    ),
    Contender("asgi", "bare ASGI, msgspec", lambda place: _uvicorn("asgi", place)),
)
