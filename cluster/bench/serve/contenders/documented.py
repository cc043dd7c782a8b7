"""Ray Serve as its documentation teaches it: the handwork behind FastAPI, with default options.

``graph`` is the composition of models: an ingress that asks three deployments through their handles.
``fused`` is one deployment that does it all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from cluster.bench.serve.contenders.handwork import Handwork, work_folder
from cluster.bench.serve.contenders.request_model import application_model

CPUS = {"num_cpus": 0.25}
"""Reserved for each replica: four times the default of 1 would not start on two cores."""

Score = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class Transform:
    """Raw values to features."""

    def __init__(self) -> None:
        self._work = Handwork(work_folder())

    def __call__(self, application: dict[str, Any]) -> list[float]:
        """Compute the features."""
        return self._work.features(application)


class Model:
    """Features to a margin."""

    def __init__(self) -> None:
        self._work = Handwork(work_folder())

    def __call__(self, vector: list[float]) -> float:
        """Predict."""
        return self._work.margin(vector)


class Explainer:
    """Features to contributions."""

    def __init__(self) -> None:
        self._work = Handwork(work_folder())

    def __call__(self, vector: list[float]) -> list[float]:
        """Explain."""
        return self._work.contributions(vector)


class Ingress:
    """FastAPI in front; asks model and explainer at the same time."""

    def __init__(self, transform: Any, model: Any, explainer: Any) -> None:
        self._work = Handwork(work_folder())
        self._transform, self._model, self._explainer = transform, model, explainer

    async def score(self, application: dict[str, Any]) -> dict[str, Any]:
        """Pass an application through the graph."""
        vector = await self._transform.remote(application)
        margin, contributions = await asyncio.gather(
            self._model.remote(vector), self._explainer.remote(vector)
        )
        return self._work.answer(application, vector, margin, contributions)

    def __serve_build_asgi_app__(self) -> Any:
        """Hand the application to Serve."""
        return _app(self._work, self.score)


class Alone:
    """FastAPI in front of all of the work."""

    def __init__(self) -> None:
        self._work = Handwork(work_folder())

    async def score(self, application: dict[str, Any]) -> dict[str, Any]:
        """Do the work."""
        return self._work.decide(application)

    def __serve_build_asgi_app__(self) -> Any:
        """Hand the application to Serve."""
        return _app(self._work, self.score)


def _app(work: Handwork, decide: Score) -> Any:
    from fastapi import FastAPI

    app = FastAPI()

    async def score(application: Any) -> dict[str, Any]:
        return await decide(application.model_dump())

    score.__annotations__["application"] = application_model(work.columns)
    score.__annotations__["return"] = dict[str, Any]
    app.post("/v1/score")(score)
    return app


def bound(shape: str) -> Any:
    """Bind ``graph`` or ``fused``."""
    from ray import serve

    def deployment(cls: type) -> Any:
        return serve.deployment(cls, name=cls.__name__, ray_actor_options=CPUS)

    if shape == "fused":
        return deployment(serve.ingress()(Alone)).bind()
    return deployment(serve.ingress()(Ingress)).bind(
        *(deployment(part).bind() for part in (Transform, Model, Explainer))
    )
