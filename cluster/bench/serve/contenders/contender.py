"""What the bench must know of a contender to start it, ask it and check it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cluster.bench.serve.contenders.handwork import WORK_VARIABLE

Writes = Literal["record", "line", "nothing"]
"""A durable record before the answer, an unsynced line of a log, or nothing at all."""


@dataclass(frozen=True)
class Place:
    """Where one start of a contender lives.

    Attributes
    ----------
    work
        Its folder: the plain facts of the work, the log that it writes, scripts.
    bundle
        The bundle, for those who know the product.
    home
        An empty CREDIT_HOME.
    port
        A free port of 127.0.0.1.
    token
        What ours ask for.
    peers
        Folder of the environments of other servers.
    """

    work: Path
    bundle: Path
    home: Path
    port: int
    token: str
    peers: Path

    def environment(self) -> dict[str, str]:
        """Environment of this process without settings of the product, of Ray and of MLflow."""
        own = ("CREDIT_", "RAY_", "MLFLOW_", "BENTOML_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
        return {
            **kept,
            WORK_VARIABLE: str(self.work),
            "CREDIT_HOME": str(self.home),
            "CREDIT_TOKEN": self.token,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "PYTHONUNBUFFERED": "1",
        }


def _as_it_is(application: dict[str, Any]) -> Any:
    return application


def _whole(answer: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = answer
    return found


def _nothing(place: Place) -> None:
    pass


@dataclass(frozen=True)
class Contender:
    """One way of serving the work.

    Attributes
    ----------
    title
        For people.
    command
        Starts it.
    ours
        Whether it is this product: then reasons are interventional and it asks for a token.
    writes
        What it leaves of each decision.
    path, wrap, unwrap
        Its route, the form of its request, and where the decision stands in its answer.
    prepare
        Runs before it is started, outside of the time that starting takes.
    extra
        More for its environment.
    peer
        Name of the environment that it runs from; None for the product's own.
    """

    name: str
    title: str
    command: Callable[[Place], list[str]]
    writes: Writes = "line"
    ours: bool = False
    path: str = "/v1/score"
    wrap: Callable[[dict[str, Any]], Any] = _as_it_is
    unwrap: Callable[[Any], Mapping[str, Any]] = _whole
    prepare: Callable[[Place], None] = _nothing
    extra: Mapping[str, str] | None = None
    peer: str | None = None

    def headers(self, token: str) -> dict[str, str]:
        """Headers of its requests."""
        return {"Authorization": f"Bearer {token}"} if self.ours else {}
