"""The commands about people's rights, as their user meets them."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cluster.cli.main import run
from cluster.cli.terminal import console
from credit.records import LocalKeyFile, RecordReader, RecordWriter
from credit.settings import Settings
from tests.records.samples import clear_part, everything, new_record

NAME = "marker-applicant"

Said = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CREDIT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(console, "width", 300)
    return tmp_path / "home"


@pytest.fixture
def said(home: Path, capsys: pytest.CaptureFixture[str]) -> Said:
    """Run a command; return exit code, output and what was said beside it."""

    def call(*arguments: str) -> tuple[int, str, str]:
        code = 0
        try:
            run(["records", *arguments])
        except SystemExit as left:
            code = int(str(left.code or 0))
        out, err = capsys.readouterr()
        return code, out, err

    return call


@pytest.fixture
def filled(home: Path) -> Path:
    """A store with one old decision and one that US law still protects."""
    settings = Settings()
    with RecordWriter(settings.records, LocalKeyFile(settings.key_path)) as writer:
        for who, day in ((NAME, "2020-01-01"), ("other", "2026-01-01")):
            clear = clear_part(created_at=f"{day}T00:00:00.000000+00:00")
            writer.append(new_record(applicant_id=who, clear=clear)).result()
    return home


def closed() -> list[Any]:
    settings = Settings()
    assert isinstance(settings.records, Path)
    with RecordReader(settings.records) as reader:
        return list(reader.why_closed(everything(settings.records)))


def test_a_person_is_erased_and_never_named(filled: Path, said: Said) -> None:
    code, out, err = said("erase", "--applicant", NAME, "--yes", "--today", "2027-01-01")

    assert code == 0
    assert "1 keys destroyed, 1 records closed for ever, tombstone 1." in out
    assert "rotate-keys --drop-old" in out
    assert NAME not in out + err
    assert closed() == ["erased", None]


def test_the_id_may_come_from_standard_input(
    filled: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{NAME}\n"))

    code, out, _ = said(*("erase", "--applicant", "-", "--yes", "--json", "--today", "2027-01-01"))

    answer = json.loads(out)
    assert code == 0
    assert (answer["status"], answer["n_keys"], answer["tombstone"]) == ("erased", 1, 1)


def test_what_the_law_keeps_is_restricted_and_the_answer_is_no(filled: Path, said: Said) -> None:
    code, out, _ = said("erase", "--applicant", "other", "--yes", "--today", "2028-02-01")

    assert code == 1
    assert "Restricted until 2028-02-01" in out
    assert closed() == [None, "restricted"]


def test_twice_and_unknown(filled: Path, said: Said) -> None:
    settings = Settings()
    assert isinstance(settings.records, Path)
    decision = everything(settings.records)[0].decision_id
    said("erase", "--decision", decision, "--yes", "--today", "2027-01-01")

    code, out, _ = said("erase", "--decision", decision, "--today", "2027-01-01")
    assert code == 0
    assert "Already erased on" in out
    for who in (NAME, "nobody"):
        code, out, _ = said("erase", "--applicant", who)
        assert (code, out) == (1, "There is nothing to erase.\n")


def test_without_a_terminal_nothing_is_destroyed_unless_it_was_said(
    filled: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))

    for command in (
        ("erase", "--applicant", NAME, "--today", "2027-01-01"),
        ("rotate-keys", "--drop-old"),
    ):
        code, _, err = said(*command)
        assert code == 2
        assert "There is no terminal to ask on: say --yes if that is meant" in err
        assert NAME not in err

    assert closed() == [None, None]


def test_on_a_terminal_it_says_what_will_be_destroyed_and_asks(
    filled: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    code, _, err = said("erase", "--applicant", NAME, "--today", "2027-01-01")
    assert code == 1
    assert "1 keys of one person will be destroyed" in err
    assert "nobody can open the 1 records again" in err
    assert closed() == [None, None]

    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    code, _, _ = said("erase", "--applicant", NAME, "--today", "2027-01-01")
    assert code == 0
    assert closed() == ["erased", None]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "exactly one of --applicant, --decision and --subject"),
        (("--applicant", "a", "--decision", "b"), "exactly one of --applicant"),
        (("--applicant", "-"), "expected an applicant id on standard input, none came"),
        (("--applicant", "a", "--by", "Mr Smith"), "give a role, not a name"),
    ],
)
def test_a_wrong_question_is_refused(
    filled: Path,
    said: Said,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    message: str,
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))

    code, _, err = said("erase", *arguments, "--yes")

    assert code == 2
    assert message in err


def test_expiring_counts_first_and_erases_then(
    filled: Path, said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.yaml"
    _, shown, _ = said("policy", "eu", "--json")
    rules = json.loads(shown)
    rules["rules"][0]["ceiling"] = {"months": 36, "source": "made up for a test"}
    own.write_text(json.dumps(rules))
    monkeypatch.setenv("CREDIT_RETENTION_POLICY", str(own))

    _, out, _ = said("expire", "--today", "2026-06-01", "--dry-run")
    assert out == "On 2026-06-01, under policy eu v1: 1 due.\n"
    assert closed() == [None, None]

    _, out, _ = said("expire", "--today", "2026-06-01", "--yes")
    assert "1 erased: 1 keys destroyed, 1 records closed for ever." in out
    assert closed() == ["erased", None]
    assert json.loads(said("expire", "--today", "2026-06-01", "--json")[1])["n_due"] == 0


def test_keys_are_rotated_and_old_ones_dropped(filled: Path, said: Said) -> None:
    code, out, _ = said("rotate-keys")
    assert code == 0
    assert "wraps 2 subject keys anew" in out

    _, out, _ = said("rotate-keys", "--drop-old", "--yes", "--json")
    assert len(json.loads(out)["dropped"]) == 2
    assert closed() == [None, None]


def test_a_policy_is_shown_with_its_sources(said: Said) -> None:
    _, out, _ = said("policy")
    assert "us v1: United States" in out
    assert "12 CFR 1002.12(b)(1)" in out

    _, out, _ = said("policy", "de")
    assert "Article 17(3)(b)" in out
    assert "no number" in out

    code, _, err = said("policy", "mars")
    assert code == 2
    assert "one of: de, eu, uk, us" in err


def test_without_a_store_it_says_so(said: Said) -> None:
    code, _, err = said("erase", "--applicant", NAME, "--yes")

    assert code == 4
    assert "There is no record store at" in err
