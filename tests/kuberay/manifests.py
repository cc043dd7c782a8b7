"""The manifests as values, and questions to them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from serve_app.edge import IMPORT_PATH
from serve_app.links import BATCHES_IN_FLIGHT
from serve_app.settings import NodeArgs, ServiceArgs

ROOT = Path(__file__).resolve().parents[2]
KUBERAY = ROOT / "kuberay"

Object = dict[str, Any]


@dataclass
class Manifests:
    """Everything that is applied. Mutable: a control breaks a copy and expects a complaint."""

    service: Object
    config: Object
    """``serveConfigV2``, parsed."""
    others: list[Object]

    @property
    def application(self) -> Object:
        """The one Serve application."""
        (application,) = self.config["applications"]
        return dict(application)

    @property
    def args(self) -> ServiceArgs:
        """Arguments of the builder."""
        return ServiceArgs.model_validate(self.application["args"])

    @property
    def cluster(self) -> Object:
        """The Ray cluster."""
        return dict(self.service["spec"]["rayClusterConfig"])

    def groups(self) -> Iterator[tuple[str, Object]]:
        """Head and worker groups by name."""
        yield "head", self.cluster["headGroupSpec"]
        for group in self.cluster["workerGroupSpecs"]:
            yield group["groupName"], group

    def group(self, name: str) -> Object:
        """Look up a group by name."""
        return dict(self.groups())[name]

    def find(self, kind: str, name: str) -> Object:
        """Look up another object; empty when it is missing."""
        found = [o for o in self.others if o["kind"] == kind and o["metadata"]["name"] == name]
        return found[0] if found else {}

    def environment(self, container: Object) -> dict[str, str]:
        """Plain variables of a container, config maps included."""
        found: dict[str, str] = {}
        for source in container.get("envFrom", []):
            found |= self.find("ConfigMap", source["configMapRef"]["name"]).get("data", {})
        return found | {e["name"]: e["value"] for e in container.get("env", []) if "value" in e}


def read_manifests() -> Manifests:
    """Read the manifests of the project."""
    objects = [
        document
        for path in sorted(KUBERAY.glob("*.yaml"))
        for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    ]
    (service,) = [o for o in objects if o["kind"] == "RayService"]
    return Manifests(
        service=service,
        config=yaml.safe_load(service["spec"]["serveConfigV2"]),
        others=[o for o in objects if o is not service],
    )


def container_of(group: Object) -> Object:
    """The Ray container of a group's pods."""
    return dict(group["template"]["spec"]["containers"][0])


def claims_of(group: Object) -> dict[str, Object]:
    """Mounts of a group's Ray container by the claim behind them."""
    spec = group["template"]["spec"]
    claims = {
        v["name"]: v["persistentVolumeClaim"]["claimName"]
        for v in spec.get("volumes", [])
        if "persistentVolumeClaim" in v
    }
    mounts = container_of(group).get("volumeMounts", [])
    return {claims[m["name"]]: m for m in mounts if m["name"] in claims}


def image_environment() -> dict[str, str]:
    """Variables that the Dockerfile's final stage sets."""
    final = (KUBERAY / "Dockerfile").read_text(encoding="utf-8").split("\nFROM ")[-1]
    (block,) = re.findall(r"^ENV ((?:.*\\\n)*.*)$", final, flags=re.M)
    return dict(pair.split("=", 1) for pair in block.replace("\\\n", " ").split())


def problems(manifests: Manifests) -> list[str]:
    """Everything that is wrong, as sentences."""
    return [
        *_environment_problems(manifests),
        *_secret_problems(manifests),
        *_resource_problems(manifests),
        *_scaling_problems(manifests),
        *_database_problems(manifests),
        *_bundle_problems(manifests),
    ]


