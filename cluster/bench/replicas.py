"""Replicas of the service that this process started."""

from __future__ import annotations

import psutil

from cluster.running import APPLICATION


def deployments() -> set[str]:
    """Name the deployments that have a replica now."""
    return {name for process in _children() if (name := _deployment_of(process))}


def replicas(deployment: str) -> list[psutil.Process]:
    """Find the processes of a deployment."""
    return [process for process in _children() if _deployment_of(process) == deployment]


def _children() -> list[psutil.Process]:
    """Processes that this one has started, Ray's included; nobody else's."""
    return psutil.Process().children(recursive=True)


def _deployment_of(process: psutil.Process) -> str:
    try:
        title = " ".join(process.cmdline())
    except psutil.Error:
        return ""
    _, found, rest = title.partition(f"ServeReplica:{APPLICATION}:")
    # Behind a dot stands the method that is being called, if one is.
    return rest.split(":")[0].split()[0].partition(".")[0] if found and rest else ""
