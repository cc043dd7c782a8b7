"""Arguments of the service that do not fit together are refused with both values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from credit.settings import Settings
from serve_app.settings import ServiceArgs, is_loopback


def test_the_defaults_run_on_a_laptop() -> None:
    args = ServiceArgs()

    assert args.host == "127.0.0.1"
    assert args.auth
    assert args.placement == "graph"
    assert args.max_ongoing_requests == 64


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"auth": False, "host": "0.0.0.0"}, "auth: false needs a loopback host, not 0.0.0.0"),
        ({"auth": False, "host": "scores.bank"}, "auth: false needs a loopback host, not scores.b"),
        (
            {"challengers": ("a", "b", "c"), "challenger_share": 400},
            "3 challengers with 400 slots each take 1200 of 1,000",
        ),
        ({"challenger_share": 1001}, "less than or equal to 1000"),
        ({"monitor": {"replicas": 2}}, "monitor: one replica reads the record log"),
        ({"monitor": {"autoscaling": {}}}, "monitor: one replica reads the record log"),
        (
            {"model": {"autoscaling": {"min_replicas": 5, "max_replicas": 2}}},
            "min_replicas 5 > max_replicas 2",
        ),
        ({"model": {"replicas": 0}}, "greater than or equal to 1"),
        ({"placement": "spread"}, "Input should be 'graph' or 'fused'"),
        ({"drift_window": 10}, "greater than or equal to 50"),
        ({"plaecment": "graph"}, "Extra inputs are not permitted"),
        ({"token": "secret"}, "Extra inputs are not permitted"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ServiceArgs.model_validate(arguments)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("localhost.bank", False),
        ("", False),
    ],
)
def test_loopback_is_what_only_this_machine_reaches(host: str, expected: bool) -> None:
    assert is_loopback(host) == expected


def test_auth_may_be_off_on_loopback() -> None:
    assert not ServiceArgs(auth=False, host="localhost").auth


def test_home_is_that_of_the_arguments_or_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDIT_HOME", str(tmp_path / "environment"))

    assert ServiceArgs().settings.home == tmp_path / "environment"
    assert ServiceArgs(home=tmp_path / "given").settings.home == tmp_path / "given"


def test_a_relative_home_means_this_folder_for_every_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CREDIT_HOME", raising=False)
    monkeypatch.chdir(tmp_path)

    settings = Settings()

    assert settings.home == tmp_path / "var"
    assert settings.records == tmp_path / "var" / "records.db"
    assert settings.registry_uri == f"sqlite:///{tmp_path}/var/mlflow/mlflow.db"
