"""What must hold between the manifests, and that each rule notices when it is broken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.kuberay.manifests import Manifests, container_of, problems


def test_manifests_keep_every_rule(manifests: Manifests) -> None:
    assert problems(manifests) == []


def _args(manifests: Manifests) -> Any:
    return manifests.config["applications"][0]["args"]


def _options(manifests: Manifests, position: int) -> Any:
    return manifests.config["applications"][0]["deployments"][position]["ray_actor_options"]


def _cluster(manifests: Manifests) -> Any:
    return manifests.service["spec"]["rayClusterConfig"]


def _claim(manifests: Manifests, name: str) -> Any:
    return manifests.find("PersistentVolumeClaim", name)["spec"]


def _environment(manifests: Manifests) -> Any:
    return manifests.find("ConfigMap", "credit-ray")["data"]


BREAKS: dict[str, tuple[Callable[[Manifests], object], str]] = {
    "no HAProxy": (
        lambda m: _environment(m).pop("RAY_SERVE_ENABLE_HA_PROXY"),
        "RAY_SERVE_ENABLE_HA_PROXY is None",
    ),
    "throughput off": (
        lambda m: _environment(m).update(RAY_SERVE_THROUGHPUT_OPTIMIZED="0"),
        "RAY_SERVE_THROUGHPUT_OPTIMIZED is 0",
    ),
    "one group without the environment": (
        lambda m: container_of_live(m, "nodes").pop("envFrom"),
        "nodes: RAY_SERVE_ENABLE_HA_PROXY is None",
    ),
    "images differ": (
        lambda m: container_of_live(m, "nodes").update(image="other:1"),
        "pods differ in their image",
    ),
    "Ray's ports open": (
        lambda m: _cluster(m).pop("authOptions"),
        "authOptions.mode is not token",
    ),
    "token in the manifest": (
        lambda m: container_of_live(m, "gateway")["env"].append(
            {"name": "CREDIT_TOKEN", "value": "abc"}
        ),
        "CREDIT_TOKEN has its value in the manifest",
    ),
    "secret in a file": (
        lambda m: m.others.append({"kind": "Secret", "metadata": {"name": "credit-api"}}),
        "Secret credit-api in a file",
    ),
    "no token": (
        lambda m: container_of_live(m, "gateway")["env"].pop(1),
        "gateway: CREDIT_TOKEN belongs to gateway, and to no other pod",
    ),
    "nodes that cannot see who answers": (
        lambda m: container_of_live(m, "nodes")["env"].pop(),
        "nodes: CREDIT_STATE_URL belongs to gateway and nodes",
    ),
    "address of the database in the manifest": (
        lambda m: container_of_live(m, "nodes")["env"].append(
            {"name": "CREDIT_STATE_URL", "value": "postgresql://me:secret@host/state"}
        ),
        "CREDIT_STATE_URL has its value in the manifest",
    ),
    "no limits": (
        lambda m: container_of_live(m, "head")["resources"].pop("limits"),
        "head: limits do not name cpu and memory",
    ),
    "no autoscaler": (
        lambda m: _cluster(m).update(enableInTreeAutoscaling=False),
        "autoscaler is off",
    ),
    "autoscaler v1": (
        lambda m: _cluster(m)["autoscalerOptions"].update(version="v1"),
        "autoscaler v1",
    ),
    "node that does not scale": (
        lambda m: _args(m)["explainer"].pop("autoscaling"),
        "explainer does not scale",
    ),
    "target out of reach": (
        lambda m: _args(m).update(max_ongoing_requests=8),
        "gateway never reaches its target",
    ),
    "target of a node out of reach": (
        lambda m: _args(m)["explainer"]["autoscaling"].update(target_ongoing_requests=8),
        "explainer never reaches its target",
    ),
    "more replicas than room": (
        lambda m: _args(m)["explainer"]["autoscaling"].update(max_replicas=5),
        "nodes: replicas can ask for 13 CPUs, the group ends at 12",
    ),
    "databases on any node": (
        lambda m: _claim(m, "credit-records").update(accessModes=["ReadWriteMany"]),
        "SQLite needs ReadWriteOncePod",
    ),
    "databases on two groups": (
        lambda m: m.group("nodes")["template"]["spec"]["volumes"][0].update(
            persistentVolumeClaim={"claimName": "credit-records"}
        ),
        "not by the gateway pod alone",
    ),
    "two gateway pods": (
        lambda m: m.group("gateway").update(maxReplicas=2),
        "gateway: more or fewer than one pod",
    ),
    "second cluster": (
        lambda m: m.service["spec"].update(upgradeStrategy={"type": "NewCluster"}),
        "an upgrade would start a second cluster",
    ),
    "builder anywhere": (
        lambda m: _options(m, 0).pop("label_selector"),
        "Gateway: label_selector is not",
    ),
    "monitor elsewhere": (
        lambda m: _options(m, 1).update(label_selector={"credit-role": "nodes"}),
        "DriftMonitor: label_selector is not",
    ),
    "a monitor that takes the gateway's time": (
        lambda m: _options(m, 1).pop("runtime_env"),
        "DriftMonitor: whoever reads the records gives way",
    ),
    "selector with a way out": (
        lambda m: _options(m, 0).update(fallback_strategy=[{}]),
        "a fallback lets build() run anywhere",
    ),
    "a third selector": (
        lambda m: m.config["applications"][0]["deployments"].append(
            {"name": "Explainer", "ray_actor_options": {"label_selector": {"other": "x"}}}
        ),
        "and no others carry the selector",
    ),
    "two truths about CPUs": (
        lambda m: _options(m, 0).update(num_cpus=1),
        "num_cpus differs between args and deployments",
    ),
    "label on two groups": (
        lambda m: m.group("nodes").update(labels={"credit-role": "gateway"}),
        "nodes: carries the gateway's label",
    ),
    "replicas on the head": (
        lambda m: m.group("head")["rayStartParams"].pop("num-cpus"),
        "head: offers CPUs",
    ),
    "free node": (
        lambda m: _args(m)["transform"].update(num_cpus=0),
        "transform: asks for no CPU",
    ),
    "bundles on one node": (
        lambda m: _claim(m, "credit-bundles").update(accessModes=["ReadWriteOnce"]),
        "need ReadWriteMany",
    ),
    "bundles elsewhere": (
        lambda m: container_of_live(m, "nodes")["volumeMounts"][0].update(mountPath="/bundles"),
        "nodes: mounts",
    ),
}


def container_of_live(manifests: Manifests, group: str) -> Any:
    return manifests.group(group)["template"]["spec"]["containers"][0]


@pytest.mark.parametrize("name", BREAKS)
def test_broken_manifest_is_noticed(manifests: Manifests, name: str) -> None:
    break_it, complaint = BREAKS[name]

    break_it(manifests)

    assert any(complaint in problem for problem in problems(manifests)), problems(manifests)


def test_no_pod_runs_as_root_or_gains_rights(manifests: Manifests) -> None:
    for name, group in manifests.groups():
        assert group["template"]["spec"]["securityContext"]["runAsNonRoot"] is True, name
        assert container_of(group)["securityContext"]["allowPrivilegeEscalation"] is False, name
