"""Arguments of the service, checked by one class wherever they come from: command line, YAML or a test."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from credit.settings import Settings

Replicas = Annotated[int, Field(ge=1, le=1000)]


class Autoscaling(BaseModel):
    """Bounds and target of a node's autoscaling, in Ray Serve's terms."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    min_replicas: Replicas = 1
    max_replicas: Replicas = 4
    target_ongoing_requests: Annotated[float, Field(gt=0)] = 16

    @model_validator(mode="after")
    def _bounds_in_order(self) -> Self:
        if self.min_replicas > self.max_replicas:
            raise ValueError(f"min_replicas {self.min_replicas} > max_replicas {self.max_replicas}")
        return self


class NodeArgs(BaseModel):
    """How one node is deployed.

    ``replicas`` is fixed unless ``autoscaling`` is given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    replicas: Replicas = 1
    autoscaling: Autoscaling | None = None
    num_cpus: Annotated[float, Field(ge=0)] = Field(
        default=0.1, description="CPUs that Ray reserves; 0.1 lets the whole graph fit a laptop."
    )


class PlacedNodeArgs(NodeArgs):
    """How a node between gateway and answer is deployed, and where."""

    placement: Literal["own", "gateway"] | None = Field(
        default=None,
        description="own: a deployment of its own. gateway: in the gateway's process. Without it, what the "
        "service's placement says.",
    )


class ServiceArgs(BaseModel):
    """What `credit serve` and a RayService manifest say about the graph.

    Secrets are not among them: arguments of a Serve application can be read in its dashboard.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    product: str = Field(
        default="give_me_some_credit",
        description="Packaged contract name; names the registered model.",
    )
    home: Path | None = Field(default=None, description="CREDIT_HOME of the replicas.")
    placement: Literal["graph", "fused"] = Field(
        default="graph",
        description="graph: every node its own deployment. fused: transform, models and explainer live in "
        "the gateway's process. A node's own placement goes before. All give the same answers.",
    )
    champion: str | None = Field(
        default=None,
        description="Registry alias, hash or path of a bundle folder. Without it, what the rollout says, and "
        "for the first one the alias champion.",
    )
    challengers: tuple[str, ...] | None = Field(
        default=None, description="The same for challengers. Without it, what the rollout says."
    )
    challenger_share: Annotated[int, Field(ge=0, le=1000)] = Field(
        default=200, description="Slots out of 1,000 that each of these challengers owns."
    )
    auth: bool = Field(default=True, description="Ask for a token; can be off on loopback only.")
    host: str = Field(default="127.0.0.1", description="Address of the HTTP port.")
    drift_window: Annotated[int, Field(ge=50, le=100_000)] = Field(
        default=500, description="Decisions per drift report."
    )
    drift_detectors: tuple[Literal["tabular_drift", "psi"], ...] = Field(
        default=("tabular_drift", "psi"),
        min_length=1,
        description="tabular_drift is alibi-detect's (Business Source License); psi is ours.",
    )
    drift_consumer: str = Field(
        default="drift", description="Cursor of the drift monitor; a new name begins anew."
    )
    drift_start: Literal["beginning", "end"] = Field(
        default="beginning", description="Where a new drift cursor begins in the record log."
    )
    shadows: bool = Field(
        default=False,
        description="Whether a node of its own scores for the shadows of the rollout, off the path.",
    )
    max_ongoing_requests: Annotated[int, Field(ge=1)] = Field(
        default=64,
        description="Requests in one replica; Serve's default of 5 makes throughput collapse.",
    )
    max_queued_requests: Annotated[int, Field(ge=1)] = Field(
        default=512, description="Requests waiting for a replica; more are answered 503."
    )
    record_queue: Annotated[int, Field(ge=1)] = Field(
        default=1024, description="Records waiting for the store; more are answered 503."
    )
    gateway: NodeArgs = NodeArgs()
    transform: PlacedNodeArgs = PlacedNodeArgs()
    model: PlacedNodeArgs = PlacedNodeArgs()
    explainer: PlacedNodeArgs = PlacedNodeArgs()
    monitor: NodeArgs = NodeArgs()

    def is_own(self, node: PlacedNodeArgs) -> bool:
        """Whether a node is a deployment of its own."""
        return (node.placement or ("own" if self.placement == "graph" else "gateway")) == "own"

    @property
    def settings(self) -> Settings:
        """Settings of the process, with ``home`` from here when it is given."""
        return Settings() if self.home is None else Settings(home=self.home)

    @model_validator(mode="after")
    def _checks(self) -> Self:
        if not self.auth and not is_loopback(self.host):
            raise ValueError(f"auth: false needs a loopback host, not {self.host}")
        total = self.challenger_share * len(self.challengers or ())
        if total > 1000:  # noqa: PLR2004 - per mille
            raise ValueError(
                f"{len(self.challengers or ())} challengers with {self.challenger_share} slots each take {total} "
                "of 1,000"
            )
        if self.monitor.replicas != 1 or self.monitor.autoscaling is not None:
            raise ValueError("monitor: one replica reads the record log; it does not scale out")
        return self


def is_loopback(host: str) -> bool:
    """Tell whether a host is reachable from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
