"""``credit records verify``, ``checkpoint`` and ``keys rotate-signing``, as their user sees them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.cli.main import run
from credit.records import LocalKeyFile
from credit.settings import Settings
from tests.records.proof.filling import fill
from tests.records.samples import tamper

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """Run a command; return exit code and what it printed on both streams."""
    monkeypatch.setenv("CREDIT_HOME", str(tmp_path / "var"))
    monkeypatch.setenv("COLUMNS", "300")

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            run(["records", *arguments])
        printed = capsys.readouterr()
        return int(str(left.value.code or 0)), printed.out, printed.err

    return call


@pytest.fixture
def settings(command: Command) -> Settings:
    """A home with twelve records."""
    found = Settings()
    fill(found.records, LocalKeyFile(found.key_path), 12)
    return found


def test_a_store_is_signed_and_proven(command: Command, settings: Settings) -> None:
    made = command("checkpoint")
    again = command("checkpoint")
    code, out, _ = command("verify", "--workers", "1")

    assert (made[0], again[0], code) == (0, 0, 0)
    assert made[1].startswith("Checkpoint 1 signs 12 records in 1 chains")
    assert again[1] == "Nothing new since the last checkpoint.\n"
    assert "12 records in 1 chains, 1 checkpoints, 0 tombstones, 0 erased subjects" in out
    assert f"anchor {settings.checkpoints_path}: 1 checkpoints\n" in out
    assert "Everything is as it was written." in out


def test_what_is_not_signed_yet_is_said(command: Command, settings: Settings) -> None:
    code, out, _ = command("verify", "--workers", "1")

    assert code == 0
    assert "12 records are not under a checkpoint yet" in out


def test_the_first_wrong_record_is_named_and_the_exit_code_says_no(
    command: Command, settings: Settings
) -> None:
    command("checkpoint")
    tamper(settings.records, "UPDATE records SET tenant = '[red]other' WHERE position IN (4, 9)")

    code, out, _ = command("verify", "--workers", "1")
    as_json = command("verify", "--workers", "1", "--json")
    report = json.loads(as_json[1])

    assert (code, as_json[0]) == (1, 1)
    assert "NOT PROVEN: 2 findings. The first:\n- record-changed: decision " in out
    assert "position 4, chain " in out
    assert (report["ok"], report["n_findings"], report["n_records"]) == (False, 2, 12)
    assert [found["position"] for found in report["findings"]] == [4, 9]


def test_another_anchor_and_other_public_keys_can_be_given(
    command: Command, settings: Settings, tmp_path: Path
) -> None:
    place, copy = tmp_path / "elsewhere.jsonl", tmp_path / "copy.json"
    made = json.loads(command("checkpoint", "--anchor", str(place), "--json")[1])
    copy.write_bytes(settings.public_keys_path.read_bytes())
    settings.public_keys_path.write_text("{}")

    options = ("--workers", "1", "--json", "--anchor", str(place))
    with_copy = json.loads(command("verify", *options, "--public-keys", str(copy))[1])
    without = json.loads(command("verify", *options)[1])

    assert (made["number"], made["n_records"], made["anchor"]) == (1, 12, str(place))
    assert with_copy["ok"]
    assert [found["kind"] for found in without["findings"]] == ["key-unknown"]
    assert not settings.checkpoints_path.exists()


def test_a_store_that_was_cut_is_not_signed(command: Command, settings: Settings) -> None:
    command("checkpoint")
    tamper(settings.records, "DELETE FROM records WHERE position > 10")

    code, _, err = command("checkpoint")

    assert code == 1
    assert "Nothing was signed; run: credit records verify" in err


def test_a_rotated_key_signs_and_the_old_one_still_verifies(
    command: Command, settings: Settings
) -> None:
    command("checkpoint")
    rotated = json.loads(command("keys", "rotate-signing", "--json")[1])
    fill(settings.records, LocalKeyFile(settings.key_path), 2)
    made = json.loads(command("checkpoint", "--json")[1])

    assert made["signing_key_id"] == rotated["signing_key_id"]
    assert command("verify", "--workers", "1")[0] == 0


def test_a_store_that_is_not_there_is_said_in_one_sentence(command: Command) -> None:
    code, _, err = command("verify")

    assert code == 4
    assert "There is no record store at" in err
    assert command("checkpoint")[1] == "Nothing new since the last checkpoint.\n"


def test_the_help_says_what_is_proven_and_what_not(command: Command) -> None:
    _, out, _ = command("verify", "--help")
    text = " ".join(out.split())

    assert "who holds the database AND the signing key could replace the whole history" in text
    assert "What is not proven" in text
