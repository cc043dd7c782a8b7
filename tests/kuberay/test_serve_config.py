"""``serveConfigV2`` as Ray Serve and our builder read it."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import pytest
from pydantic import ValidationError
from ray.serve._private.build_app import build_app
from ray.serve.schema import (
    DeploymentSchema,
    RayActorOptionsSchema,
    ServeApplicationSchema,
    ServeDeploySchema,
)

from credit.decision import Rollout
from credit.decision.assignment import Arm
from serve_app.graph import bind_graph
from serve_app.settings import ServiceArgs
from tests.kuberay.manifests import Manifests


def test_import_path_is_the_builder_and_takes_these_args(manifests: Manifests) -> None:
    module, attribute = manifests.application["import_path"].split(":")

    build = getattr(importlib.import_module(module), attribute)

    (parameter,) = inspect.signature(build).parameters.values()
    assert parameter.annotation is ServiceArgs
    assert ServiceArgs.model_validate(manifests.application["args"]).auth


@pytest.mark.parametrize(
    "change", [{"auth": False}, {"placment": "graph"}, {"monitor": {"replicas": 2}}]
)
def test_wrong_args_are_refused(manifests: Manifests, change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ServiceArgs.model_validate(manifests.application["args"] | change)


def test_serve_accepts_the_configuration(manifests: Manifests) -> None:
    schema = ServeDeploySchema.model_validate(manifests.config)

    assert schema.proxy_location == "EveryNode"
    assert (schema.http_options.host, schema.http_options.port) == ("0.0.0.0", 8000)
    assert schema.logging_config.encoding == "JSON"
    assert [a.route_prefix for a in schema.applications] == ["/"]


def _unknown_keys(config: dict[str, Any]) -> set[str]:
    """Keys that Serve would pass over: its schema takes unknown ones without a word."""
    application, *_ = config["applications"]
    unknown = set(config) - set(ServeDeploySchema.model_fields)
    unknown |= set(application) - set(ServeApplicationSchema.model_fields)
    for deployment in application["deployments"]:
        unknown |= set(deployment) - set(DeploymentSchema.model_fields)
        options = deployment["ray_actor_options"]
        unknown |= set(options) - set(RayActorOptionsSchema.model_fields)
    return unknown


def test_configuration_says_nothing_that_serve_ignores(manifests: Manifests) -> None:
    assert _unknown_keys(manifests.config) == set()


def test_misspelt_key_is_noticed(manifests: Manifests) -> None:
    options = manifests.config["applications"][0]["deployments"][0]["ray_actor_options"]
    options["label_selectors"] = options.pop("label_selector")

    assert _unknown_keys(manifests.config) == {"label_selectors"}


def test_serve_refuses_a_wrong_value(manifests: Manifests) -> None:
    manifests.config["applications"][0]["deployments"][0]["ray_actor_options"]["num_cpus"] = -1

    with pytest.raises(ValidationError, match="num_cpus"):
        ServeDeploySchema.model_validate(manifests.config)


def test_overridden_deployments_exist_in_the_graph(manifests: Manifests) -> None:
    """Serve fails the whole application over an override of a deployment that is not there."""
    args = manifests.args
    arms = (Arm("champion", "a" * 64), Arm("challenger", "b" * 64))
    rollout = Rollout(product=args.product, generation=1, salt="0", arms=arms)

    graph = bind_graph(args, rollout, dict, make_shadows=dict if args.shadows else None)
    application = build_app(graph, name="credit")

    names = {d.name for d in application.deployments}
    assert {o["name"] for o in manifests.application["deployments"]} <= names
    assert names == {
        "Gateway",
        "DriftMonitor",
        "Shadows",
        "FeatureTransform",
        "Champion",
        "Challenger",
        "Explainer",
    }
