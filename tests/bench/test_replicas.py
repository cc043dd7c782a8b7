"""Whose process it is, as Ray writes it into the title."""

from __future__ import annotations

from typing import Any, cast

import pytest

from cluster.bench.replicas import _deployment_of


class Titled:
    def __init__(self, title: str) -> None:
        self.title = title

    def cmdline(self) -> list[str]:
        return self.title.split(" ")


@pytest.mark.parametrize(
    ("title", "deployment"),
    [
        ("ray::ServeReplica:credit:Gateway", "Gateway"),
        ("ray::ServeReplica:credit:Gateway.handle_request_with_rejection", "Gateway"),
        ("ray::ServeReplica:credit:DriftMonitor.check_health() extra", "DriftMonitor"),
        ("ray::ServeReplica:another:Gateway", ""),
        ("ray::ServeController.listen_for_change()", ""),
        ("ray::ServeReplica:credit:", ""),
        ("python -m something", ""),
    ],
)
def test_the_title_names_the_deployment_whatever_it_does(title: str, deployment: str) -> None:
    assert _deployment_of(cast("Any", Titled(title))) == deployment