TOGETHER = {
    "RAY_SERVE_ENABLE_HA_PROXY": "1",
    "RAY_SERVE_THROUGHPUT_OPTIMIZED": "1",
    "RAY_SERVE_LOG_TO_STDERR": "1",
    "RAY_SERVE_HTTP_PROXY_CALLBACK_IMPORT_PATH": IMPORT_PATH,
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_worker_niceness": "0",
}


def _environment_problems(manifests: Manifests) -> Iterator[str]:
    for name, group in manifests.groups():
        found = manifests.environment(container_of(group))
        for variable, value in TOGETHER.items():
            if found.get(variable) != value:
                yield f"{name}: {variable} is {found.get(variable)}, not {value}"
    images = {container_of(group)["image"] for _, group in manifests.groups()}
    if len(images) != 1:
        yield f"pods differ in their image: {sorted(images)}"


SECRET = re.compile(r"TOKEN|PASSWORD|SECRET|KEY|CREDENTIAL|STATE_URL|RECORDS_URL", re.I)


SECRETS = {
    "CREDIT_TOKEN": ("gateway",),
    "CREDIT_ADMIN_TOKEN": ("gateway",),
    "CREDIT_STATE_URL": ("gateway", "nodes"),
}
"""Variables out of Secrets, and the pods that need them."""


def _secret_problems(manifests: Manifests) -> Iterator[str]:
    if manifests.cluster.get("authOptions", {}).get("mode") != "token":
        yield "Ray's ports are open: authOptions.mode is not token"
    for other in manifests.others:
        if other["kind"] == "Secret":
            yield f"Secret {other['metadata']['name']} in a file; create it by command"
    for name, group in manifests.groups():
        container = container_of(group)
        for variable in manifests.environment(container):
            if SECRET.search(variable):
                yield f"{name}: {variable} has its value in the manifest"
        sealed = {e["name"] for e in container.get("env", []) if "valueFrom" in e}
        for variable, pods in SECRETS.items():
            if (variable in sealed) != (name in pods):
                yield f"{name}: {variable} belongs to {' and '.join(pods)}, and to no other pod"


def _resource_problems(manifests: Manifests) -> Iterator[str]:
    sources = {name: container_of(group) for name, group in manifests.groups()}
    sources["autoscaler"] = manifests.cluster["autoscalerOptions"]
    for name, source in sources.items():
        resources = source.get("resources", {})
        for kind in ("requests", "limits"):
            if set(resources.get(kind, {})) != {"cpu", "memory"}:
                yield f"{name}: {kind} do not name cpu and memory"


def _scaling_problems(manifests: Manifests) -> Iterator[str]:
    args = manifests.args
    if manifests.cluster.get("enableInTreeAutoscaling") is not True:
        yield "Ray's autoscaler is off"
    if manifests.cluster["autoscalerOptions"].get("version") != "v2":
        yield "autoscaler v1 does not understand label selectors"
    nodes = {"gateway": args.gateway, "transform": args.transform, "model": args.model}
    nodes["explainer"] = args.explainer
    for name, node in nodes.items():
        bounds = node.autoscaling
        if bounds is None or bounds.min_replicas >= bounds.max_replicas:
            yield f"{name} does not scale"
        # One gateway has so many calls under way to a node, whatever they carry.
        elif bounds.target_ongoing_requests > (
            args.max_ongoing_requests if name == "gateway" else BATCHES_IN_FLIGHT
        ):
            yield f"{name} never reaches its target of requests under way"
    group = manifests.group("nodes")
    room = group["maxReplicas"] * int(group["rayStartParams"]["num-cpus"])
    need = math.ceil(_most_cpus(args) * 1.5)  # a rolling update adds half as many replicas
    if need > room:
        yield f"nodes: replicas can ask for {need} CPUs, the group ends at {room}"
    if group["minReplicas"] >= group["maxReplicas"]:
        yield "nodes: the group does not scale"


def _most_cpus(args: ServiceArgs) -> float:
    def most(node: NodeArgs) -> float:
        bounds = node.autoscaling
        return node.num_cpus * (node.replicas if bounds is None else bounds.max_replicas)

    arms = 2  # a champion and a challenger
    return most(args.transform) + arms * most(args.model) + most(args.explainer)


