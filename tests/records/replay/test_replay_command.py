"""``credit records replay`` as a person, or a job, runs it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.cli.main import run
from credit.decision import Bundle, save_bundle
from credit.records import LocalKeyFile, RecordWriter
from credit.settings import Settings
from tests.records.replay.decisions import applicants, decided, write
from tests.records.replay.test_replay import changed_clear

Told = Callable[..., tuple[int, str, str]]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scorecard_bundle: Bundle) -> Settings:
    monkeypatch.setenv("CREDIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "300")
    settings = Settings()
    save_bundle(scorecard_bundle, settings.bundles_path)
    return settings


@pytest.fixture
def told(settings: Settings, capsys: pytest.CaptureFixture[str]) -> Told:
    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            run(("records", *arguments))
        out, err = capsys.readouterr()
        return int(str(left.value.code or 0)), out, err

    return call


@pytest.fixture
def ids(settings: Settings, scorecard_bundle: Bundle) -> list[str]:
    with RecordWriter(settings.records, LocalKeyFile(settings.key_path)) as writer:
        return write(writer, (decided(scorecard_bundle, r) for r in applicants(12, seed=2)))


def test_the_whole_log_a_sample_a_period_and_ids_are_replayed(ids: list[str], told: Told) -> None:
    for arguments, n in (
        (["--all"], 12),
        (["--sample", "5", "--seed", "1"], 5),
        (["--since", "2020-01-01"], 12),
        (["--until", "2020-01-01"], 0),
        (ids[2:4], 2),
        (["--all", "--tenant", "other"], 0),
    ):
        code, out, _ = told("replay", *arguments, "--json")
        assert code == 0
        assert json.loads(out)["records"] == n


def test_people_get_a_table(ids: list[str], told: Told) -> None:
    code, out, _ = told("replay", "--all")

    assert code == 0
    assert "identical" in out
    assert "12" in out


def test_a_difference_is_told_in_full_and_fails(
    ids: list[str], told: Told, settings: Settings, scorecard_bundle: Bundle
) -> None:
    with RecordWriter(settings.records, LocalKeyFile(settings.key_path)) as writer:
        [row] = applicants(1, seed=3)
        [bad] = write(writer, [changed_clear(decided(scorecard_bundle, row), rating="Fine")])

    code, _, err = told("replay", "--all")

    assert code == 1
    assert f"decision {bad}: different" in err
    assert "rating: recorded Fine, now" in err
    code, out, _ = told("replay", "--all", "--json")
    assert code == 1
    [finding] = json.loads(out)["findings"]
    assert finding["decision_id"] == bad
    assert finding["differences"][0]["recorded"] == "Fine"


def test_a_bundle_that_is_gone_fails(ids: list[str], told: Told, settings: Settings) -> None:
    settings.bundles_path.rename(settings.home / "elsewhere")

    code, _, err = told("replay", ids[0])

    assert code == 1
    assert "fetch it from the registry" in err


def test_an_unknown_id_and_another_tenants_are_told_alike(ids: list[str], told: Told) -> None:
    code, _, err = told("replay", "nobody")
    other_code, _, other_err = told("replay", ids[0], "--tenant", "other")

    assert code == other_code != 0
    assert err.replace("nobody", "ID").replace("default", "T") == (
        other_err.replace(ids[0], "ID").replace("other", "T")
    )


@pytest.mark.parametrize(
    "arguments", [[], ["--all", "--sample", "3"], ["x", "--since", "2025-01-01"]]
)
def test_which_decisions_must_be_said_in_one_way(told: Told, arguments: list[str]) -> None:
    code, _, err = told("replay", *arguments)

    assert code == 2
    assert "say which decisions to replay, in one way" in err


def test_lost_keys_are_said(ids: list[str], told: Told, settings: Settings) -> None:
    settings.key_path.unlink()

    code, _, err = told("replay", "--all")

    assert code == 4
    assert "is missing, and existing records need it" in err
