"""What the command refuses, in which words and with which exit code."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from cluster.cli.main import run
from cluster.exits import CODES, exit_code
from credit import errors
from tests.loanbook import loan_book

Refused = Callable[..., tuple[int, str]]


@pytest.fixture
def refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Refused:
    """Run a command that ends with an error; return exit code and what was said."""
    monkeypatch.setenv("CREDIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "300")

    def call(*arguments: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as left:
            run(arguments)
        return int(str(left.value.code)), capsys.readouterr().err

    return call


def test_a_port_in_use_is_refused_before_anything_starts(refused: Refused) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        code, said = refused("serve", "--port", str(port))

    assert code == 2
    assert f"cannot listen on 127.0.0.1:{port} (Address already in use)" in said
    assert "--port" in said


def test_an_unwritable_record_store_is_refused_before_anything_starts(
    refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / "home" / "records.db").mkdir(parents=True)

    code, said = refused("serve", "--port", "0")

    assert code == 4
    assert "record store" in said
    assert "cannot be opened" in said


def test_a_contract_that_does_not_fit_the_data_names_the_columns(
    refused: Refused, tmp_path: Path
) -> None:
    loan_book(100, seed=1).rename(columns={"age": "years"}).to_csv(tmp_path / "x.csv", index=False)

    code, said = refused("contract", "check", str(tmp_path / "x.csv"))

    assert code == 3
    assert "unknown columns years: remove them or add them to the contract" in said
    assert "missing columns age" in said


def test_a_missing_file_is_named(refused: Refused) -> None:
    code, said = refused("contract", "check", "nowhere.csv")

    assert (code, said.strip()) == (3, "credit: nowhere.csv: there is no such file")


def test_a_missing_contract_lists_the_packaged_ones(refused: Refused, tmp_path: Path) -> None:
    loan_book(100, seed=1).to_csv(tmp_path / "x.csv", index=False)

    code, said = refused("contract", "check", str(tmp_path / "x.csv"), "--contract", "nope")

    assert code == 3
    assert "give_me_some_credit, home_credit" in said


def test_scoring_locally_without_a_rollout_says_what_to_run(
    refused: Refused, tmp_path: Path
) -> None:
    loan_book(10, seed=1).to_csv(tmp_path / "x.csv", index=False)

    code, said = refused("score", str(tmp_path / "x.csv"), "--local")

    assert code == 2
    assert "run `credit demo` or `credit serve` once" in said


def test_scoring_without_a_service_asks_whether_it_runs(refused: Refused, tmp_path: Path) -> None:
    loan_book(10, seed=1).to_csv(tmp_path / "x.csv", index=False)

    code, said = refused("score", str(tmp_path / "x.csv"), "--url", "http://127.0.0.1:9")

    assert code == 5
    assert "is `credit serve` running?" in said


def test_no_token_is_possible_on_loopback_only(refused: Refused) -> None:
    code, said = refused("serve", "--no-auth", "--host", "0.0.0.0")

    assert code == 2
    assert "auth: false needs a loopback host, not 0.0.0.0" in said


def test_check_counts_bad_rows_by_rule_and_exits_with_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = loan_book(100, seed=1)
    book.loc[[3, 7], "age"] = 12
    book.to_csv(tmp_path / "x.csv", index=False)

    with pytest.raises(SystemExit) as left:
        run(
            ["contract", "check", str(tmp_path / "x.csv"), "--good", str(tmp_path / "good.parquet")]
        )

    said = capsys.readouterr().out
    assert left.value.code == 1
    assert "98 of 100 rows satisfy give_me_some_credit" in said
    assert "expected at least 18" in said
    assert (tmp_path / "good.parquet").is_file()


def test_every_error_has_an_exit_code() -> None:
    def tree(error: type[errors.CreditError]) -> list[type[errors.CreditError]]:
        return [error, *(c for sub in error.__subclasses__() for c in tree(sub))]

    assert all(any(c in CODES for c in e.__mro__) for e in tree(errors.CreditError))
    assert exit_code(errors.ApplicationInvalid([])) == 3


@pytest.mark.parametrize("command", ["demo", "tune", "serve", "score", "contract check"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        run([*command.split(), "--help"])

    assert left.value.code == 0
    assert "Usage" in capsys.readouterr().out