RECORDS, BUNDLES = "credit-records", "credit-bundles"
AT_THE_DATABASES = {"Gateway": "gateway", "DriftMonitor": "monitor", "Shadows": "monitor"}


def _database_problems(manifests: Manifests) -> Iterator[str]:
    """One pod has the databases; whoever opens them is there, and nothing else can be."""
    modes = manifests.find("PersistentVolumeClaim", RECORDS).get("spec", {}).get("accessModes")
    if modes != ["ReadWriteOncePod"]:
        yield f"{RECORDS}: SQLite needs ReadWriteOncePod, not {modes}"
    owners = [name for name, group in manifests.groups() if RECORDS in claims_of(group)]
    if owners != ["gateway"]:
        yield f"{RECORDS} is mounted by {owners}, not by the gateway pod alone"
    gateway = manifests.group("gateway")
    if {gateway[k] for k in ("replicas", "minReplicas", "maxReplicas")} != {1}:
        yield "gateway: more or fewer than one pod"
    if manifests.service["spec"].get("upgradeStrategy", {}).get("type") != "None":
        yield "an upgrade would start a second cluster, which cannot mount the databases"
    yield from _selector_problems(manifests, gateway)
    for name in ("head", "gateway"):
        if manifests.group(name)["rayStartParams"].get("num-cpus") != "0":
            yield f"{name}: offers CPUs, so any replica may land there"
    args = manifests.args
    for node in ("transform", "model", "explainer"):
        if getattr(args, node).num_cpus == 0:
            yield f"{node}: asks for no CPU, so it may land on the head"


def _selector_problems(manifests: Manifests, gateway: Object) -> Iterator[str]:
    """Ray runs the builder by the one selector that all labelled deployments share."""
    labels = gateway.get("labels", {})
    overrides = manifests.application.get("deployments", [])
    if {o["name"] for o in overrides} != set(AT_THE_DATABASES):
        yield f"deployments: {sorted(AT_THE_DATABASES)} and no others carry the selector"
    for override in overrides:
        options = override["ray_actor_options"]
        if not labels or options.get("label_selector") != labels:
            yield f"{override['name']}: label_selector is not {labels}, the gateway pod's"
        gives_way = "nice -n 19 " in options.get("runtime_env", {}).get("py_executable", "")
        if gives_way != (override["name"] != "Gateway"):
            yield f"{override['name']}: whoever reads the records gives way, and the gateway does not"
        if "fallback_strategy" in options:
            yield f"{override['name']}: a fallback lets build() run anywhere"
        node = AT_THE_DATABASES.get(override["name"])
        # Actor options of the configuration replace those of the code, they do not add to them.
        if node and options.get("num_cpus") != getattr(manifests.args, node).num_cpus:
            yield f"{override['name']}: num_cpus differs between args and deployments"
    for name, group in manifests.groups():
        if name != "gateway" and labels.items() <= group.get("labels", {}).items():
            yield f"{name}: carries the gateway's label"


def _bundle_problems(manifests: Manifests) -> Iterator[str]:
    modes = manifests.find("PersistentVolumeClaim", BUNDLES).get("spec", {}).get("accessModes")
    if modes != ["ReadWriteMany"]:
        yield f"{BUNDLES}: pods on several nodes need ReadWriteMany, not {modes}"
    home = image_environment()["CREDIT_HOME"]
    expected = {
        "head": {},
        "gateway": {RECORDS: (home, False), BUNDLES: (f"{home}/bundles", False)},
        "nodes": {BUNDLES: (f"{home}/bundles", True)},
    }
    for name, group in manifests.groups():
        found = {
            claim: (mount["mountPath"], mount.get("readOnly", False))
            for claim, mount in claims_of(group).items()
        }
        if found != expected.get(name):
            yield f"{name}: mounts {found}, not {expected.get(name)}"
